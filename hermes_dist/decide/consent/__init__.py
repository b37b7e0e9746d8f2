"""Consent: what needs a yes before it takes effect, what has it, and what was switched off by whom."""
