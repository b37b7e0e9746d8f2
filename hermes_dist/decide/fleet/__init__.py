"""Many gateways and routes: what clashes, what runs, who answers."""
