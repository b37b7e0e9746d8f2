"""Layers in words and as JSON: which packages a profile stands on, and whose a place is."""
