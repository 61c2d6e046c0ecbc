"""config.json: its model, its settings, its file on disk, and the user's own servers."""
