"""The watch: who owns the chats, codes, the daily check, and what is answered in a chat."""
