"""Make a machine as the file of a team says, and write such a file from a machine."""
