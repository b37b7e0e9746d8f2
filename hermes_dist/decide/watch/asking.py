"""The words after ``/dist`` in a chat, and what they ask for."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.errors import UsageError, quoted
from hermes_dist.model.paths import ProfileName

READS = ("status", "outdated", "diff")
WRITES = ("update", "approve", "resolve")
SIDES = ("ours", "theirs")
USAGE = "/dist status | outdated | diff | update [CODE] | approve THING [CODE] | resolve PLACE ours|theirs [CODE]"

_CODE = lazily.pattern(r"[0-9]{4}-?[0-9]{4}")
_LONGEST = 1000


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wishes.

    Attributes:
        verb: The command; ``help`` if none was named.
        profile: The profile that was named; None for the one that the chat talks to.
        words: What it is about: the thing to approve, or the place and the side.
        code: The code; empty without one.
    """

    verb: str
    profile: ProfileName | None = None
    words: tuple[str, ...] = ()
    code: str = ""

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.verb in WRITES


def wish_of(text: str) -> Wish:
    """Read what somebody typed behind ``/dist``.

    Raises:
        UsageError: It is not one of the commands.
        Invalid: The name of a profile is not valid.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"that is longer than {_LONGEST} characters", hint=USAGE)
    # A phone writes a long dash where two short ones were typed.
    words = text.replace("\u2013", "-").split()
    verb, profile, rest = _with_profile([word.replace("\u2014", "--") for word in words])
    if verb in ("", "help"):
        return Wish(verb="help")
    if verb not in (*READS, *WRITES):
        raise UsageError(f"/dist has no {quoted(verb, 40)}", hint=USAGE)
    code = ""
    if verb in WRITES and rest and _CODE.fullmatch(rest[-1]):
        code = rest.pop()
    return Wish(verb=verb, profile=profile, words=_about(verb, rest), code=code)


def _with_profile(words: list[str]) -> tuple[str, ProfileName | None, list[str]]:
    """Take the verb and ``-p PROFILE`` out of the words."""
    profile = None
    if "-p" in words:
        at = words.index("-p")
        if at + 1 == len(words):
            raise UsageError("-p needs the name of a profile", hint=USAGE)
        profile = ProfileName.typed(words[at + 1])
        del words[at : at + 2]
    return (words[0].lower() if words else ""), profile, words[1:]


def _about(verb: str, rest: list[str]) -> tuple[str, ...]:
    """Check what a command is about.

    Raises:
        UsageError: It has too few words or too many.
    """
    if verb == "approve":
        if not rest:
            raise UsageError(
                "approve one thing at a time, by its name",
                hint="/dist status lists what needs approval; then: /dist approve THING",
            )
        return (" ".join(rest),)
    if verb == "resolve":
        side = rest[-1].lower() if rest else ""
        if len(rest) < 2 or side not in SIDES:
            raise UsageError(
                "name the place, and whose side to take",
                hint="/dist resolve PLACE ours, or: /dist resolve PLACE theirs",
            )
        return (" ".join(rest[:-1]), side)
    if rest:
        raise UsageError(
            f"{verb} takes nothing but -p PROFILE, not {quoted(rest[0], 40)}", hint=USAGE
        )
    return ()
