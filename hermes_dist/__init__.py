"""hermes-dist: Hermes Agent profiles as versioned packages."""

__version__ = "0.1.0"
