"""The server of the page: it listens on this machine alone, and lets nobody in without the token."""
