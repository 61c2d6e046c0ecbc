"""The MCP side of a server: the official SDK, sessions of both protocol eras."""
