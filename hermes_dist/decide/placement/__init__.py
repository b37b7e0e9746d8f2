"""Placement: a package in the spelling of a home, and back."""
