"""The tracker server: URL and e-mail pairs that are never lost."""
