"""Where sealed entries are kept."""
