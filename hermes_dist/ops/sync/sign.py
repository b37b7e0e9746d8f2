"""What a machine signs of the shared files that it sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.sync.vouched import Found, Others, next_versions, reaches
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.sync.meeting import (
    NOTHING_SAID,
    PACKAGE,
    PRIVATE_INDEX,
    SHARED_INDEX,
    Index,
    Said,
    Sent,
    dump_json,
    load_index,
    load_machine,
    machine_path,
    sealed_path,
)
from hermes_dist.model.sync.record import Checked, Mark, Record, Seen
from hermes_dist.model.tree import Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.counted import marks_of, others_of, shared_states
from hermes_dist.ops.sync.meeting import Meeting, shared_in
from hermes_dist.ops.sync.private import Exchanged
from hermes_dist.ops.sync.send import Outgoing
from hermes_dist.ops.sync.state import signer_path
from hermes_dist.world.keys.signer import Signer, is_signed


class Signed(Struct, frozen=True, kw_only=True):
    """What is sent, with what this machine says of it.

    Attributes:
        outgoing: What is sent.
        marks: The states of the shared files once that is sent.
        checked: What is said of them then, if all of it was checked.
    """

    outgoing: Outgoing
    marks: Mapping[str, Mark]
    checked: Checked | None

    def seen(self, commit: str, before: Seen, also: Exchanged) -> Seen:
        """What this machine has seen once that is sent, private files included.

        Args:
            commit: The commit that holds it.
            before: What it had seen before.
            also: What became of the private files.
        """
        known = replace(
            before,
            private=also.seen,
            marks=also.marks,
            shared=self.marks,
            checked=self.checked,
        )
        return self.outgoing.seen(commit, known)


def signed(
    ctx: Context, home: Path, record: Record, meeting: Meeting | None, made: Outgoing
) -> Signed:
    """Sign what this machine sends of the shared files.

    Args:
        ctx: The context.
        home: The home.
        record: What this machine remembers, with its keys.
        meeting: What the meeting place holds; None for an empty one.
        made: What is sent.

    Raises:
        DistError: The key can't be read or written.
    """
    files = made.push.files
    signing = _Signing(
        record=record,
        index=meeting.shared.files if meeting else {},
        others=others_of(ctx, record, meeting),
        signer=Signer(signer_path(home)),
    )
    sent = shared_states(shared_in(files), files.get(PACKAGE))
    known = marks_of(record)
    for path in sorted({*sent, *known, *made.waiting}):
        if path in made.waiting:
            signing.leave(path, known.get(path))
        else:
            signing.say(path, sent.get(path, ""), known.get(path))
    entry = Entry(ctx.store.put(dump_json(Index(files=signing.said))))
    changes = {SHARED_INDEX: entry, **_listed(ctx, record, files, signing)}
    push = replace(made.push, files=files.with_entries(changes))
    return Signed(
        outgoing=replace(made, push=push),
        marks=signing.marks,
        checked=None
        if made.waiting
        else Checked(index=str(entry.digest), signers=_signers(record)),
    )


def _listed(
    ctx: Context, record: Record, files: Tree, signing: _Signing
) -> dict[RelPath, Entry | None]:
    """The file of this machine, which lists everything that it signs this time; nothing if it says so already."""
    paths = [*signing.new, *_new_private(ctx, record, files)]
    own = machine_path(record.machine)
    if own not in files:
        return {}
    machine = load_machine(ctx.store.read(files[own].digest), own)
    if not paths and _is_last(machine.sent, record, signing):
        return {}
    sent = Sent(count=record.count, paths=tuple(sorted(paths)))
    text = sent.statement(record.place, record.machine)
    machine = replace(machine, sent=replace(sent, signature=signing.signer.sign(text)))
    return {own: Entry(ctx.store.put(dump_json(machine)))}


def _is_last(sent: Sent | None, record: Record, signing: _Signing) -> bool:
    """Whether a list is what this machine sent last; whoever may push can put back an older one."""
    counts = (mark.versions.get(record.machine, 0) for mark in signing.marks.values())
    if sent is None or sent.count < max(counts, default=0):
        return False
    text = sent.statement(record.place, record.machine)
    return is_signed(record.signer, text, sent.signature)


def _new_private(ctx: Context, record: Record, files: Tree) -> Iterator[str]:
    """The private files that this machine signs this time, as they are in the repository."""
    if PRIVATE_INDEX not in files:
        return
    said = load_index(ctx.store.read(files[PRIVATE_INDEX].digest)).files
    for path, one in said.items():
        if one.by == record.machine and one.versions.get(record.machine) == record.count:
            with suppress(Invalid):
                yield str(sealed_path(RelPath(path)))


def _signers(record: Record) -> dict[str, str]:
    """The keys that machines sign with, by name."""
    return {
        **{name: keys.signer for name, keys in record.keys.items()},
        record.machine: record.signer,
    }


class _Signing:
    """Collects what is said of one file after the other."""

    def __init__(
        self, record: Record, index: Mapping[str, Said], others: Others, signer: Signer
    ) -> None:
        self.record, self.index, self.others, self.signer = record, index, others, signer
        self.said: dict[str, Said] = {}
        self.new: list[str] = []
        self.marks: dict[str, Mark] = {}

    def leave(self, path: RelPath, mark: Mark | None) -> None:
        """Leave what is said of a file that waits."""
        if path in self.index:
            self.said[path] = self.index[path]
        if mark is not None:
            self.marks[path] = mark

    def say(self, path: RelPath, sealed: str, mark: Mark | None) -> None:
        """Say what this machine has of a file, unless another one that counts says the same already."""
        found = Found(path=path, said=self.index.get(path, NOTHING_SAID), sealed=sealed, mark=mark)
        said = found.said
        if not (self.others.can_stay(found) and reaches(said.versions, found.versions)):
            versions = next_versions(self.record, found.versions)
            said = Said(by=self.record.machine, versions=versions, sealed=sealed)
            text = said.statement(self.record.place, path)
            said = replace(said, signature=self.signer.sign(text))
            if versions[self.record.machine] == self.record.count:
                self.new.append(str(path))
        self.said[path] = said
        self.marks[path] = Mark(versions=said.versions, sealed=sealed)
