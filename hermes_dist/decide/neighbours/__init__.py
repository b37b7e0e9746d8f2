"""Neighbours: plugins of other agents, collections of skills and plain profiles, read as packages and written again."""
