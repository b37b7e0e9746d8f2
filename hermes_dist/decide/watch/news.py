"""Which new releases are reported, to whom, and each only once."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

LOG = "log"
"""The recipient that stands for the output and the log of the check."""
_MOST = 500


class Mark(StrEnum):
    """How far a message came.

    Attributes:
        BEGUN: It was handed to the agent, and nobody knows whether it arrived. It is not sent again.
        SENT: It arrived.
    """

    BEGUN = "begun"
    SENT = "sent"


class Told(Struct, frozen=True, kw_only=True):
    """A release that somebody was told about.

    Attributes:
        release: Its source and what the source offered.
        to: The owner, or the log.
        mark: How far it came.
        at: When, in seconds since 1970.
    """

    release: str
    to: str
    mark: Mark
    at: float


class Book(Struct, frozen=True, kw_only=True):
    """All that was told, the newest last, and how the last check went, as their file holds it.

    Attributes:
        told: What was told.
        ran: When the last check ended, in seconds since 1970; 0 if there was none.
        unreachable: The profiles whose source did not answer then.
        failed: The profiles that could not be looked at for another reason.
    """

    format: int = 1
    told: tuple[Told, ...] = ()
    ran: float = 0
    unreachable: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def knows(self, release: str, to: str) -> bool:
        """Whether somebody was told about a release, or a message about it was on its way."""
        return any((each.release, each.to) == (release, to) for each in self.told)

    def marking(self, told: Told) -> Book:
        """Return the book with one more message, or with how far it came by now."""
        return replace(self, told=(*self._others(told.release, told.to), told)[-_MOST:])

    def forgetting(self, release: str, to: str) -> Book:
        """Return the book without a message that certainly did not arrive: the next check sends it again."""
        return replace(self, told=self._others(release, to))

    def _others(self, release: str, to: str) -> tuple[Told, ...]:
        return tuple(each for each in self.told if (each.release, each.to) != (release, to))

    @property
    def uncertain(self) -> tuple[Told, ...]:
        """The messages of which nobody knows whether they arrived."""
        return tuple(each for each in self.told if each.mark is Mark.BEGUN)
