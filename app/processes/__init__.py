"""Server processes: started, watched, restarted, stopped; never two of one, never an orphan."""
