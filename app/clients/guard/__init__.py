"""Watches connected clients' files and restores Lou's entry when a client loses it."""
