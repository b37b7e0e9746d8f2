"""The installed agent: find it, ask it, start and stop its gateways, follow its logs."""
