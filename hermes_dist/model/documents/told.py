"""Say that a document can't be read: at which line and column, as an editor shows them."""

from __future__ import annotations

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted

_KEY = lazily.pattern(r"""(?:^|[{,\n])[ \t-]*(["']?)(\w+)\1[ \t]*:(?=\s|$)|"(\w+)"[ \t]*:""")
_NAME = lazily.pattern(
    r"""(["']?)\bname\1[ \t]*:[ \t]*(?:"([^"\n]+)"|'([^'\n]+)'|([^"'\s{\[][^\n,}]*))"""
)


def spot_in(path: str, error: Invalid) -> str:
    """The place of an error in a file, such as ``config.yaml:3:1``; the file alone if the error has none."""
    return f"{path}:{error.where}" if error.where else str(path)


def told(error: Exception, data: bytes = b"") -> str:
    """What is wrong with a file that was named before, such as ``line 3, column 1: not valid YAML: …``.

    Args:
        error: Why it can't be read.
        data: Its content, if it is a list of named things: what is nearest to the fault is named, too.
    """
    if not isinstance(error, Invalid):
        return str(error)
    line, _, column = error.where.partition(":")
    if not line.isdigit() or not column.isdigit():
        return str(error)
    return f"line {line}, column {column}{near(error, data)}: {error.what}"


def near(error: Invalid, data: bytes) -> str:
    """What stands before a fault in a list of named things, such as `` (near the prompt of 'daily')``; may be empty.

    A file that can't be read has no structure to go by: this is the last key, and the last name, above the fault.
    """
    line, _, column = error.where.partition(":")
    if not data or not line.isdigit() or not column.isdigit():
        return ""
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    above, at = lines[: int(line) - 1], "".join(lines[int(line) - 1 : int(line)])
    before = f"{''.join(above)}{at[: int(column)]}"
    keys, names = _KEY.findall(before), _NAME.findall(before)
    key = next(filter(None, keys[-1][1:]), "") if keys else ""
    name = next(filter(None, names[-1][1:]), "").strip() if names else ""
    words = [f"the {key}"] * bool(key and key != "jobs") + [f"{quoted(name, 80)}"] * bool(name)
    return f" (near {' of '.join(words)})" if words else ""
