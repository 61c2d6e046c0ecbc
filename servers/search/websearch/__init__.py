"""Web search: engine, providers' health, merging of results, answers."""
