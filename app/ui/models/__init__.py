"""What the views show: rows pulled from the core, and no state of their own."""
