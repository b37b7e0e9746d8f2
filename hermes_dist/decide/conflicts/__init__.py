"""One conflict from both sides: its values, a copy to edit, and whether both sides can be taken."""
