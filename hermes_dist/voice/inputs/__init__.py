"""What is said about the inputs of packages."""
