"""Our plugin folders in the agent, in words and as JSON."""
