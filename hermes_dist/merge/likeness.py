"""Likeness: whether a new file is an old one that was renamed and edited.

Files made from one template share blank lines, rules, headings, settings and stock sentences, and are not the same
file for that. So likeness is asked twice: by bytes, as git asks, and by what is particular to the two files. What is
particular is told by a table of what never is, and by rarity: a sentence that other files of the package say, too,
counts for little. Only a name that both files give themselves speaks for a file without its sentences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from hermes_dist import lazily
from hermes_dist.light import NamedTuple
from hermes_dist.merge.text import mergeable
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Read, Tree

SIMILAR = 0.5
_DOCUMENTS = (".json", ".yaml", ".yml")
# Lines; git cuts long ones after 64 bytes, so that an edit of a long line is not a new line.
_PIECE = lazily.pattern(rb"[^\n]{64}|[^\n]*\n|[^\n]+")
_MOST_BYTES = 16 * 1024 * 1024  # how much of the trees is read to learn what is rare

_SAYS_NOTHING = lazily.pattern(
    rb"""
    [^\w]*                                           # blank, a rule, a fence, brackets
    | \s*\#.*                                        # a heading, a comment, the first line of a script
    | \s*(?:import|from|use|using|require|include)\b.*
    | \s*if\ __name__\ .*
    """,
    re.VERBOSE,
)
_SETTING = lazily.pattern(rb"""\s*(?:-\s+)?["']?[\w. -]{1,40}["']?\s*[:=]\s*(?P<value>.*)""")
_NAME = lazily.pattern(
    rb"""^[ \t]{0,4}["']?name["']?[ \t]*:[ \t]*["']?([^"'\r\n]+?)["']?[ \t]*,?\r?$""", re.MULTILINE
)
_WORD = lazily.pattern(rb"[^\W\d_]{2,}")
_FEW_WORDS = 2
_SETTING_COUNTS = 0.2


class Alike(NamedTuple):
    """How like two files are, in rising order.

    Attributes:
        same_name: Both give themselves the same name.
        share: The share that they have in common, 0.0 to 1.0: of what is particular or, with the same name, of all.
    """

    same_name: bool
    share: float


class Portrait(Contents, frozen=True):
    """A text as it is compared.

    Attributes:
        pieces: Its lines, in pieces of 64 bytes at most, and how often each is in it.
        size: The number of its bytes.
        name: The name that it gives itself in its front matter or, as a document, at its top; empty if none.
    """

    pieces: Counter[bytes]
    size: int
    name: bytes = b""

    @classmethod
    def of(cls, path: RelPath, data: bytes) -> Portrait | None:
        """Portray a file; None if it is empty or not a text, so that nothing can be like it."""
        if not data or not mergeable(data):
            return None
        return cls(Counter(_pieces(data)), len(data), _own_name(path, data))


def _pieces(data: bytes) -> list[bytes]:
    # As for git, a file with other line ends is the same file.
    return _PIECE.findall(data.replace(b"\r\n", b"\n"))


def _own_name(path: RelPath, data: bytes) -> bytes:
    head, _ = split(data)
    if path.suffix in _DOCUMENTS:
        head = data
    found = _NAME.search(head or b"")
    return found[1] if found else b""


class Likeness:
    """Compares files of two trees, in the light of everything that the trees hold."""

    def __init__(self, before: Tree, after: Tree, read: Read) -> None:
        self._before, self._after, self._read = before, after, read

    def between(self, old: Portrait, new: Portrait) -> Alike | None:
        """Return how like two files are; None if they are two files rather than one that moved."""
        # Never laxer than git. This is the cheap question, too: most pairs end here, and then no other file is read.
        share = _share_of_bytes(old, new)
        if share < SIMILAR:
            return None
        if old.name and old.name == new.name:
            return Alike(same_name=True, share=share)
        share = self._particular_share(old, new)
        if share < SIMILAR:
            return None
        return Alike(same_name=False, share=share)

    def _particular_share(self, old: Portrait, new: Portrait) -> float:
        # Two names and equal settings are two jobs of one kind, and two names with a sentence that a third file has,
        # too, are two skills of one template: against two names only what nobody else says counts.
        two_names = bool(old.name and new.name)
        in_old, in_new = self._weight(old.pieces, two_names), self._weight(new.pieces, two_names)
        most = max(in_old, in_new)
        if not most:
            return 0.0
        return self._weight(old.pieces & new.pieces, two_names) / most

    def _weight(self, pieces: Counter[bytes], two_names: bool) -> float:
        """Add up what pieces say: by their length, and by how few files of a tree say the same."""
        return sum(
            count * len(piece) * self._tells(piece, two_names) for piece, count in pieces.items()
        )

    def _tells(self, piece: bytes, two_names: bool) -> float:
        """Return how much a piece says about which file it is from, 0 to 1."""
        files = self._spread.get(piece, 1)
        if _SAYS_NOTHING.fullmatch(piece) or (two_names and files > 1):
            return 0.0
        if not _is_setting(piece):
            return 1 / files**2
        return 0.0 if two_names else _SETTING_COUNTS / files**2

    @cached_property
    def _spread(self) -> Mapping[bytes, int]:
        """How many files have a piece, in the tree where more have it: a file that moved is in each tree once."""
        before, after = self._counted(self._before), self._counted(self._after)
        return before | after

    def _counted(self, tree: Tree) -> Counter[bytes]:
        counts: Counter[bytes] = Counter()
        known: dict[Digest, set[bytes]] = {}
        left = _MOST_BYTES
        for path, entry in tree.items():
            if entry.digest not in known:
                data = self._read(entry.digest)
                left -= len(data)
                portrait = Portrait.of(path, data)
                known[entry.digest] = set(portrait.pieces) if portrait else set()
            counts.update(known[entry.digest])
            if left < 0:
                break
        return counts


def _share_of_bytes(old: Portrait, new: Portrait) -> float:
    """Return the share of the larger file that is in both, as ``git diff -M`` counts it."""
    larger = max(old.size, new.size)
    if 2 * min(old.size, new.size) < larger:
        return 0.0
    return sum(count * len(piece) for piece, count in (old.pieces & new.pieces).items()) / larger


def _is_setting(piece: bytes) -> bool:
    """Whether a piece is a short value, with its key or without, rather than a sentence."""
    setting = _SETTING.match(piece)
    told = setting["value"] if setting else piece
    return len(_WORD.findall(told)) <= _FEW_WORDS
