"""What is answered in a chat, apart from what commands say."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from hermes_dist.decide.watch.asking import USAGE, Wish
from hermes_dist.decide.watch.codes import Asked, Verdict
from hermes_dist.decide.watch.owners import Speaker, Standing
from hermes_dist.errors import DistError, counted
from hermes_dist.ops.package.outdated import Outdated
from hermes_dist.voice.clean import clean

_NOBODY = (
    "hermes-dist answers only what a person typed in a chat that vouches for who writes. "
    "At the terminal: {command} status"
)
_STRANGER = "This is for the owner of this machine alone. You are {who}."
_GROUP = "Others read along here. Ask in a direct chat."
_READER = (
    "Nobody owns the chats of this machine yet, so you see only versions here. If you are its owner, type this at its "
    "terminal: {command} watch owner add {platform} {person}"
)
_TERMINAL = "Changes are typed at the terminal itself: {words}"


def refusal(standing: Standing, speaker: Speaker, command: str) -> str:
    """Say why somebody gets no answer."""
    platform, person = clean(speaker.platform, 40), clean(speaker.person, 200)
    if standing is Standing.STRANGER:
        return _STRANGER.format(who=f"{platform}:{person}")
    if standing is Standing.GROUP:
        return _GROUP
    if standing is Standing.READER:
        return _READER.format(
            command=command, platform=shlex.quote(platform), person=shlex.quote(person)
        )
    return _NOBODY.format(command=command)


def help_text() -> str:
    """Say what can be asked for."""
    return f"{USAGE}\nEach takes -p PROFILE for another profile than the one of this chat."


def versions_text(row: Outdated, name: str) -> str:
    """Say which version a profile has and whether there is a newer one, and nothing else of it."""
    if row.state == "none":
        return f"{name} holds no package."
    if row.state == "error":
        return f"{name}: what is new is not known now."
    here = clean(row.version or row.here, 60)
    if row.state == "current":
        return f"{name} {here} is up to date."
    return f"{name} {here}; there is {clean(row.in_range or row.there, 60)}."


def at_the_terminal(wish: Wish, profile: str, command: str) -> str:
    """Say which command does the same at the terminal."""
    about = [shlex.quote(clean(word)) for word in wish.words]
    if wish.verb == "resolve":
        about[1] = f"--{wish.words[1]}"
    words = [command, wish.verb, profile, *about]
    return _TERMINAL.format(words=" ".join(words))


def next_steps(asked: Asked, command: str, minutes: int) -> str:
    """Say how a plan is carried out."""
    return "\n".join(
        [
            "",
            f"Plan {asked.id}. To carry it out:",
            f"1. at the terminal: {command} watch code {asked.id}",
            f"2. here, within {minutes} minutes: {in_chat(asked)} CODE",
        ]
    )


def in_chat(asked: Asked) -> str:
    """What an owner types in the chat for a plan, without the code."""
    return " ".join(["/dist", asked.verb, *(clean(word) for word in asked.words)])


_CODES = {
    Verdict.NONE: "No code was shown for anything, or it is used up.",
    Verdict.OVER: "The time of this code is over.",
    Verdict.WRONG: "This is not the code that the terminal shows.",
    Verdict.OTHER_PLAN: "This code was shown for another plan.",
    Verdict.NO_TRIES: "This is not the code that the terminal showed, which is no longer valid after five tries.",
}


def code_refused(verdict: Verdict, left: int, asked: Asked) -> str:
    """Say why a code is not good."""
    more = f" {counted(left, 'try').replace('trys', 'tries')} left." if left else ""
    said = f"{_CODES[verdict]}{more} Nothing was changed."
    if left:
        return said
    return f"{said} For a new one, ask again: {in_chat(asked)}"


def other_plan(asked: Asked) -> str:
    """Say that something else would be done by now."""
    return (
        "The plan has changed since the code was shown, so nothing was done. "
        f"Ask again: {in_chat(asked)}"
    )


def error_text(error: DistError, spelled: Callable[[str], str]) -> str:
    """Say what is wrong, where, and what to do next."""
    said, hint = clean(str(error)), clean(error.advice(spelled))
    return f"{said}\n{hint}" if hint else said
