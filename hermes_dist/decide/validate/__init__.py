"""What `validate` holds against a package."""
