"""Shared by all commands: session, screen, questions, cards, errors."""
