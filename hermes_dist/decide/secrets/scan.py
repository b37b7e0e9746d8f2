"""Scanning: the places in a file of any kind that seem to hold a secret."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from hermes_dist.decide.secrets.encodings import text_of, wide_coding
from hermes_dist.decide.secrets.finder import Finding, find_secrets
from hermes_dist.decide.secrets.known import forms_of, places_of
from hermes_dist.decide.secrets.loose import loose_secrets
from hermes_dist.decide.secrets.members import members_of
from hermes_dist.model.paths import RelPath

_WINDOW = 4 << 20
_OVERLAP = 1 << 14
_OF_THIS_MACHINE = "a secret of this machine"


class Leak(Struct, frozen=True, order=True):
    """A place that seems to hold a secret; the secret itself is not stored.

    Attributes:
        path: The file.
        line: The line in it; 0 where there is none.
        kind: What was found.
        in_name: It is in the name of the file, so only a new name helps.
        variable: The variable whose value it is, if nothing says that the value is a secret.
    """

    path: RelPath
    line: int
    kind: str
    in_name: bool = False
    variable: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"


def scan(
    path: RelPath,
    data: bytes,
    known: Iterable[str] = (),
    *,
    shipped: bool = False,
    examples: Collection[str] = (),
) -> list[Leak]:
    """List the places in a file that seem to hold a secret.

    Args:
        path: The file.
        data: Its content; the contents of archives, databases and packed files are checked, too.
        known: Values that this machine keeps secret; base64 and URL-encoded forms count, too.
        shipped: The file is exactly as a package brought it, so that only this machine's own secrets count.
        examples: Values that the package ships in this file, as :func:`secrets_in` gives them: only this machine's own
            secrets count among them.
    """
    forms = _forms(frozenset(known))
    spots = set(_spots(path, data, forms, examples, shipped=shipped))
    if coding := wide_coding(data):
        plain = data.decode(coding, "replace").encode()
        spots |= set(_spots(path, plain, forms, examples, shipped=shipped))
    for name, content in members_of(data):
        spots |= {
            (0, f"{kind} in {name}")
            for _, kind in _spots(RelPath("member"), content, forms, (), shipped=shipped)
        }
    return [Leak(path, number, kind) for number, kind in sorted(spots)]


@lru_cache(maxsize=4)
def _forms(known: frozenset[str]) -> frozenset[bytes]:
    """Return every form of some secrets; they are the same for all files of a run."""
    return frozenset(form for value in known for form in forms_of(value))


def scan_name(path: RelPath, known: Iterable[str] = (), *, shipped: bool = False) -> list[Leak]:
    """List what seems to be a secret in the name of a file, or of a folder that it lies in.

    Args:
        path: The file.
        known: Values that this machine keeps secret, as for :func:`scan`.
        shipped: A package named it so, so that only this machine's own secrets count.
    """
    name = path.encode("utf-8", "surrogateescape")
    kinds = {leak.kind for leak in scan(path, name, known, shipped=shipped)}
    return [Leak(path, 0, f"{kind}, in its name", in_name=True) for kind in sorted(kinds)]


def secrets_in(path: RelPath, data: bytes) -> frozenset[str]:
    """Return the values in a file that look like secrets."""
    text = text_of(data)
    return frozenset(text[one.start : one.end] for one in _found(path, text))


def _found(path: RelPath, text: str) -> list[Finding]:
    found = find_secrets(text)
    # What is a secret anyway needs no comment to say so.
    loose = [
        one
        for one in loose_secrets(path, text)
        if not any(other.start < one.end and one.start < other.end for other in found)
    ]
    return [*found, *loose]


def _spots(
    path: RelPath, data: bytes, forms: Iterable[bytes], examples: Collection[str], *, shipped: bool
) -> Iterator[tuple[int, str]]:
    for at in places_of(data, forms):
        yield data.count(b"\n", 0, at) + 1, _OF_THIS_MACHINE
    # Windows overlap, so that a secret that lies across the edge is whole in one of them.
    line = 1
    # A key in a file as its package shipped it is taken for its author's example.
    for begin in range(0, 0 if shipped else max(len(data), 1), _WINDOW):
        text = text_of(data[begin : begin + _WINDOW + _OVERLAP])
        for one in _found(path, text):
            if text[one.start : one.end] in examples:
                continue
            yield line + text.count("\n", 0, one.start), one.kind
        line += data.count(b"\n", begin, begin + _WINDOW)
