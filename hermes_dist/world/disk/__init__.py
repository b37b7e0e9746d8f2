"""Files, folders, locks, the store, and what the system says when one fails."""
