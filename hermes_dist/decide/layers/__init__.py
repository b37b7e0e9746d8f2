"""Layers: several packages composed into the one tree that a profile stands on, and who ships what of it."""
