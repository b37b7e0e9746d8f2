"""The rules that `validate` checks in a package."""
