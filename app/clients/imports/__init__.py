"""Servers from the configuration of another client: found, read, and made entries of Lou."""
