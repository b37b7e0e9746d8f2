"""The installed agent: found, asked, started, stopped, followed."""
