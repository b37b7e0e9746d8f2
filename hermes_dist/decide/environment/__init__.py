"""The environment: the variables a package wants, the values that may be offered, and the text of `.env`."""
