"""Sync: keep one profile the same on several machines, by a private repository where they meet."""
