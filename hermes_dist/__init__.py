"""hermes-dist: Hermes Agent profiles as versioned packages."""

__version__ = "0.2.0.dev0"
