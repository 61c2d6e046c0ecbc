"""MCP clients: which are installed, what their files hold, and how Lou changes them."""
