"""The text of a ``.env`` file: read as the agent reads it, and edited by key without touching any other byte.

The grammar is that of the agent's loader: ``export``, quotes that may span lines, comments after white
space; if a name has several lines, the last one counts. Values are secrets: no error message shows one.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from hermes_dist import lazily
from hermes_dist.decide.secrets.encodings import LATIN_1, UTF_8, wide_coding
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.manifest import ENV_NAME

_KEY = lazily.pattern(r"\s*(?:export[^\S\r\n]+)?(?:'([^'\r\n]+)'|([^=#\s]+))[^\S\r\n]*=")
_SPACE = lazily.pattern(r"[^\S\r\n]*")
_REST = lazily.pattern(r"[^\r\n]*(?:\r\n|\n|\r)?")
_BARE = lazily.pattern(r"[^\r\n]*")
_COMMENT = lazily.pattern(r"\s+#.*")
_QUOTED = (
    (lazily.pattern(r"'((?:\\'|[^'])*)'"), lazily.pattern(r"\\([\\'])")),
    (lazily.pattern(r'"((?:\\"|[^"])*)"'), lazily.pattern(r"\\([\\'\"abfnrtv])")),
)
_TAIL = lazily.pattern(r"[^\S\r\n]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SHOWN = lazily.pattern(r"[A-Z][A-Z0-9_]*|[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_PLAIN = lazily.pattern(r"[A-Za-z0-9_./:@%+,=^-][A-Za-z0-9_./:@%+,=^~-]*")
_COMMENTED = lazily.pattern(
    r"^[^\S\r\n]*#[^\S\r\n]*(?:export[^\S\r\n]+)?(\w+)[^\S\r\n]*=[^\r\n]*", re.MULTILINE
)
"""A commented-out assignment; its value is removed as well."""
_BOM = "\ufeff"
_CONTROL = lazily.pattern(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class _Assignment(Discreet, frozen=True):
    """One assignment: its value, and the position of the value in the text."""

    name: str
    value: str
    start: int
    end: int


def read(data: bytes) -> dict[str, str]:
    """Return the assignments in a ``.env`` file; a name with an empty value is left out, because it is not set."""
    values = {found.name: found.value for found in _assignments(_decoded(data)[0])}
    return {name: value for name, value in values.items() if value}


def names_to_show(data: bytes) -> list[str]:
    """The names of the variables that a ``.env`` file sets, sorted, as far as they can be shown.

    The last line of a key that spans lines without quotes is read as an assignment, too: ``Q2hhcmxlcw==``. So a name
    is shown only if it is written as names are.
    """
    found = read(data).items()
    return sorted(name for name, value in found if value.strip("=") and _SHOWN.fullmatch(name))


def check_value(name: str, value: str) -> None:
    """Check that a value fits on one line of a file.

    Raises:
        Invalid: The value is empty, or contains a line break or another control character; no message shows the value.
    """
    if not value:
        raise Invalid("the value is empty", where=name)
    if _CONTROL.search(value):
        raise Invalid("the value holds a line break or another control character", where=name)


def quote(value: str) -> str:
    """Write a value so that the agent, its loader and a shell all read the same.

    It stays bare if possible; otherwise it gets single quotes, or double quotes if it contains a single quote or
    a backslash.
    """
    if _PLAIN.fullmatch(value):
        return value
    # Between single quotes, the agent's loader reads \\ as one backslash, and a shell as two.
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def assign(data: bytes, values: Mapping[str, str]) -> bytes:
    """Set variables in a ``.env`` file: the value of an existing name is replaced, other names are appended.

    Args:
        data: The file; empty for a new one.
        values: Values by name.

    Returns:
        The file with every other byte unchanged; the same bytes if nothing differs.

    Raises:
        Invalid: A name is not a valid variable name, a value does not fit on one line, or the file's encoding
            does not let it be edited.
    """
    text, coding = _decoded(data)
    _refuse_wide(coding)
    last = {found.name: found for found in _assignments(text)}
    ahead: list[_Assignment] = []
    new: dict[str, str] = {}
    for name, value in values.items():
        _check(name, value)
        found = last.get(name)
        if found is None:
            new[name] = value
        elif found.value != value:
            _refuse_open_quote(text, found)
            ahead.append(found)
    # From the end of the file, so that the earlier positions stay valid.
    for found in sorted(ahead, key=lambda item: item.start, reverse=True):
        text = text[: found.start] + quote(values[found.name]) + text[found.end :]
    edited = _encoded(_appended(text, new), coding)
    _verify(edited, values, read(data))
    return edited


def _check(name: str, value: str) -> None:
    if not ENV_NAME.fullmatch(name):
        raise Invalid(
            "a variable has an invalid name: only capitals, digits and _ are allowed", where=".env"
        )
    check_value(name, value)


def _appended(text: str, new: Mapping[str, str]) -> str:
    """Append variables, with the line ends that the file has."""
    if not new:
        return text
    end = "\n"
    if "\r\n" in text and not re.search(r"(?<!\r)\n", text):
        end = "\r\n"
    if text.strip(_BOM) and not text.endswith(("\n", "\r")):
        text += end
    return text + "".join(f"{name}={quote(value)}{end}" for name, value in new.items())


def blank(data: bytes, names: AbstractSet[str]) -> tuple[bytes, tuple[str, ...]]:
    """Remove the values of variables from a ``.env`` file: each line becomes a commented name without a value.

    Args:
        data: The file.
        names: The variables.

    Returns:
        The file with every other byte unchanged, and the names found, sorted.

    Raises:
        Invalid: A quote is not closed, or the file is in UTF-16, so editing is not safe.
    """
    text, coding = before = _decoded(data)
    kept = {name: value for name, value in read(data).items() if name not in names}
    gone: set[str] = set()
    # From the end of the file, so that the earlier positions stay valid.
    for found in sorted(_assignments(text), key=lambda item: item.start, reverse=True):
        if found.name in names:
            _refuse_open_quote(text, found)
            text = _blanked(text, found)
            gone.add(found.name)

    def unsaid(match: re.Match[str]) -> str:
        return f"# {match[1]}=" if match[1] in names else match[0]

    text = _COMMENTED.sub(unsaid, text)
    if (text, coding) == before:
        return data, ()
    _refuse_wide(coding)
    edited = _encoded(text, coding)
    if read(edited) != kept:
        raise Invalid(
            "the file can't be edited: a quote in it is not closed",
            where=".env",
            hint="close the quote",
        )
    return edited, tuple(sorted(gone))


def _blanked(text: str, found: _Assignment) -> str:
    """Replace the line or lines of an assignment by its name in a comment; the line end stays as it is."""
    line = max(text.rfind("\n", 0, found.start), text.rfind("\r", 0, found.start)) + 1
    begin = text[:line]
    if line == 0 and text.startswith(_BOM):
        # The mark of the encoding stands in front of the first line, and is not part of it.
        begin = _BOM
    tail = _rest_of_line(text, found.end)
    end = tail[len(tail.rstrip("\r\n")) :]
    return f"{begin}# {found.name}={end}{text[found.end + len(tail) :]}"


def _rest_of_line(text: str, at: int) -> str:
    rest = _REST.match(text, at)
    return rest[0] if rest else ""


def _verify(edited: bytes, values: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Check the edit: an unclosed quote can swallow lines, and a backslash before a quote keeps it from closing."""
    found = read(edited)
    for name, value in values.items():
        if found.get(name) != value:
            if value.endswith("\\"):
                raise Invalid(
                    "a value that ends in a backslash can't be written before lines with quotes",
                    where=f".env: {name}",
                )
            raise _open_quote(name)
    if any(found.get(name) != value for name, value in before.items() if name not in values):
        raise Invalid(
            "the file can't be edited without changing another variable in it",
            where=".env",
            hint="close every quote in it, save it as UTF-8, then run this again",
        )


