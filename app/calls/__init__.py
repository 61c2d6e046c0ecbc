"""What tool calls asked and got: kept in a file of their own, and found again."""
