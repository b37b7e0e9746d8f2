"""The commands of the watch: owners, codes, the daily check, and what is answered in a chat."""
