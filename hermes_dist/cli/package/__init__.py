"""Commands about the package in a profile."""
