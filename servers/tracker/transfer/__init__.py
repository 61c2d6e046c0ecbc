"""Imports, exports and store copies."""
