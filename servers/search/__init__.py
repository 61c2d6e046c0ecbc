"""The search server: web search, reading pages, finding contacts."""
