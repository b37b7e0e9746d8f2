"""Commands about the tab in the agent's dashboard."""
