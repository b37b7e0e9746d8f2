"""The daily check: look for new releases, tell each owner once, and change nothing."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.watch.news import LOG, Book, Mark, Told
from hermes_dist.decide.watch.owners import Owner
from hermes_dist.errors import DistError, Unreachable
from hermes_dist.model.discreet import Contents
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.ops.change.look_up import ask_ahead
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.package.outdated import Outdated, outdated
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.ops.watch.hide import hide
from hermes_dist.ops.watch.owners import owners_of
from hermes_dist.ops.watch.state import TOLD, changing, read_state, write_state
from hermes_dist.world.agent.sending import Texts, send
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.disk.private import make_private
from hermes_dist.world.files import read_file

LOG_FILE = "watch.log"
_LARGEST_LOG = 256 << 10


class Arrival(Contents, frozen=True, kw_only=True):
    """What a new release would do in one profile.

    Attributes:
        profile: The profile.
        row: What its source has.
        to: The tag to go to, if the profile is pinned to an older one; empty if an update goes there by itself.
        outcome: What an update would do; None if that is refused.
        error: Why it is refused.
    """

    profile: ProfileName
    row: Outdated
    to: str = ""
    outcome: Outcome | None = None
    error: DistError | None = None


class News(Contents, frozen=True, kw_only=True):
    """A new release, and what it would do in each profile that follows it.

    Attributes:
        key: What it is known by: the source, and what that offers.
        source: The source as the lockfile spells it.
        arrivals: What it would do, profile by profile.
    """

    key: str
    source: str
    arrivals: tuple[Arrival, ...]


class Delivery(Struct, frozen=True, kw_only=True):
    """A message to an owner.

    Attributes:
        release: The release that it is about.
        to: The owner.
        sent: Whether it arrived.
        why: What the agent says if it did not.
    """

    release: str
    to: str
    sent: bool
    why: str = ""


class Ran(Contents, frozen=True, kw_only=True):
    """How a check went.

    Attributes:
        told: The releases that are new to the log.
        deliveries: The messages to owners.
        unreachable: The profiles whose source did not answer.
        failed: The profiles that could not be looked at for another reason.
    """

    told: tuple[News, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    unreachable: tuple[ProfileName, ...] = ()
    failed: tuple[Outdated, ...] = ()


Words = Callable[[News, bool], str]
"""Says what is new, in lines: with the words of the author, or without them."""


def wait_a_moment(seconds: int) -> None:
    """Wait for a random time of at most so many seconds."""
    if seconds > 0:
        time.sleep(secrets.randbelow(seconds * 1000) / 1000)


def run(
    ctx: Context, words: Words, message: Callable[[str], str], say: Callable[[str], None]
) -> Ran:
    """Look for new releases and tell about them; nothing is installed, updated or approved.

    Args:
        ctx: The context.
        words: Says what is new, in lines.
        message: Makes a message for a chat out of lines.
        say: Shows lines about a release that is new.

    Raises:
        Busy: Another check runs.
        DistError: The files of the watch can't be read or written.
    """
    with _alone(ctx):
        names = [row.name for row in list_profiles(ctx) if row.managed]
        ask_ahead(ctx, names)
        rows = [outdated(ctx, name) for name in names]
        told: list[News] = []
        deliveries: list[Delivery] = []
        for news, waits in _untold(ctx, rows):
            whole, own = (hide(ctx, words(news, quotes)) for quotes in (True, False))
            if LOG in waits:
                told.append(news)
                _tell_log(ctx, news, whole, say)
            deliveries += _tell_owners(ctx, news, (message(whole), message(own)), waits)
        return _ended(ctx, rows, told, deliveries)


def _untold(ctx: Context, rows: Sequence[Outdated]) -> Iterator[tuple[News, list[str]]]:
    """The releases that somebody was not told about yet, and who that is."""
    for key, source, group in _releases(ctx, rows):
        waits = [to for to in _recipients(ctx) if not _book(ctx).knows(key, to)]
        news = _news(ctx, key, source, group) if waits else None
        if news is not None:
            yield news, waits


def _ended(
    ctx: Context, rows: Sequence[Outdated], told: Sequence[News], deliveries: Sequence[Delivery]
) -> Ran:
    """Note how the check went."""
    away = tuple(row.profile for row in rows if isinstance(row.error, Unreachable))
    failed = tuple(row for row in rows if row.error and row.profile not in away)
    _note(
        ctx,
        lambda book: replace(
            book,
            ran=ctx.now().timestamp(),
            unreachable=tuple(map(str, away)),
            failed=tuple(str(row.profile) for row in failed),
        ),
    )
    return Ran(told=tuple(told), deliveries=tuple(deliveries), unreachable=away, failed=failed)


def last_run(ctx: Context) -> Book:
    """What was told so far, and how the last check went.

    Raises:
        DistError: The file can't be read.
    """
    return _book(ctx)


@contextmanager
def _alone(ctx: Context) -> Iterator[None]:
    folder = ctx.layout.watch
    with suppress(OSError):  # the lock says why it can't be made
        make_private(folder)
    with flock(folder / "run.lock", held="another check for new releases runs"):
        yield


def _releases(ctx: Context, rows: Sequence[Outdated]) -> Iterator[tuple[str, str, list[Outdated]]]:
    """The releases with their keys and sources, each with all profiles that wait for it."""
    groups: dict[tuple[str, str], list[Outdated]] = {}
    for row in rows:
        offered = row.there if row.state == "behind" else _newer_tag(row)
        lock = look_into(ctx, row.profile).lock if offered else None
        if lock is not None:
            groups.setdefault((lock.source, offered), []).append(row)
    for (source, offered), group in groups.items():
        yield f"{source} {offered}", source, group


def _newer_tag(row: Outdated) -> str:
    """The newest version, for a profile that is pinned to an older one; empty for any other."""
    return row.newer[-1] if row.state == "current" and row.newer else ""


def _recipients(ctx: Context) -> list[str]:
    return [LOG, *(owner.name for owner in owners_of(ctx).owners if owner.target)]


def _news(ctx: Context, key: str, source: str, rows: Sequence[Outdated]) -> News | None:
    """Find out what a release would do; None if its source stopped to answer: the next check tries again."""
    arrivals = []
    for row in rows:
        arrival = Arrival(profile=row.profile, row=row, to=_newer_tag(row))
        try:
            request = Request(dry_run=True, to=arrival.to)
            arrivals.append(replace(arrival, outcome=update(ctx, row.profile, request, _never)))
        except Unreachable:
            return None
        except DistError as error:
            arrivals.append(replace(arrival, error=error))
    return News(key=key, source=source, arrivals=tuple(arrivals))


def _never(_proposal: Proposal) -> bool:
    return False


def _tell_log(ctx: Context, news: News, text: str, say: Callable[[str], None]) -> None:
    _mark(ctx, news.key, LOG, Mark.SENT)
    _log(ctx, text)
    say(text)


def _log(ctx: Context, text: str) -> None:
    """Add a text to the log; when that is large, a new one begins, and the one before is kept."""
    path = ctx.layout.watch / LOG_FILE
    before = _bytes(path)
    if len(before) > _LARGEST_LOG:
        atomic_write(path.with_suffix(".log.1"), before)
        before = b""
    stamp = ctx.now().isoformat(timespec="seconds")
    atomic_write(path, before + f"{stamp}\n{text}\n\n".encode("utf-8", "backslashreplace"))


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError:
        return b""


def _tell_owners(
    ctx: Context, news: News, messages: tuple[str, str], waits: Sequence[str]
) -> Iterator[Delivery]:
    for owner in owners_of(ctx).owners:
        if owner.name in waits:
            yield _deliver(ctx, news, messages, owner)


def _deliver(ctx: Context, news: News, messages: tuple[str, str], owner: Owner) -> Delivery:
    """Send a message through the agent.

    What was begun is marked before it is sent: killed in between, a message may be lost, and is never sent twice.
    """
    agent = ctx.agent
    if agent is None:
        why = f"{ctx.brand.title} is not installed"
        return Delivery(release=news.key, to=owner.name, sent=False, why=why)
    texts = Texts(*(ctx.layout.watch / f"message-{os.getpid()}-{n}.txt" for n in range(2)))
    for path, text in zip(texts, messages, strict=True):
        atomic_write(path, text.encode("utf-8", "backslashreplace"))
    _mark(ctx, news.key, owner.name, Mark.BEGUN)
    try:
        sent = send(agent, ctx.layout, _speaking(ctx, owner), owner.target, texts, ctx.env)
    except DistError as error:
        # It did not end in time, so nobody knows: the mark stays.
        return Delivery(release=news.key, to=owner.name, sent=False, why=error.what)
    finally:
        for path in texts:
            path.unlink(missing_ok=True)
    if sent.code == 0:
        _mark(ctx, news.key, owner.name, Mark.SENT)
        return Delivery(release=news.key, to=owner.name, sent=True)
    _note(ctx, lambda book: book.forgetting(news.key, owner.name))
    return Delivery(release=news.key, to=owner.name, sent=False, why=sent.line)


def _speaking(ctx: Context, owner: Owner) -> ProfileName:
    """The profile whose bot the owner talks to; the default one if that is gone."""
    if owner.profile:
        with suppress(DistError):
            return ctx.profile(owner.profile)
    return DEFAULT_PROFILE


def _mark(ctx: Context, release: str, to: str, mark: Mark) -> None:
    told = Told(release=release, to=to, mark=mark, at=ctx.now().timestamp())
    _note(ctx, lambda book: book.marking(told))


def _note(ctx: Context, change: Callable[[Book], Book]) -> None:
    with changing(ctx.layout):
        write_state(ctx.layout, TOLD, change(_book(ctx)))


def _book(ctx: Context) -> Book:
    return read_state(ctx.layout, TOLD, Book())
