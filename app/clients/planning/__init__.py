"""Pure decisions about client files: what they say, what a change would make of them."""
