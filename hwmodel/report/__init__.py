"""What is looked at: rows, charts, tables."""
