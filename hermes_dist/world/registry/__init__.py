"""Registries: kept up to date, searched and read."""
