"""Files, folders, locks and the store; and messages for errors of the operating system."""
