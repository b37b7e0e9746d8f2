"""What a machine sends: the shared form of its home, on top of what the others sent, without a secret."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.leaving.examples import examples_of
from hermes_dist.decide.leaving.export import wanted_blobs
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.decide.sync.outgoing import Gate, Sending, after_sending, find_secrets_in, outgoing
from hermes_dist.decide.sync.package import to_send
from hermes_dist.decide.sync.shared import Facts, shared_form
from hermes_dist.errors import DistError, Refused, UsageError, counted
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import SourceKind, SourceSpec
from hermes_dist.model.sync.meeting import (
    ABOUT,
    BASE,
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
    into,
    readme,
)
from hermes_dist.model.sync.record import Seen
from hermes_dist.model.tree import EMPTY, Entry, Read, Tree, together
from hermes_dist.ops.change.machine_secrets import secrets_of
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import Observed, first_of, observe
from hermes_dist.ops.context import Context
from hermes_dist.ops.sync.incoming import SyncedHome, pin_at
from hermes_dist.ops.sync.meeting import Meeting, Place, Push

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
    """

    sending: Sending
    push: Push
    package: str
    received: Lock
    variables: tuple[str, ...] = ()
    held: tuple[RelPath, ...] = ()

    @property
    def changes(self) -> tuple[RelPath, ...]:
        """The shared files that would change there."""
        return self.sending.changes

    @property
    def is_new(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.push.changes)

    def seen(self, commit: str, before: Seen) -> Seen:
        """What this machine has seen once that is sent."""
        pin = self.received.pin._replace(commit=commit)
        lock = dump_lock(self.received.with_top(pin=pin)).decode()
        return replace(before, commit=commit, lock=lock, package=self.package)


def outgoing_of(
    ctx: Context,
    place: Place,
    meeting: Meeting | None,
    home: SyncedHome,
    also: Tree = EMPTY,
    allowed: frozenset[str] = frozenset(),
) -> Outgoing:
    """Work out what a machine sends; nothing is written and nothing is sent.

    Args:
        ctx: The context.
        place: The meeting place.
        meeting: What it holds; None for an empty repository.
        home: The home, which has received all of that.
        also: What else the repository is to hold: machines, recipients and what is encrypted, all of it; contents are
            in the store. Empty to leave these as they are.
        allowed: Findings that the user allows, as ``FILE:LINE``.

    Raises:
        Refused: A secret would leave; the error names the places.
        DistError: The home can't be read.
    """
    base = home.base
    theirs = meeting.profile if meeting else EMPTY
    lock = home.itself.lock
    named = {**theirs, **base, **(lock.theirs() if lock else {})}
    seen = observe(ctx, home.itself, Tree(named))
    form = shared_form(_facts(home, seen, base))
    read = together(form.blobs, first_of(seen.read, ctx.store.read))
    sending = outgoing(base, form.tree, theirs, read)
    read = together(sending.blobs, read)
    gate = _gate(ctx, home, place, read)
    _refuse_secrets(sending, theirs, read, gate, allowed)
    files = {**into(sending.tree, PROFILE), **_about(ctx, meeting, home, also)}
    ctx.store.put_many([*form.blobs.values(), *sending.blobs.values()])
    text = _package_text(ctx, meeting, home)
    if text:
        files |= _package(ctx, text, meeting, sending.tree, read, gate)
    files |= _newer_formats(ctx, meeting)
    missing = {entry.digest for entry in files.values() if not ctx.store.has(entry.digest)}
    ctx.store.put_many(read(digest) for digest in sorted(missing))
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
    )


def _package_text(ctx: Context, meeting: Meeting | None, home: SyncedHome) -> str:
    """The lockfile of the package as it is sent; empty for a profile without one."""
    lock = home.itself.lock
    if lock is None:
        return ""
    waiting = tuple(home.lock.upstream) if home.lock else ()
    sent = to_send(lock, meeting.package if meeting else None, waiting)
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
    secrets = set(secrets_of(ctx, home.path, leaving=True).values())
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
            f"--allow-finding {unknown[0]!r:.100}: nothing was found there",
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
        about = About(profile=str(home.name), carried=home.record.carried)
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
    return path in (RECIPIENTS, PRIVATE_INDEX) or path.under(MACHINES) or path.under(PRIVATE)


def _newer_formats(ctx: Context, meeting: Meeting | None) -> dict[RelPath, Entry]:
    """Say in which format the lockfiles are, if an older program said so before."""
    if meeting is None:
        return {}
    now = About(profile=meeting.about.profile, carried=meeting.about.carried)
    if (meeting.about.format, meeting.about.lock) == (now.format, now.lock):
        return {}
    return {ABOUT: Entry(ctx.store.put(dump_json(now)))}


def _package(
    ctx: Context, text: str, meeting: Meeting | None, tree: Tree, read: Read, gate: Gate
) -> dict[RelPath, Entry]:
    """The package's lockfile, and the contents that merging needs later."""
    files = {PACKAGE: Entry(ctx.store.put(text.encode()))}
    there = meeting.whole if meeting else EMPTY
    for digest in wanted_blobs(load_lock(text.encode()), tree):
        if base_path(digest) in there:
            files[base_path(digest)] = there[base_path(digest)]
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
