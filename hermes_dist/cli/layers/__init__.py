"""The commands about layers: what a profile stands on, and whose a place is."""
