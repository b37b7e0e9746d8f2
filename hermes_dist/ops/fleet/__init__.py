"""Verbs about many gateways and their routes."""
