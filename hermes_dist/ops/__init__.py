"""Verbs: gather facts, decide, confirm, apply. Nothing here prints, prompts or exits."""
