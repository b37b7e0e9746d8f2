"""One conflict at a time: its three sides, editors and merge tools for them, and a result that somebody edited."""
