"""The control plane: starts, configures, watches and stops the servers, and shows what is true."""
