"""Nouns: frozen values that are valid by construction (parse, do not validate); no I/O."""
