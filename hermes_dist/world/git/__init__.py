"""Git repositories: fetched, read, made and pushed without a work tree."""
