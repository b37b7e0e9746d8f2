"""Layers: find the packages that a package stands on, fetch them, and tell what comes from which."""
