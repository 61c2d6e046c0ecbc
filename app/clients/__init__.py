"""MCP clients: who is installed, what their files say, and Lou's entry in them."""
