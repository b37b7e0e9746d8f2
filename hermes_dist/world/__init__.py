"""Hands: the only room that touches the machine; it makes no decisions."""
