"""What the app asks of the operating system: files, paths, autostart, threads, timers, version."""
