"""Voice: parse, call one op, render."""
