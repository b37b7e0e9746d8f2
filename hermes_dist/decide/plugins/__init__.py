"""Our plugin folders in the agent: whose a folder is, and the agent's list of the plugins that it loads."""
