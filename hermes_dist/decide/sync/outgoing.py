"""What a machine sends: its own changes, on top of what the others sent last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.leaving.examples import Examples
from hermes_dist.decide.ownership import is_machine
from hermes_dist.decide.secrets.scan import Leak, scan, scan_name
from hermes_dist.merge.trees import merge_trees
from hermes_dist.model.discreet import Contents
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Read, Tree


class Sending(Contents, frozen=True, kw_only=True):
    """The shared files as the meeting place will hold them.

    Attributes:
        tree: The files.
        blobs: New contents by digest.
        changes: The paths that differ from what is there now.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    changes: tuple[RelPath, ...]


def outgoing(base: Tree, ours: Tree, theirs: Tree, read: Read) -> Sending:
    """Put this machine's changes on top of what the others sent.

    Where a conflict is open here, theirs stays: nobody has said yet that ours should win.

    Args:
        base: What this machine received, with its older state wherever something is open.
        ours: The shared form of the home.
        theirs: What the meeting place holds.
        read: Gives contents by digest.
    """
    merged = merge_trees(base, ours, theirs, read, lambda _path, _key: Side.THEIRS)
    tree = merged.tree
    return Sending(tree=tree, blobs=merged.blobs, changes=tuple(tree.differing(theirs)))


class Gate(Struct, frozen=True, kw_only=True):
    """What must not leave.

    Attributes:
        secrets: The secrets of this machine.
        examples: What the profile's package ships: an author's example of a key is none of ours.
    """

    secrets: frozenset[str]
    examples: Examples

    def __repr__(self) -> str:
        return "Gate(…)"


def find_secrets_in(
    files: Mapping[RelPath, Entry], known: Tree, read: Read, gate: Gate
) -> Iterator[Leak]:
    """Find what must not leave in files; what is at the meeting place already is not looked at again.

    Args:
        files: The files that would be sent.
        known: The files that are there.
        read: Gives contents by digest.
        gate: What must not leave.
    """
    for path, entry in files.items():
        if known.get(path) == entry:
            continue
        if is_machine(path):
            yield Leak(path, 0, "a file of this machine")
        if path not in known:
            yield from scan_name(path, gate.secrets)
        yield from scan(
            path,
            read(entry.digest),
            gate.secrets,
            shipped=gate.examples.has(entry),
            examples=gate.examples.at(path),
        )


def after_sending(received: Lock, sent: Tree) -> Lock:
    """Return what a machine has received once its own changes are at the meeting place.

    Where something is still open, base stays as it is, and so it is asked about again.

    Args:
        received: What it had received before.
        sent: The shared files that are there now.
    """
    waiting = received.upstream
    base = sent.with_entries({path: received.base.get(path) for path in waiting})
    upstream = {path: sent.get(path) for path in waiting}
    pin = received.pin._replace(tree=sent.digest)
    return replace(received, base=base, upstream=upstream).with_top(pin=pin)
