"""The control socket: its listener, its request handlers, its client, and the instance lock."""
