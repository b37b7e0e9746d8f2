"""Commands about the package of a profile."""
