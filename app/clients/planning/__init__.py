"""Pure decisions about client files: their states, and the changes to them."""
