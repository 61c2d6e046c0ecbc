"""Imports servers from the configuration of another client: found, read, made entries of Lou."""
