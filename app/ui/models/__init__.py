"""Qt item models over data of the core."""
