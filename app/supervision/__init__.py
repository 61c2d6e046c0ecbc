"""Server processes: launch plans, supervision, restarts, stops and tool calls."""
