"""Redaction: texts with ``${NAME}`` in place of every secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hermes_dist import lazily
from hermes_dist.decide.secrets.encodings import UTF_8, coding_of
from hermes_dist.decide.secrets.finder import Finding, find_secrets
from hermes_dist.decide.secrets.known import forms_of, replaced
from hermes_dist.lazily import later
from hermes_dist.model.paths import RelPath

with later():
    from hermes_dist.decide.secrets.loose import loose_secrets

_KEY = lazily.pattern(
    r"([A-Za-z][\w.-]{2,60})[\"'\\]{0,3}\s{0,4}(?:=>|:=|[:=])[\s\"'\\]{0,6}(?:Bearer\s)?$"
)


def redact(
    data: bytes, known: Mapping[str, str], path: RelPath | None = None, *, unnamed: str = ""
) -> tuple[bytes, tuple[str, ...]]:
    """Replace every secret in a text with ``${NAME}``; the encoding of the text stays as it is.

    One that is only noted in a comment becomes ``***``: nobody reads a variable there.

    Args:
        data: The text.
        known: Values that this machine keeps secret, by the names of their variables.
        path: The file, which tells what a comment is; None for a text without comments.
        unnamed: What takes the place of a secret without a name; empty for a variable that is named after its kind.

    Returns:
        The text, and the names that were inserted. In what is no text, only known values are replaced.
    """
    coding = coding_of(data)
    if coding in ("", UTF_8):
        edited, names = _redacted(data, known, unnamed, is_text=bool(coding))
        return _without_loose(edited, path) if coding else edited, names
    edited, names = _redacted(data.decode(coding).encode(), known, unnamed, is_text=True)
    return _without_loose(edited, path).decode().encode(coding), names


def _without_loose(data: bytes, path: RelPath | None) -> bytes:
    if path is None:
        return data
    text = data.decode("utf-8", "surrogateescape")
    for one in reversed([*loose_secrets(path, text)]):
        text = f"{text[: one.start]}***{text[one.end :]}"
    return text.encode("utf-8", "surrogateescape")


def _redacted(
    data: bytes, known: Mapping[str, str], unnamed: str, *, is_text: bool
) -> tuple[bytes, tuple[str, ...]]:
    names: list[str] = []
    # Longest first, values and forms: a shorter one may be a part of it, and would leave the rest behind.
    for name, value in sorted(known.items(), key=lambda item: -len(item[1])):
        for form in sorted(forms_of(value), key=len, reverse=True):
            before = data
            data = replaced(data, form, b"${%s}" % name.encode())
            if data is not before:
                names.append(name)
    if is_text:
        data = _without_findings(data.decode("utf-8", "surrogateescape"), unnamed, names)
    return data, tuple(dict.fromkeys(names))


def _without_findings(text: str, unnamed: str, names: list[str]) -> bytes:
    # From the end, so that the places of earlier findings stay valid.
    for one in reversed(find_secrets(text)):
        key = _key_before(text, one)
        shown = unnamed
        if key or not unnamed:
            name = key or _variable(one.kind.partition(" (")[0]) or "SECRET"
            names.append(name)
            shown = "${" + name + "}"
        text = text[: one.start] + shown + text[one.end :]
    return text.encode("utf-8", "surrogateescape")


def _key_before(text: str, one: Finding) -> str:
    """The variable after the key before a secret; empty if there is none: in an address, that is the user's name."""
    if one.kind.endswith("in a URL"):
        return ""
    before = _KEY.search(text[max(0, one.start - 120) : one.start])
    return _variable(before[1]) if before else ""


def _variable(label: str) -> str:
    return re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_").upper()
