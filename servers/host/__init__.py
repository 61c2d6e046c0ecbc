"""What every server process is made of; the only place on the server side that imports mcp."""
