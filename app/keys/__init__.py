"""API keys: which keys exist, which vault holds their values, and how changes reach servers."""