def _refuse_open_quote(text: str, found: _Assignment) -> None:
    """Refuse to replace a broken value that continues over other lines."""
    if not found.value and "\n" in text[found.start : found.end]:
        raise _open_quote(found.name)


def _open_quote(name: str) -> Invalid:
    return Invalid(
        "the file can't be edited: a quote in it is not closed",
        where=f".env: {name}",
        hint="close the quote, then run it again",
    )


def _decoded(data: bytes) -> tuple[str, str]:
    """Return the text of a file and its encoding, as the agent's loader takes it: what is not UTF-8 is Latin-1."""
    if wide := wide_coding(data):
        return data.decode(wide, "replace"), wide
    try:
        return data.decode(UTF_8), UTF_8
    except UnicodeDecodeError:
        bom = _BOM * data.startswith(BOM_UTF8)
        return bom + data.removeprefix(BOM_UTF8).decode(LATIN_1), LATIN_1


def _encoded(text: str, coding: str) -> bytes:
    """Turn the text of a file into bytes again; those that nobody edited come out as they came in."""
    bom, plain = _BOM * text.startswith(_BOM), text.removeprefix(_BOM)
    try:
        return bom.encode() + plain.encode(coding)
    except UnicodeEncodeError:
        raise Invalid(
            "the file is not UTF-8 but Latin-1, which does not have all characters of the new value",
            where=".env",
            hint="save it as UTF-8, then run this again",
        ) from None


def _refuse_wide(coding: str) -> None:
    """Refuse to edit what the agent itself writes anew as UTF-8 as soon as it starts."""
    if coding not in (UTF_8, LATIN_1):
        raise Invalid(
            f"the file is in {coding[:6].upper()}, so it can't be edited",
            where=".env",
            hint="save it as UTF-8 in your editor, then run this again",
        )


def _assignments(text: str) -> Iterator[_Assignment]:
    at = len(_BOM) if text.startswith(_BOM) else 0
    while at < len(text):
        key = _KEY.match(text, at)
        if key is None:
            at = _skip_line(text, at)
            continue
        found = _assignment(text, key[1] or key[2], key.end())
        yield found
        at = found.end + len(_rest_of_line(text, found.end))


def _skip_line(text: str, at: int) -> int:
    return max(at + len(_rest_of_line(text, at)), at + 1)


def _assignment(text: str, name: str, after: int) -> _Assignment:
    """Read the value after the equals sign."""
    space = _SPACE.match(text, after)
    start = space.end() if space else after
    for quoted, escapes in _QUOTED:
        if found := quoted.match(text, start):
            value = escapes.sub(lambda m: _ESCAPES.get(m[1], m[1]), found[1])
            if _TAIL.match(text, found.end()):
                return _Assignment(name, value, start, found.end())
            # Text follows the closing quote, so the agent does not set the variable.
            end = found.end() + len(_bare(text, found.end()))
            return _Assignment(name, "", start, end)
    line = _bare(text, start)
    if line.startswith("#") and start > after:
        return _Assignment(name, "", after, after)  # only a comment: the value is empty
    if line[:1] in {"'", '"'}:
        return _Assignment(name, "", start, start + len(line))  # an unclosed quote: not set
    value = _COMMENT.sub("", line).rstrip()
    return _Assignment(name, value, start, start + len(value))


def _bare(text: str, at: int) -> str:
    """Return the rest of a line without its end."""
    rest = _BARE.match(text, at)
    return rest[0] if rest else ""
