"""What is between Arrow and the rest: cells of any kind, in and out."""
