"""Small parts that any page may use; none of them knows the core."""
