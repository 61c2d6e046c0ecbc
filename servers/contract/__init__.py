"""All that the app and the servers share. Standard library only."""
