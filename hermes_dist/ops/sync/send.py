"""What a machine sends: the shared form of its home, on top of what the others sent, without a secret."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.leaving.examples import examples_of
from hermes_dist.decide.leaving.export import wanted_blobs
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.decide.sync.outgoing import Gate, Sending, after_sending, find_secrets_in, outgoing
from hermes_dist.decide.sync.package import to_send
from hermes_dist.decide.sync.shared import Facts, shared_form
from hermes_dist.errors import DistError, Refused, UsageError, counted, quoted
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import RelPath, folders_of
from hermes_dist.model.source import SourceKind, SourceSpec
from hermes_dist.model.sync.meeting import (
    ABOUT,
    BASE,
    GONE,
    MACHINES,
    PACKAGE,
    PRIVATE,
    PRIVATE_INDEX,
    PROFILE,
    README,
    RECIPIENTS,
    About,
    base_path,
    dump_json,
    in_home,
    inside,
    into,
    readme,
)
from hermes_dist.model.sync.record import Seen
from hermes_dist.model.tree import EMPTY, Entry, Read, Tree, together
from hermes_dist.ops.change.machine_secrets import secrets_of
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, first_of, observe
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.counted import Counted
from hermes_dist.ops.sync.incoming import SyncedHome, pin_at
from hermes_dist.ops.sync.meeting import Meeting, Place, Push
from hermes_dist.ops.sync.roster import about_files

_MOST = 10


class Outgoing(Struct, frozen=True, kw_only=True):
    """Everything that would be sent.

    Attributes:
        sending: The shared files.
        push: The commit.
        package: The lockfile of the package as it would be there; empty for none.
        received: What this machine has received once that is sent.
        variables: Names of variables that take the place of secrets.
        held: Files that can't be read as data, so the others' version stays.
        waiting: Files that stay there as they are, by their path in the repository, with the machine that wrote each.
    """

    sending: Sending
    push: Push
    package: str
    received: Lock
    variables: tuple[str, ...] = ()
    held: tuple[RelPath, ...] = ()
    waiting: Mapping[RelPath, str] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[RelPath, ...]:
        """The shared files that would change there."""
        return self.sending.changes

    @property
    def is_new(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.push.changes)

    def seen(self, commit: str, before: Seen) -> Seen:
        """What this machine has seen once that is sent, apart from who signed what."""
        pin = self.received.pin._replace(commit=commit)
        lock = dump_lock(self.received.with_top(pin=pin)).decode()
        return replace(before, commit=commit, lock=lock, package=self.package)


def outgoing_of(
    ctx: Context,
    place: Place,
    counts: Counted | None,
    home: SyncedHome,
    also: Tree = EMPTY,
    allowed: frozenset[str] = frozenset(),
) -> Outgoing:
    """Work out what a machine sends; nothing is written and nothing is sent.

    Args:
        ctx: The context.
        place: The meeting place.
        counts: What of it counts here; None for an empty repository.
        home: The home, which has received all of that.
        also: What else the repository is to hold: machines, recipients and what is encrypted, all of it; contents are
            in the store. Empty to leave these as they are.
        allowed: Findings that the user allows, as ``FILE:LINE``.

    Raises:
        Refused: A secret would leave; the error names the places.
        DistError: The home can't be read.
    """
    base = home.base
    meeting = counts.meeting if counts else None
    theirs = counts.profile if counts else EMPTY
    named = {**theirs, **base, **_shipped(home)}
    seen = observe(ctx, home.itself, Tree(named), received=base)
    form = shared_form(_facts(home, seen, base))
    read = together(form.blobs, first_of(seen.read, ctx.store.read))
    sending = outgoing(base, form.tree, theirs, read)
    waiting = _waiting(counts, sending.tree)
    sending = _without_waiting(sending, theirs, meeting, waiting)
    read = together(sending.blobs, read)
    gate = _gate(ctx, home, place, read)
    _refuse_secrets(sending, theirs, read, gate, allowed)
    ctx.store.put_many([*form.blobs.values(), *sending.blobs.values()])
    files = {**into(sending.tree, PROFILE), **_about(ctx, meeting, home, also)}
    text = home.record.seen.package
    if PACKAGE not in waiting:
        text = _package_text(ctx, counts, home)
        files |= _package(ctx, text, meeting, sending.tree, read, gate)
    files = _with_waiting(files, meeting, waiting)
    files |= about_files(ctx, home.record, meeting)
    missing = ctx.store.lacking(entry.digest for entry in files.values())
    ctx.store.put_many(map(read, missing))
    return Outgoing(
        sending=sending,
        push=Push(
            onto=meeting,
            files=Tree(files),
            message=_message(home, sending.changes),
            read=ctx.store.read,
        ),
        package=text,
        received=_received(place, home, home.lock, sending.tree),
        variables=form.variables,
        held=form.held,
        waiting=waiting,
    )


def _shipped(home: SyncedHome) -> Tree:
    """What the profile's package brought."""
    lock = home.itself.lock
    return lock.theirs() if lock else EMPTY


