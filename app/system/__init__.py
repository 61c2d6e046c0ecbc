"""What the app asks of the operating system: files, paths, autostart, memory protection."""
