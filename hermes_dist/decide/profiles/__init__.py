"""Whole profiles: create, clone, rename, delete, aliases, completion."""
