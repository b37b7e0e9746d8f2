"""Profiles as wholes: create, clone, rename, delete, aliases, completion."""
