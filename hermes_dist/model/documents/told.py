"""How a document that can't be read is told: with its line and column, as an editor shows them."""

from __future__ import annotations

from hermes_dist.errors import Invalid


def spot_in(path: str, error: Invalid) -> str:
    """The place of an error in a file, such as ``config.yaml:3:1``; the file alone if the error has none."""
    return f"{path}:{error.where}" if error.where else str(path)


def told(error: Exception) -> str:
    """What is wrong with a file that was named before, such as ``line 3, column 1: not valid YAML: …``."""
    if not isinstance(error, Invalid):
        return str(error)
    line, _, column = error.where.partition(":")
    if not line.isdigit() or not column.isdigit():
        return str(error)
    return f"line {line}, column {column}: {error.what}"
