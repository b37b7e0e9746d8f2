"""Words about what moves between machines."""
