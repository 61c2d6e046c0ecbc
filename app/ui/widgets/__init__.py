"""Widgets that any page may use; none of them imports the core."""
