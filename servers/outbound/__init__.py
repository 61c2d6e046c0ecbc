"""The only place that opens connections to the internet."""
