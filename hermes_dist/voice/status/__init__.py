"""What `status` says of a profile: as values, and how they are made."""
