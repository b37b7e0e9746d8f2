"""The front door and the way through it to the agent."""
