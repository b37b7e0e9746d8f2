"""Nouns: frozen values that cannot be wrong; parse, do not validate; no I/O."""
