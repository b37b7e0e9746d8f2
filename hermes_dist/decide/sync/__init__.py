"""Sync: what of a profile travels between the machines of its user, and how it is merged there."""
