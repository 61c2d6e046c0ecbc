"""Serves a server the user added as if it were one of Lou's own."""
