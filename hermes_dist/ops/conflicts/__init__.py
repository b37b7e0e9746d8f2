"""One conflict at a time: its three sides, and a result that somebody edited."""
