"""The tab "Packages" of the agent's dashboard: a page and its requests, nothing for the agent itself."""


def register(ctx):
    """Add nothing to a session: the dashboard alone reads this folder."""
