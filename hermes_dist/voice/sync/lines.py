"""The sentences of ``sync``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hermes_dist.brand import PRIVATE
from hermes_dist.decide.sync.known import print_of
from hermes_dist.errors import counted, first_few
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.model.sync.meeting import ABOUT, PACKAGE, in_home
from hermes_dist.ops.change.review import groups_of
from hermes_dist.voice.clean import clean

if TYPE_CHECKING:
    from hermes_dist.ops.sync.begin import Joining
    from hermes_dist.ops.sync.machines import Changed
    from hermes_dist.ops.sync.noticed import Noticed
    from hermes_dist.ops.sync.now import Synced
    from hermes_dist.ops.sync.private import Deletion
    from hermes_dist.ops.sync.status import Standing

_MOST = 12
_FEW = 4
TRASH = f"{PRIVATE}/trash"
"""Where in a profile the trash is."""


def going_lines(paths: Sequence[RelPath], url: str, carried: Sequence[str] = ()) -> Iterator[str]:
    """Say what goes to the meeting place: files, and what is encrypted."""
    if not paths and not carried:
        return
    yield f"Goes to {clean(without_credentials(url))}:"
    yield from (f"  {clean(path)}" for path in paths[:_MOST])
    if len(paths) > _MOST:
        yield f"  … and {len(paths) - _MOST} more; -v lists them"
    if carried:
        yield f"  {' and '.join(map(clean, carried))}, encrypted"


def _url(found: Noticed) -> str:
    """The address of the meeting place."""
    return clean(without_credentials(found.record.url))


def joining_lines(joining: Joining) -> Iterator[str]:
    """Say what joining sends, and who can read it."""
    record = joining.record
    for name, keys in joining.trusted.items():
        yield f"This machine will take in what {clean(name)} signs; its keys: {keys}."
    yield from going_lines(joining.going, record.url)
    carried = " and ".join(map(clean, record.carried))
    if not carried:
        yield "Memories and sessions stay on this machine."
        return
    if joining.private:
        number = counted(len(joining.private), "file")
        readers = ", ".join(map(clean, joining.readers)) or "this machine alone"
        yield f"Your {carried} go there, too: {number}, encrypted; who can read them: {readers}."
    others = " or ".join(map(clean, joining.readers)) or "another machine"
    yield f"The {carried} of the others come here once {others} accepts this machine."


def done_words(done: Synced) -> str:
    """Sum up what was done."""
    came = sum(len(outcome.proposal.steps) for outcome in done.outcomes if outcome.proposal)
    standing = "is in sync"
    if done.conflicts:
        standing = f"is in sync except for {counted(len(done.conflicts), 'conflict')}"
    if not came and not done.pushed:
        return f"{done.profile} {standing}."
    facts = [f"{counted(came, 'file')} in", f"{counted(len(done.sent), 'file')} out"]
    return f"{done.profile} {standing}: {', '.join(facts)}."


def remarks(done: Synced) -> Iterator[str]:
    """Say what did not travel, and why."""
    if done.variables:
        names = ", ".join(map(clean, done.variables))
        yield f"secrets stayed here; the other machines read these variables: {names}"
    if done.private:
        yield f"memories and sessions that came in: {counted(len(done.private), 'file')}"
    if done.unread:
        number = counted(len(done.unread), "file")
        yield (
            f"{number} of memories and sessions can't be read here yet: accept {done.record.machine} on another "
            "machine, sync there, then here"
        )
    if done.deleted and not done.dry_run:
        number = counted(len(done.deleted), "file")
        yield f"{number} of memories and sessions went to the trash of the profile: {TRASH}"
    if done.returned:
        number = counted(len(done.returned), "file")
        yield (
            f"{number} of memories and sessions had been deleted or replaced at the meeting place by somebody who is "
            "none of your machines; what is here was sent again"
        )
        yield f"check who can push to {_url(done)}"
    if done.unsigned:
        number = counted(len(done.unsigned), "file")
        yield f"not taken in, as none of your machines signed it: {number} of memories and sessions"
    if done.rewritten:
        yield "the history of the meeting place was rewritten; what this machine saw there is there, or was put back"
    yield from withheld_lines(done)
    for path in done.held:
        yield f"{clean(path)} can't be read, so the version of the others stays there"


def deletion_lines(found: Sequence[Deletion]) -> Iterator[str]:
    """Say which memories and sessions other machines deleted."""
    for name in sorted({one.by for one in found}):
        yield f"{clean(name)} deleted:"
        paths = [one.path for one in found if one.by == name]
        yield from (f"  {clean(path)}" for path in paths[:_MOST])
        if len(paths) > _MOST:
            yield f"  … and {len(paths) - _MOST} more"


def deletion_question(found: Sequence[Deletion]) -> str:
    """Ask whether they go here, too."""
    if len(found) == 1:
        return "Move it to the trash here, too? If not, it stays and goes back to the others."
    return "Move them to the trash here, too? If not, they stay and go back to the others."


def strangers(done: Synced) -> Iterator[tuple[str, str]]:
    """Say which machines are not accepted here, and why that counts: the name of each, and a sentence."""
    carried = " and ".join(done.record.carried)
    for name in sorted({*done.changed, *done.unknown, *done.strange}):
        waiting = done.strange.get(name, ())
        waits = f"; what it wrote waits: {_some(waiting)}" if waiting else ""
        if name in done.changed:
            yield name, f"{clean(name)} has other keys than when it was first seen here{waits}"
        elif carried:
            yield name, f"{clean(name)} asks to read {carried}{waits}"
        else:
            yield name, f"{clean(name)} is not accepted here{waits}"


def _some(paths: Sequence[RelPath]) -> str:
    """The first of some files, on one line."""
    return first_few([clean(path) for path in paths], _FEW)


def unvouched_lines(done: Synced) -> Iterator[str]:
    """Say what waits because none of the machines left it as it is at the meeting place."""
    if not done.unvouched:
        return
    yield f"none of your machines signed this at {_url(done)}, so it waits there:"
    for path in done.unvouched[:_MOST]:
        yield f"  {clean(path)}, {_what_happened(path, done)}"
    if len(done.unvouched) > _MOST:
        yield f"  … and {len(done.unvouched) - _MOST} more"


def _what_happened(path: RelPath, done: Synced) -> str:
    meeting, known = done.meeting, {in_home(RelPath(each)) for each in done.record.seen.shared}
    if meeting is not None and path != PACKAGE and path not in meeting.profile:
        return "deleted"
    return "changed" if path in known else "new"


def damage_lines(done: Synced) -> Iterator[str]:
    """Say which files about machines were damaged at the meeting place, and what becomes of that."""
    for path in done.mended:
        yield f"{clean(path)} was missing or damaged at the meeting place; this machine wrote it again"
    for path in done.damaged:
        yield _damage(path, done)


def _damage(path: RelPath, found: Noticed) -> str:
    where = _url(found)
    if path == ABOUT:
        return (
            f"{clean(path)} is missing or damaged at {where}; this machine knows what it said, and the next sync now "
            "writes it again. Check who may write there"
        )
    return (
        f"{clean(path)} can't be read at {where}, so what that machine wrote waits; to mend it, run sync now on that "
        "machine, or bring the file back from the repository's history; if there is no such machine, delete it there"
    )


def withheld_lines(found: Noticed) -> Iterator[str]:
    """Say what somebody holds back of what machines sent, and what to do."""
    for name, paths in found.withheld.items():
        yield (
            f"{clean(name)} sent this together with what is at the meeting place, and it is missing there or older: "
            f"{_some([in_home(path) for path in paths])}"
        )
        yield (
            f"check who can push to {_url(found)}, and run sync now on {clean(name)}, which "
            "says what to put back; if that machine is no more, take it off with sync forget"
        )


def status_warnings(found: Standing) -> Iterator[str]:
    """Say what waits, what is held back, and what is damaged."""
    if found.older:
        yield clean(found.older, 400)
    yield from withheld_lines(found)
    for name, paths in found.strange.items():
        yield f"{clean(name)} is not accepted here; what it wrote waits: {_some(paths)}"
    if found.unvouched:
        yield f"not signed by any of your machines, so it waits: {_some(found.unvouched)}"
    for path in found.damaged:
        yield _damage(path, found)


def forgotten_lines(done: Changed) -> Iterator[str]:
    """Say what becomes of what a machine wrote that is forgotten."""
    yield "what came in from it stays; what it writes from now on is taken in by none of your machines"
    if done.dropped:
        yield f"it also wrote this, which is not here and is not taken in any more: {_some(done.dropped)}"
    yield "the others hear of it with their next sync"


def machine_rows(found: Standing) -> Iterator[tuple[str, str]]:
    """The fingerprints of the machines' keys, and which of them count here."""
    for name, one in sorted(found.machines.items()):
        if one.signer:
            yield (
                f"Keys of {clean(name)}",
                f"{print_of(one.key, one.signer)}{_standing_of(name, found)}",
            )


def _standing_of(name: str, found: Standing) -> str:
    if name in found.changed:
        return ", other ones than first seen here"
    return "" if name in found.accepted else ", not accepted here"


def standing_rows(found: Standing) -> Iterator[tuple[str, str]]:
    """Where the sync of a profile stands, as names and values."""
    record = found.record
    yield "Meeting place", _url(found)
    yield "This machine", record.machine
    others = sorted(set(found.machines) - {record.machine})
    yield "State", record.seen.commit or "none yet"
    yield "Others", ", ".join(others) or "none yet"
    yield "Also synced", ", ".join(record.carried) or "no memories or sessions"
    yield from machine_rows(found)
    yield "Coming in", counted(len(found.coming), "file")
    yield "Going out", counted(len(found.going), "file")
    if found.conflicts:
        yield "In conflict", ", ".join(map(clean, found.conflicts))
    if found.waiting:
        yield (
            "To approve",
            ", ".join(clean(group.label or group.name) for group in groups_of(found.parked)),
        )
