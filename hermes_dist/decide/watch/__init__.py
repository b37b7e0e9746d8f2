"""What the watch decides: who may ask in a chat, which code is good, what is told, and when it runs."""
