"""The front door, and the hand-over to the agent."""
