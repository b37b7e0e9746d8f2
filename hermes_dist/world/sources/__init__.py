"""Sources: from what was asked for to a pin and a tree."""
