"""The words and the JSON of `sync`."""
