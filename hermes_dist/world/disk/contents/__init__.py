"""How the store keeps contents: each in a file of its own, or many in a box."""
