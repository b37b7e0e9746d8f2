"""The requests of the page: one table, and a module for each group."""
