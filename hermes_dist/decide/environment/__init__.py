"""The environment: which variables a package wants, which values may be offered, and the text of `.env`."""
