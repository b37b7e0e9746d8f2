"""Where a command line enters: start, the plain forms, the table of verbs."""
