"""Entries to sealed records and back: sealing keys, search digests, URLs."""
