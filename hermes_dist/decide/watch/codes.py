"""Codes: what an owner asks for in a chat is carried out only with a code that the terminal shows.

A code is good once, for ten minutes, for one plan, and for five tries.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

GOOD_FOR = 600.0
"""Seconds that a code is good for."""
TRIES = 5
"""How often a code may be typed wrong."""
REMEMBERED = 86400.0
"""Seconds that a plan is remembered which somebody asked for."""
_MOST_ASKED = 20
_ROUNDS = 200_000
_ID_DIGITS = 8


class Asked(Struct, frozen=True, kw_only=True):
    """A plan that an owner asked for in a chat.

    Attributes:
        plan: The digest of the plan.
        profile: The profile that it changes.
        verb: ``update``, ``approve`` or ``resolve``.
        words: What else was asked, such as the place of a conflict and its side.
        by: The owner who asked.
        at: When, in seconds since 1970.
    """

    plan: str
    profile: str
    verb: str
    words: tuple[str, ...] = ()
    by: str = ""
    at: float = 0

    @property
    def id(self) -> str:
        """What the chat and the terminal call the plan."""
        return self.plan[:_ID_DIGITS]

    def is_same(self, other: Asked | Code) -> bool:
        """Whether both ask for the same, whatever would come of it."""
        mine = (self.profile, self.verb, self.words)
        return mine == (other.profile, other.verb, other.words)


class Code(Struct, frozen=True, kw_only=True):
    """A code as it is stored: what was shown can't be told from it.

    Attributes:
        plan: The digest of the plan that it is good for.
        profile: The profile of the plan.
        verb: The verb of the plan.
        words: The other words of the plan.
        salt: What was hashed together with the digits.
        hashed: The hash of both.
        made: When it was shown, in seconds since 1970.
        tries: How many tries are left.
    """

    plan: str
    profile: str
    verb: str
    words: tuple[str, ...]
    salt: str
    hashed: str
    made: float
    tries: int = TRIES

    def is_over(self, now: float) -> bool:
        """Whether its time is over; a clock that went back ends it, too."""
        return not 0 <= now - self.made <= GOOD_FOR


class Codes(Struct, frozen=True, kw_only=True):
    """The plans that were asked for, and the one code that may be good, as their file holds them."""

    format: int = 1
    asked: tuple[Asked, ...] = ()
    code: Code | None = None

    def asking(self, asked: Asked) -> Codes:
        """Return the same with one more plan, the newest last; what asks for the same is replaced."""
        kept = [a for a in self.recent(asked.at) if not a.is_same(asked) or a.by != asked.by]
        return replace(self, asked=(*kept, asked)[-_MOST_ASKED:])

    def recent(self, now: float) -> tuple[Asked, ...]:
        """The plans that are still remembered."""
        return tuple(a for a in self.asked if 0 <= now - a.at <= REMEMBERED)


class Verdict(StrEnum):
    """What a typed code is.

    Attributes:
        GOOD: It is the one that was shown for this plan; it is used up now.
        NONE: No code was shown, or it is used up.
        OVER: Its ten minutes are over.
        WRONG: It is another one.
        OTHER_PLAN: It was shown for another plan.
        NO_TRIES: It is another one, and no tries are left.
    """

    GOOD = "good"
    NONE = "none"
    OVER = "over"
    WRONG = "wrong"
    OTHER_PLAN = "other_plan"
    NO_TRIES = "no_tries"


class Judged(Struct, frozen=True):
    """What a typed code is, what is stored from now on, and the plan that it is good for."""

    verdict: Verdict
    codes: Codes
    plan: str = ""
    left: int = 0


def judge(codes: Codes, asked: Asked, typed: str, now: float) -> Judged:
    """Judge a code that was typed.

    Args:
        codes: What is stored.
        asked: What it was typed for; its plan does not matter.
        typed: The digits.
        now: The time, in seconds since 1970.

    Returns:
        The verdict, with what to store before anything else is done: a good code is gone, any other has a try less.
    """
    code = codes.code
    if code is None:
        return Judged(Verdict.NONE, codes)
    if code.is_over(now):
        return Judged(Verdict.OVER, replace(codes, code=None))
    # Both are always worked out, so that the time says nothing.
    right = hmac.compare_digest(hashed(typed, code.salt), code.hashed)
    fits = asked.is_same(code)
    if right and fits:
        rest = tuple(each for each in codes.asked if each.plan != code.plan)
        return Judged(Verdict.GOOD, replace(codes, asked=rest, code=None), code.plan)
    left = code.tries - 1
    if left <= 0:
        return Judged(Verdict.NO_TRIES, replace(codes, code=None))
    stays = replace(codes, code=replace(code, tries=left))
    return Judged(Verdict.OTHER_PLAN if right else Verdict.WRONG, stays, left=left)


def code_for(asked: Asked, digits: str, salt: str, now: float) -> Code:
    """Make the code of a plan, to be stored."""
    return Code(
        plan=asked.plan,
        profile=asked.profile,
        verb=asked.verb,
        words=asked.words,
        salt=salt,
        hashed=hashed(digits, salt),
        made=now,
    )


def hashed(digits: str, salt: str) -> str:
    """Hash the digits of a code, slowly: within its ten minutes nobody can try all that there are."""
    plain = "".join(char for char in digits if char.isdigit())
    return hashlib.pbkdf2_hmac("sha256", plain.encode(), bytes.fromhex(salt), _ROUNDS).hex()


def spelled(number: int) -> str:
    """Spell a code so that it is easy to type: ``1234-5678``."""
    text = f"{number:08d}"
    return f"{text[:4]}-{text[4:]}"
