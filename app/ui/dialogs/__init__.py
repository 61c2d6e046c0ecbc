"""Dialogs: each asks one question or shows one item."""
