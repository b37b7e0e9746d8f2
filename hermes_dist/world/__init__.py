"""Hands: the only room that touches the machine; it does not judge."""
