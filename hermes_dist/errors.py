"""Every failure a user can meet: what, where, what to do next, and its exit code.

The codes are the contract of ``docs/exit-codes.md``.
"""

from __future__ import annotations

from typing import ClassVar, Self


def counted(number: int, thing: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


class DistError(Exception):
    """An error with a sentence for the user.

    Args:
        what: What is wrong, one sentence without a final full stop.
        where: The place, such as ``distribution.yaml: env_requires[2].name``; grows with :meth:`within`.
        hint: What to do next, one sentence; may be empty.
    """

    code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def within(self, context: str) -> Self:
        """Return self with ``context`` put in front of the place it names."""
        self.where = f"{context}: {self.where}" if self.where else context
        return self

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(DistError):
    """The command line is not valid."""

    code = 2


class ConflictsOpen(DistError):
    """Conflicts are open at the end."""

    code = 3


class Refused(DistError):
    """Refused by a rule: signature, key change, downgrade, policy, requirement."""

    code = 4


class LockStale(DistError):
    """The lockfile is missing or does not match, under ``--locked``."""

    code = 5


class InputNeeded(DistError):
    """A question must be asked, but there is nobody to answer it."""

    code = 6


class Unreachable(DistError):
    """Network, authentication, or not available offline."""

    code = 7


class Busy(DistError):
    """Another operation holds this home."""

    code = 8


class Cancelled(DistError):
    """The user said no; nothing changed."""


class Invalid(DistError):
    """Input from outside that breaks a rule: a file, a field, a name, a path."""


class Lost(Invalid):
    """Stored content is missing or damaged."""
