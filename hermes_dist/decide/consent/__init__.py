"""Consent: what needs approval before it takes effect, what has been approved, and who switched something off."""
