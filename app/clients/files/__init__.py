"""Client files on disk: where they are, locks, backups, changes."""
