"""Words and data for people and programs: sentences, cards and JSON, made from values; no screen and no I/O."""
