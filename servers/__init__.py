"""The processes that answer MCP clients, and the bridge that clients launch."""
