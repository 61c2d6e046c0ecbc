"""The only way of the search server to the internet."""
