"""Placement: a package spelled as a home spells it, and the way back."""
