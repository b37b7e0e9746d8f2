"""Sources: from what the user asked for to a pin and a tree."""
