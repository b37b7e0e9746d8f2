"""Verbs about the gateways of many profiles and their routes."""