def _waiting(counts: Counted | None, tree: Tree) -> dict[RelPath, str]:
    """What waits at the meeting place; a file that is the same here by now does not."""
    if counts is None:
        return {}
    there = counts.meeting.profile
    waiting = {
        path: by
        for path, by in counts.waiting.items()
        if path == PACKAGE or tree.get(in_home(path)) != there.get(in_home(path))
    }
    return waiting | dict(_in_the_way(tree, {in_home(p): by for p, by in waiting.items()}, there))


def _in_the_way(
    tree: Tree, waiting: Mapping[RelPath, str], there: Tree
) -> Iterator[tuple[RelPath, str]]:
    """The files that can't be sent because one that waits is where they need a folder, or needs a folder there."""
    standing = {path: by for path, by in waiting.items() if path in there}
    for path in tree if standing else ():
        for folder in folders_of([path]) & standing.keys():
            yield PROFILE / path, standing[RelPath(folder)]
    for path, by in standing.items():
        for folder in folders_of([path]) & tree.keys():
            yield PROFILE / folder, by


def _without_waiting(
    sending: Sending, theirs: Tree, meeting: Meeting | None, waiting: Collection[RelPath]
) -> Sending:
    """Send nothing of files that wait: what changed in them here stays unsent."""
    held = {in_home(path): theirs.get(in_home(path)) for path in waiting if path != PACKAGE}
    tree = sending.tree.with_entries(held)
    there = meeting.profile if meeting else EMPTY
    changes = tuple(path for path in tree.differing(there) if path not in held)
    return replace(sending, tree=tree, changes=changes)


def _with_waiting(
    files: Mapping[RelPath, Entry], meeting: Meeting | None, waiting: Collection[RelPath]
) -> dict[RelPath, Entry]:
    """Leave the files that wait as they are at the meeting place."""
    made = {path: entry for path, entry in files.items() if path not in waiting}
    if meeting is None:
        return made
    made |= {path: entry for path, entry in meeting.whole.items() if path in waiting}
    if PACKAGE in waiting:
        made |= into(inside(meeting.whole, BASE), BASE)
    return made


def _package_text(ctx: Context, counts: Counted | None, home: SyncedHome) -> str:
    """The lockfile of the package as it is sent; empty for a profile without one."""
    lock = home.itself.lock
    if lock is None:
        return ""
    waiting = tuple(home.lock.upstream) if home.lock else ()
    sent = to_send(lock, counts.package if counts else None, waiting)
    return dump_lock(Mask.of(ctx, home.path).lock(sent)).decode()


def _facts(home: SyncedHome, seen: Observed, base: Tree) -> Facts:
    lock = home.itself.lock
    paths = {*base, *(lock.theirs() if lock else ())}
    return Facts(
        ours=seen.ours,
        found=seen.found,
        base=base,
        hidden=tuple(path for path in paths if seen.hides(path)),
        package=lock.theirs() if lock else EMPTY,
        kept=lock.kept if lock else (),
        package_name=lock.name if lock else str(home.name),
        read=seen.read,
    )


def _gate(ctx: Context, home: SyncedHome, place: Place, read: Read) -> Gate:
    secrets = set(secrets_of(ctx, home.path, home.itself.lock, leaving=True).values())
    login = place.url.partition("://")[2].rpartition("@")[0]
    secrets |= {part for part in (login, login.partition(":")[2]) if part}
    return Gate(secrets=frozenset(secrets), examples=examples_of(home.itself.lock, read))


