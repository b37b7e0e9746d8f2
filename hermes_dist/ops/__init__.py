"""Verbs: gather, decide, confirm, apply; never prints, prompts or exits."""
