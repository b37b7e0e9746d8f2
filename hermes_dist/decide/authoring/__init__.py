"""What passes between an author and users: release notes, and who made an edit."""