def _refuse_secrets(
    sending: Sending, theirs: Tree, read: Read, gate: Gate, allowed: frozenset[str]
) -> None:
    """Refuse to send a secret.

    Raises:
        UsageError: A place that is allowed is none where something was found.
        Refused: There is one.
    """
    leaks = sorted(set(find_secrets_in(sending.tree, theirs, read, gate)))
    places = {f"{leak.path}:{leak.line}" for leak in leaks}
    if unknown := sorted(allowed - places):
        raise UsageError(
            f"--allow-finding {quoted(unknown[0], 100)}: nothing was found there",
            hint="write FILE:LINE as the error shows it",
        )
    left = [leak for leak in leaks if f"{leak.path}:{leak.line}" not in allowed]
    if left:
        shown = "; ".join(map(str, left[:_MOST]))
        more = f"; and {counted(len(left) - _MOST, 'more place')}" if len(left) > _MOST else ""
        raise Refused(
            f"this must not leave the machine: {shown}{more}",
            hint="nothing was sent; move it to .env, or allow one with --allow-finding FILE:LINE",
        )


def _about(
    ctx: Context, meeting: Meeting | None, home: SyncedHome, also: Tree
) -> dict[RelPath, Entry]:
    """What the repository says about itself, and what this machine does not change there."""
    if meeting is None:
        record = home.record
        about = About(
            profile=str(home.name),
            carried=record.carried,
            place=record.place,
            signer=record.signer,
        )
        joining = ctx.brand.spelled("", "sync join NAME URL")
        made = {ABOUT: dump_json(about), README: readme(ctx.brand.title, joining)}
        return {path: Entry(ctx.store.put(data)) for path, data in made.items()} | dict(also)
    replaced = {path for path in meeting.whole if _is_ours(path)}
    if also:
        replaced |= {path for path in meeting.whole if is_also(path)}
    kept = {path: entry for path, entry in meeting.whole.items() if path not in replaced}
    return {**kept, **also}


def _is_ours(path: RelPath) -> bool:
    return path.under(PROFILE) or path == PACKAGE or path.under(BASE)


def is_also(path: RelPath) -> bool:
    """Whether a file of the repository is about machines, or encrypted."""
    about = path in (RECIPIENTS, PRIVATE_INDEX, GONE)
    return about or path.under(MACHINES) or path.under(PRIVATE)


def _package(
    ctx: Context, text: str, meeting: Meeting | None, tree: Tree, read: Read, gate: Gate
) -> dict[RelPath, Entry]:
    """The package's lockfile, and the contents that merging needs later; nothing for a profile without a package."""
    if not text:
        return {}
    files = {PACKAGE: Entry(ctx.store.put(text.encode()))}
    there = meeting.whole if meeting else EMPTY
    for digest in wanted_blobs(load_lock(text.encode()), tree):
        known = there.get(base_path(digest))
        if known is not None and known.digest == digest:
            files[base_path(digest)] = known
            continue
        try:
            content = read(digest)
        except DistError:
            continue  # lost here; the others know what they have of it
        if not scan(PACKAGE, content, gate.secrets, shipped=True):
            files[base_path(digest)] = Entry(ctx.store.put(content))
    return files


def _message(home: SyncedHome, changes: tuple[RelPath, ...]) -> str:
    return f"{home.record.machine}: {counted(len(changes), 'file')}"


def _received(place: Place, home: SyncedHome, received: Lock | None, sent: Tree) -> Lock:
    begun = received or _first(place, home, sent)
    after = after_sending(begun, sent)
    approved = () if home.itself.lock is not None else after.approved
    return replace(after, kept=frozenset(), generation=0, approved=approved)


def _first(place: Place, home: SyncedHome, sent: Tree) -> Lock:
    spec = SourceSpec(kind=SourceKind.GIT, location=place.shown, subfolder=PROFILE)
    pin = pin_at(place.shown, place.branch, "", sent)
    return Lock(packages=(LockedPackage(source=str(spec), pin=pin, name=str(home.name)),))
