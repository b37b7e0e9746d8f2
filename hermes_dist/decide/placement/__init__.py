"""Placement: rewrite a package the way a home stores it, and back."""
