"""Values of `sync`: what a machine remembers, and the files of the repository where machines meet."""
