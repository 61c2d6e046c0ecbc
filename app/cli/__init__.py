"""The command line: thin, and fast to start; every command asks the running Lou."""
