"""The entry of every command line: start, the plain forms, the table of verbs."""
