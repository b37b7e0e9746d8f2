"""Values that a machine is known to keep secret, in every spelling in which they may stand in a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

SHORTEST_KNOWN = 8
"""A shorter value is not looked for: it would be found everywhere."""


def places_of(data: bytes, forms: Iterable[bytes]) -> Iterator[int]:
    """Where any of some forms begins."""
    for form in forms:
        at = data.find(form)
        while at >= 0:
            yield at
            at = data.find(form, at + len(form))


def forms_of(value: str) -> set[bytes]:
    """The ways in which a value may stand in a file."""
    raw = value.encode()
    forms = {raw, quote(value, safe="").encode(), quote(value).encode()}
    for lead in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * lead + raw).rstrip(b"=")
            forms.add(coded[(0, 2, 3)[lead] : len(coded) - (1 if (lead + len(raw)) % 3 else 0)])
    forms |= {raw.hex().encode(), value.encode("utf-16-le"), json.dumps(value)[1:-1].encode()}
    return {form for form in forms if len(form) >= SHORTEST_KNOWN}
