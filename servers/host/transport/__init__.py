"""How clients reach a server: Unix socket, loopback TCP, stdio, HTTP."""
