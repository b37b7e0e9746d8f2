"""Transactions: a home changes as a whole or not at all."""
