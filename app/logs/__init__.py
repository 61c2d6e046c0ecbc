"""Log lines: from records and servers, through memory, to files, and found again."""
