"""What the watch says: messages about releases, answers in a chat, and their JSON."""
