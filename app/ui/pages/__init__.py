"""The pages of the window. A page uses the core and its own parts, and no other page."""
