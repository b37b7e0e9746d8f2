"""What may leave a home, and in which form."""
