"""The pages of the window. They know the core and not each other."""
