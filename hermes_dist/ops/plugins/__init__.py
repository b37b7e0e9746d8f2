"""Our plugin folders in the agent: put in place, enabled, described and taken away again."""
