"""The answer of a server to git's first HTTP protocol, which lists all refs at once."""

from __future__ import annotations

from hermes_dist import lazily
from hermes_dist.world.git.cache import parse_refs
from hermes_dist.world.ports import Refs

TYPE = "application/x-git-upload-pack-advertisement"
_FIRST = b"# service=git-upload-pack\n"
_NAME = rb"refs/[^\x00-\x20\x7f~^:?*\[\\]+"
_LINE = lazily.pattern(rb"(?:[0-9a-f]{40}|[0-9a-f]{64}) (?:HEAD|%b(?:\^\{\})?)\n?" % _NAME)
_HEAD = b"symref=HEAD:"
_HEAD_IS = lazily.pattern(_HEAD + _NAME)


def advertised(answer: bytes) -> Refs | None:
    """Read the refs of a repository.

    Args:
        answer: The whole answer.

    Returns:
        The refs; None for anything that only git can judge: another protocol, an error, an empty repository, a part.
    """
    try:
        title, end, first, *others, last = _packets(answer)
    except ValueError:
        return None
    first, null, abilities = first.partition(b"\0")
    lines = [first, *(line for line in others if not line.startswith(b"shallow "))]
    heads = [word for word in abilities.split() if word.startswith(_HEAD)]
    if (title, end, last) != (_FIRST, b"", b"") or not null or not all(map(_LINE.fullmatch, lines)):
        return None
    if not all(map(_HEAD_IS.fullmatch, heads)):
        return None
    return parse_refs(b"\n".join(map(_as_listed, (*map(_head_of, heads), *lines))))


def _head_of(ability: bytes) -> bytes:
    """The branch that HEAD stands for, as if it were a line."""
    return b"ref: %b HEAD" % ability.removeprefix(_HEAD)


def _as_listed(line: bytes) -> bytes:
    """A line as ``git ls-remote`` prints it."""
    return b"\t".join(line.removesuffix(b"\n").rsplit(b" ", 1))


def _packets(answer: bytes) -> list[bytes]:
    """The packets of an answer; an empty one ends a part.

    Raises:
        ValueError: It is not made of whole packets.
    """
    found, at = list[bytes](), 0
    while at < len(answer):
        length = int(answer[at : at + 4], 16)
        if (length < 4 and length != 0) or at + max(length, 4) > len(answer):
            raise ValueError(at)
        found.append(answer[at + 4 : at + length])
        at += length or 4
    return found
