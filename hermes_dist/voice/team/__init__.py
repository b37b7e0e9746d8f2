"""The words and the JSON of `apply` and `snapshot`."""
