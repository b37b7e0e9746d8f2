"""What may leave a home, and in what form."""
