"""The command ``watch answer``: what the agent's plugin asks with, for somebody in a chat."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from hermes_dist.cli.package.diff import show_diff
from hermes_dist.cli.package.inspect import show_outdated
from hermes_dist.cli.package.status import show
from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.request import show_outcome
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.watch.captured import captured
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.look_up import ask_ahead
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import diff as differing
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.ops.watch import chat as ops
from hermes_dist.ops.watch.chat import Speaker, Standing, Wish
from hermes_dist.ops.watch.codes import CodeRefused
from hermes_dist.ops.watch.hide import hide
from hermes_dist.voice.clean import clean
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.watch import answers
from hermes_dist.voice.watch.chat_text import for_chat, one_line

_LARGEST = 64 << 10


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the plugin sends: the words behind ``/dist``, and who typed them."""

    format: int
    text: str
    speaker: Speaker


@command
def answer(session: Session) -> int:
    request = _read()
    text = _answered(session.ctx, request)
    Screen(as_json=True).emit("watch-answer", {"text": text})
    return 0


def _read() -> _Request:
    """Read the request from standard input.

    Raises:
        Invalid: It is none.
    """
    data = sys.stdin.buffer.read(_LARGEST + 1)
    hint = "this command is for the agent's plugin; in a chat, type /dist"
    if len(data) > _LARGEST:
        raise Invalid("the request is too large", where="standard input", hint=hint)
    try:
        request = msgspec.json.decode(data, type=_Request)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Invalid("this is no request", where="standard input", hint=hint) from error
    if request.format != 1:
        raise Invalid("another version of the plugin sent this", where="standard input", hint=hint)
    return request


def _answered(ctx: Context, request: _Request) -> str:
    """Answer as the speaker's standing allows; what is wrong becomes an answer, too."""
    speaker, dist = request.speaker, ctx.brand.dist_command
    try:
        standing = ops.standing(ctx, speaker)
    except DistError as error:
        # Nobody knows who owns the chats. Only who sits at the machine hears why.
        if speaker.is_terminal:
            return answers.error_text(error, ctx.command)
        return one_line(answers.refusal(Standing.NOBODY, speaker, dist))
    if standing not in _ANSWERS:
        return one_line(answers.refusal(standing, speaker, dist))
    try:
        return _ANSWERS[standing](ctx, speaker, request.text)
    except DistError as error:
        if standing is Standing.READER:
            return one_line(answers.refusal(standing, speaker, dist))
        return for_chat(hide(ctx, answers.error_text(error, ctx.command)))


def _to_reader(ctx: Context, speaker: Speaker, text: str) -> str:
    """Nobody owns the chats: say versions, and nothing else."""
    wish = ops.wish_of(text)
    said = answers.refusal(Standing.READER, speaker, ctx.brand.dist_command)
    if wish.verb not in ("status", "outdated") or wish.profile:
        return one_line(said)
    name = ops.profile_of(ctx, speaker, wish)
    return one_line(f"{answers.versions_text(outdated(ctx, name), name)} {said}")


def _to_terminal(ctx: Context, speaker: Speaker, text: str) -> str:
    """The agent's own terminal: show all there is, and change nothing."""
    wish = ops.wish_of(text)
    name = ops.profile_of(ctx, speaker, wish)
    if wish.writes:
        said = answers.at_the_terminal(wish, name, ctx.brand.dist_command)
        return hide(ctx, said)
    return hide(ctx, _shown(ctx, name, wish))


def _to_owner(ctx: Context, speaker: Speaker, text: str) -> str:
    ops.remember(ctx, speaker)
    wish = ops.wish_of(text)
    name = ops.profile_of(ctx, speaker, wish)
    dist = ctx.brand.dist_command
    if not wish.writes:
        return for_chat(hide(ctx, _shown(ctx, name, wish)), f"{dist} {wish.verb} {name}")
    said = (
        _carried_out(ctx, speaker, name, wish) if wish.code else _proposed(ctx, speaker, name, wish)
    )
    return for_chat(hide(ctx, said), f"{dist} {wish.verb} {name} -n")


_ANSWERS: Mapping[Standing, Callable[[Context, Speaker, str], str]] = {
    Standing.READER: _to_reader,
    Standing.TERMINAL: _to_terminal,
    Standing.OWNER: _to_owner,
}


def _shown(ctx: Context, name: ProfileName, wish: Wish) -> str:
    """What a command that changes nothing says."""
    if wish.verb == "help":
        return answers.help_text()
    return captured(ctx, partial(_SHOWS[wish.verb], name=name, every=wish.profile is None))


def _status(session: Session, *, name: ProfileName, every: bool) -> None:
    del every
    show(session, [name], together=False, exit_code=False)


def _outdated(session: Session, *, name: ProfileName, every: bool) -> None:
    names = [row.name for row in list_profiles(session.ctx) if row.managed] if every else [name]
    ask_ahead(session.ctx, names)
    show_outdated(session, [outdated(session.ctx, each) for each in names])


def _diff(session: Session, *, name: ProfileName, every: bool) -> None:
    del every
    found = differing.diff(session.ctx, name)
    for odd in found.unread:
        session.screen.say(f"{clean(odd.path)}: {clean(why_words(odd))}")
    if found.same:
        session.screen.say("Nothing differs.")
    show_diff(session, found.files)


_SHOWS: Mapping[str, Callable[..., None]] = {
    "status": _status,
    "outdated": _outdated,
    "diff": _diff,
}


def _proposed(ctx: Context, speaker: Speaker, name: ProfileName, wish: Wish) -> str:
    """Show what would be done, and how that is confirmed."""
    outcome, asked = ops.propose(ctx, speaker, name, wish)
    said = _outcome_text(ctx, outcome)
    if asked is None:
        return said
    return said + answers.next_steps(asked, ctx.brand.dist_command, ops.MINUTES)


def _carried_out(ctx: Context, speaker: Speaker, name: ProfileName, wish: Wish) -> str:
    asked = ops.asked_for(ctx, speaker, name, wish)
    try:
        return _outcome_text(ctx, ops.carry_out(ctx, asked, wish.code))
    except CodeRefused as error:
        return answers.code_refused(error.verdict, error.left, asked)
    except ops.OtherPlan:
        return answers.other_plan(asked)


def _outcome_text(ctx: Context, outcome: Outcome) -> str:
    return captured(ctx, partial(show_outcome, outcome=outcome))
