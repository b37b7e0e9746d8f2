"""Bundles: all that the file of a team needs, in one file, for a machine without a network."""
