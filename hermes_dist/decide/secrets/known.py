"""Values that a machine keeps secret, in every form in which a file may contain them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from hermes_dist import lazily

_WIDE = ("utf-16-le", "utf-16-be")
SHORTEST_KNOWN = 4
"""Shorter values are not searched for: they would be found everywhere."""
_LONG = 8
"""From this length on, a value is found wherever it is; a shorter word or number only where it stands alone."""
_SHORTEST_MIXED = 6
"""A short value with letters and digits is found everywhere from this length on: it is part of no word."""
_ENDS_BEFORE = lazily.pattern(
    rb"(?:\\(?:[nrtbf]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|%[0-9A-Fa-f]{2}|(?:^|[\s\"'=,\[(])--?\w)\Z"
)
"""Letters and digits that a value may follow all the same: an escaped character, or an option such as ``-p``."""


def places_of(data: bytes, forms: Iterable[bytes]) -> Iterator[int]:
    """Yield the positions where any of the forms begins."""
    for form in forms:
        yield from _places(data, form)


def _places(data: bytes, form: bytes) -> Iterator[int]:
    alone, at = _stands_alone(form), data.find(form)
    while at >= 0:
        end = at + len(form)
        if not alone or not (_goes_before(data, at) or _is_word(data[end : end + 1])):
            yield at
        at = data.find(form, end)


def _stands_alone(form: bytes) -> bool:
    """Whether a form counts only as a word of its own: within others, it would be found everywhere."""
    if len(form) >= _LONG:
        return False
    signs = form.decode("latin-1")
    mixed = any(map(str.isdigit, signs)) and any(map(str.isalpha, signs))
    return not mixed or len(form) < _SHORTEST_MIXED


def _goes_before(data: bytes, at: int) -> bool:
    """Whether what is before a place belongs to the same word."""
    return _is_word(data[max(at - 1, 0) : at]) and not _ENDS_BEFORE.search(
        data[max(0, at - 6) : at]
    )


def _is_word(sign: bytes) -> bool:
    return bool(sign) and (sign.isalnum() or sign == b"_" or sign >= b"\x80")


def replaced(data: bytes, form: bytes, by: bytes) -> bytes:
    """Put something in place of a form of a secret, wherever the secret counts as found."""
    if form not in data:
        return data
    for at in reversed([*_places(data, form)]):
        data = data[:at] + by + data[at + len(form) :]
    return data


def forms_of(value: str) -> set[bytes]:
    """Return the forms in which a file may contain a value."""
    raw = value.encode("utf-8", "surrogateescape")
    narrow = {raw, _coded(value, "latin-1", raw)}
    written = narrow | {json.dumps(value)[1:-1].encode()}
    if _stands_alone(raw):
        # In other forms, so few characters would be found anywhere.
        return {form for form in written if len(form) >= SHORTEST_KNOWN}
    wide = {_coded(value, coding, raw) for coding in _WIDE}
    forms = written | wide
    for one in narrow:
        forms |= {quote(one, safe="").encode(), quote(one).encode(), one.hex().encode()}
    # Logins are put into base64 in Latin-1 as well, and commands of Windows in UTF-16.
    for one in narrow | wide:
        forms |= _in_base64(one)
    return {form for form in forms if len(form) >= min(len(raw), _LONG)}


def _in_base64(raw: bytes) -> set[bytes]:
    """In base64, three bytes make four characters, so a value looks different in each of three places.

    The characters that its neighbours have a share in are cut off.
    """
    forms = set()
    for lead in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * lead + raw).rstrip(b"=")
            forms.add(coded[(0, 2, 3)[lead] : len(coded) - (1 if (lead + len(raw)) % 3 else 0)])
    return forms


def _coded(value: str, coding: str, otherwise: bytes) -> bytes:
    try:
        return value.encode(coding)
    except UnicodeEncodeError:
        return otherwise
