"""The security floor: which settings ask, by tables of what is harmless and of what weakens a protection."""
