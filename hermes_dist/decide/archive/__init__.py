"""What an archive brings: how it is merged, and which of the user's edits in it wait for approval."""
