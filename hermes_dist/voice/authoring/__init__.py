"""What is said to authors."""
