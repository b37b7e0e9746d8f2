"""Secrets: finding likely secrets, and replacing them with ``${NAME}``."""
