"""What an MCP client launches: one stdio session that outlives the server behind it."""
