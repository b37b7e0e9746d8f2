"""What must not leave a machine: secrets, the agent's memories of its user, and paths on this machine.

A value of ``.env`` of which nothing says whether it is secret (``unclear.py``) is a finding as well, which its user can
allow by the name of the variable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import field

from hermes_dist import lazily
from hermes_dist.decide.ownership import is_machine
from hermes_dist.decide.secrets.references import personal_paths
from hermes_dist.decide.secrets.scan import Leak, scan, scan_name
from hermes_dist.errors import DistError, Refused, UsageError, first_few, quoted
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Read, Tree

_WORDS = RelPath("words.txt")
_LONGEST_LINE, _SHORTEST_MEMORY = 4000, 12
_FEWEST_WORDS = 3
_END_OF_SENTENCE = lazily.pattern(r"(?<=[.!?;])\s+")


class Private(Discreet, frozen=True, kw_only=True):
    """Data that must not leave this machine.

    Attributes:
        secrets: Values in ``.env``, ``auth.json`` and similar files.
        memories: Lines and sentences of the agent's memories.
        home: The user's home folder.
        unclear: Values in ``.env`` that may be secrets, with their variables.
    """

    secrets: frozenset[str] = field(default_factory=frozenset)
    memories: frozenset[str] = field(default_factory=frozenset)
    home: str = ""
    unclear: Mapping[str, str] = field(default_factory=dict)


def memory_lines(texts: Iterable[str]) -> frozenset[str]:
    """Return the lines and sentences of memories that say something: no headings, and no single words."""
    lines = (line for text in texts for line in text.splitlines() if not _is_heading(line))
    return frozenset(said for line in lines for said in _said(line) if _is_telling(said))


def _is_heading(line: str) -> bool:
    return line.lstrip().startswith("#") or line.rstrip(" \t*_").endswith(":")


def _said(line: str) -> Iterator[str]:
    """Yield what a line says as a whole, and each of its sentences."""
    yield _plain(line)
    sentences = _END_OF_SENTENCE.split(line.strip())
    yield from map(_plain, sentences if len(sentences) > 1 else ())


def _is_telling(said: str) -> bool:
    words = said.split()
    enough = _FEWEST_WORDS - any(map(str.isdigit, said))  # a number says more than a word
    return len(said) >= _SHORTEST_MEMORY and len(words) >= enough


def _plain(line: str) -> str:
    return " ".join(line.strip(" \t-*#>§\"'`.,;!|").split()).lower()


def find_leaks(
    tree: Tree, known: Tree, read: Read, private: Private, brought: Tree = EMPTY
) -> list[Leak]:
    """List contents that must not leave: secrets, memories, paths on this machine, machine files.

    Args:
        tree: The files after publishing.
        known: The files that are published already; an unchanged file is not checked again.
        read: Gives contents.
        private: Data that must not leave this machine.
        brought: Further files by somebody else: an unclear value that stands there is no secret of this machine.
    """
    found: set[Leak] = set()
    # What everybody can already read does not leak now, and refusing it would not take it back.
    new = [path for path, entry in tree.items() if known.get(path) != entry]
    for path in new:
        if is_machine(path):
            found.add(Leak(path, 0, "a file of this machine"))
        data = read(tree[path].digest)
        if path not in known:
            found.update(scan_name(path, private.secrets))
        found.update(scan(path, data, private.secrets))
        found.update(_personal(path, data.decode("utf-8", "replace"), private))
    named = [path for path in new if path not in known]
    maybe = [*_unclear_in(tree, new, named, read, private.unclear)]
    if maybe:  # for most packages, what others have need not be read
        own = _without_said(private.unclear, (known, brought), read)
        maybe = [*_unclear_in(tree, new, named, read, own)]
    return sorted({*found, *maybe})


def _unclear_in(
    tree: Tree,
    new: Iterable[RelPath],
    named: Iterable[RelPath],
    read: Read,
    unclear: Mapping[str, str],
) -> Iterator[Leak]:
    """Yield the places in new files, and in new names of files, where an unclear value stands."""
    if not unclear:
        return
    for path in new:
        yield from unclear_at(path, read(tree[path].digest), unclear)
    for path in named:
        yield from _named_by(path, unclear)


def _named_by(path: RelPath, unclear: Mapping[str, str]) -> Iterator[Leak]:
    for value, name in unclear.items():
        for leak in scan_name(path, [value], shipped=True):
            yield Leak(path, leak.line, f"{_may_be(name)}, in its name", True, name)


def unclear_at(path: RelPath, data: bytes, unclear: Mapping[str, str]) -> Iterator[Leak]:
    """Yield the places in a file where a value stands that may be a secret.

    Args:
        path: The file.
        data: Its content.
        unclear: The values, with their variables.
    """
    # Most files hold none of them, so they are looked for together first.
    if not scan(path, data, unclear, shipped=True):
        return
    for value, name in unclear.items():
        for leak in scan(path, data, [value], shipped=True):
            yield Leak(path, leak.line, _may_be(name), variable=name)


def _may_be(name: str) -> str:
    return f"the value of {name} in .env, which may be a secret"


def _without_said(
    unclear: Mapping[str, str], trees: Iterable[Tree], read: Read
) -> Mapping[str, str]:
    """Drop the values that stand in files that somebody else brought, or that are published already.

    Each value counts by itself: a variable may hold a list, and have another value in another profile.
    """
    left = dict(unclear)
    for tree in trees:
        for path, entry in tree.items():
            with suppress(DistError):  # what is lost says nothing
                data = read(entry.digest)
                if scan(path, data, left, shipped=True):
                    left = {
                        value: name
                        for value, name in left.items()
                        if not scan(path, data, [value], shipped=True)
                    }
    return left


def refuse_words(
    words: Mapping[str, str], private: Private, allowed: Collection[str] = (), *, hint: str = ""
) -> None:
    """Stop if what is sent beside the files holds something that must not leave: everybody reads it, too.

    Args:
        words: What each text is, such as the message of the commit, and the text.
        private: Data that must not leave this machine.
        allowed: Variables that the user allowed, as for :func:`refuse_leaks`.
        hint: What to do then; empty if the words can simply be written without it.

    Raises:
        Refused: There is something; the error names the text and the line.
    """
    places: list[str] = []
    for what, text in words.items():
        data = text.encode("utf-8", "surrogateescape")
        found = {*scan(_WORDS, data, private.secrets), *_personal(_WORDS, text, private)}
        found.update(unclear_at(_WORDS, data, private.unclear))
        found = {leak for leak in found if leak.variable not in allowed}
        places += [f"line {leak.line} of {what}: {leak.kind}" for leak in sorted(found)]
    if places:
        raise Refused(
            f"this must not leave the machine: {first_few(places, 20, '; ')}",
            hint=hint or "write it without that, and run it again",
        )


def _personal(path: RelPath, text: str, private: Private) -> Iterator[Leak]:
    for number, place in personal_paths(text, private.home):
        yield Leak(path, number, f"a path on a machine, {quoted(place, 60)}")
    if not private.memories:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) < _LONGEST_LINE and not private.memories.isdisjoint(_said(line)):
            yield Leak(path, number, "a line of the agent's memories")


def not_allowed(leaks: Sequence[Leak], allowed: Collection[str]) -> list[Leak]:
    """Drop the leaks that the user allowed: one by one, as ``FILE:LINE``, or all of a variable.

    Raises:
        UsageError: An allowed place or variable is none where something was found.
    """
    found = {name for leak in leaks for name in _names_of(leak)}
    if unknown := sorted(set(allowed) - found):
        raise UsageError(
            f"--allow-finding {quoted(unknown[0], 100)}: nothing was found there",
            hint="write FILE:LINE as the error shows it, or the name of the variable that it names",
        )
    return [leak for leak in leaks if _names_of(leak).isdisjoint(allowed)]


def _names_of(leak: Leak) -> set[str]:
    """What a leak can be allowed by."""
    return {f"{leak.path}:{leak.line}", *filter(None, [leak.variable])}


def refuse_leaks(leaks: Sequence[Leak], allowed: Collection[str] = ()) -> None:
    """Stop if something would leave this machine that must not.

    Args:
        leaks: What was found.
        allowed: Findings that the user allows, as :func:`not_allowed` takes them.

    Raises:
        UsageError: An allowed place or variable is none where something was found.
        Refused: There is a finding that is not allowed; the error names the first twenty places.
    """
    left = not_allowed(leaks, allowed)
    if not left:
        return
    hint = (
        "take it out of the file, or make it a setting in .env; if a finding is harmless, allow it alone:"
        " --allow-finding FILE:LINE"
    )
    if unclear := next(filter(None, (leak.variable for leak in left)), ""):
        hint += f"; or a value of .env wherever it stands: --allow-finding {unclear}"
    raise Refused(
        f"this must not leave the machine: {first_few([*map(str, left)], 20, '; ')}", hint=hint
    )
