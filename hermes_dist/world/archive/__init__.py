"""Archives: written, opened and read; nothing in one is trusted."""
