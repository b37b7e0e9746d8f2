"""Values that a machine keeps secret, in every form in which a file may contain them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

_WIDE = ("utf-16-le", "utf-16-be")
SHORTEST_KNOWN = 8
"""Shorter values are not searched for: they would be found everywhere."""


def places_of(data: bytes, forms: Iterable[bytes]) -> Iterator[int]:
    """Yield the positions where any of the forms begins."""
    for form in forms:
        at = data.find(form)
        while at >= 0:
            yield at
            at = data.find(form, at + len(form))


def forms_of(value: str) -> set[bytes]:
    """Return the forms in which a file may contain a value."""
    raw = value.encode("utf-8", "surrogateescape")
    narrow = {raw, _coded(value, "latin-1", raw)}
    wide = {_coded(value, coding, raw) for coding in _WIDE}
    forms = narrow | wide | {json.dumps(value)[1:-1].encode()}
    for one in narrow:
        forms |= {quote(one, safe="").encode(), quote(one).encode(), one.hex().encode()}
    # Logins are put into base64 in Latin-1 as well, and commands of Windows in UTF-16.
    for one in narrow | wide:
        forms |= _in_base64(one)
    return {form for form in forms if len(form) >= SHORTEST_KNOWN}


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
