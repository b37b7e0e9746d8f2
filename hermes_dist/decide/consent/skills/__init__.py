"""Skills: which files the agent takes for them, how they are called, and what they ask for."""
