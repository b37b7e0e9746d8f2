"""What the content of a covered file says of others: which it names, and where it goes."""
