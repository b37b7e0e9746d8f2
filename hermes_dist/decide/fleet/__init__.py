"""Many gateways and routes: what clashes, what runs, and who answers."""
