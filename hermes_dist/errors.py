"""Every failure a user can meet: what, where, what to do next, and its exit code.

The codes are the contract of ``docs/exit-codes.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum

from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar, Self


class ExitCode(IntEnum):
    """The exit codes, worst first: of a command on several profiles, the first one in this order counts."""

    INTERRUPTED = 130
    NO_AGENT = 127
    USAGE = 2
    INPUT_NEEDED = 6
    LOCK_STALE = 5
    ERROR = 1
    REFUSED = 4
    UNREACHABLE = 7
    BUSY = 8
    CONFLICTS = 3
    CHANGES = 10
    DONE = 0


# Not a list of its own, in which a new code could be missing.
_SEVERITY = list(ExitCode)


def worst(codes: Iterable[int]) -> ExitCode:
    """Return the exit code that counts for a command on several profiles."""
    return min(map(ExitCode, codes), key=_SEVERITY.index, default=ExitCode.DONE)


def counted(number: int, thing: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def quoted(value: object, most: int) -> str:
    """Quote what somebody wrote; if it is too long, it is cut with an ellipsis, and the quote is closed.

    Args:
        value: A text, or what a document says in its place.
        most: The greatest length of the result.
    """
    whole = repr(value)
    return whole if len(whole) <= most else f"{whole[: most - 2]}…{whole[-1]}"


def first_few(names: Sequence[str], most: int, between: str = ", ") -> str:
    """``a, b and 3 more``: the first names of a list, and how many follow."""
    said = between.join(names[:most])
    more = len(names) - most
    return f"{said} and {more} more" if more > 0 else said


class StoppedAfter(KeyboardInterrupt):
    """Ctrl-C that came while a change was being written: the change was finished first."""


class DistError(Exception):
    """An error with a sentence for the user.

    Args:
        what: What is wrong, one sentence without a final full stop.
        where: The place, such as ``distribution.yaml: env_requires[2].name``; grows with :meth:`within`.
        hint: What to do next, one sentence; may be empty.
        command: A command of ours that follows the hint, without the program's name; empty for none. What shows the
            error spells it: see :meth:`advice`.
    """

    code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, what: str, *, where: str = "", hint: str = "", command: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.command = command

    def within(self, context: str) -> Self:
        """Return self with ``context`` put in front of the place it names."""
        self.where = f"{context}: {self.where}" if self.where else context
        return self

    def is_within(self, context: str) -> bool:
        """Whether the place that it names begins with ``context``, as :meth:`within` puts it there."""
        return self.where == context or self.where.startswith(f"{context}: ")

    def advice(self, spelled: Callable[[str], str]) -> str:
        """Say what to do next, with the command as the user may type it.

        Args:
            spelled: Spells a command of ours, as :meth:`hermes_dist.ops.context.Context.command` does.
        """
        if not self.command:
            return self.hint
        return f"{self.hint}: {spelled(self.command)}"

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(DistError):
    """The command line is not valid."""

    code = ExitCode.USAGE


class ConflictsOpen(DistError):
    """Conflicts are open at the end."""

    code = ExitCode.CONFLICTS


class Refused(DistError):
    """Refused by a rule: signature, key change, downgrade, policy, requirement."""

    code = ExitCode.REFUSED


class LockStale(DistError):
    """The lockfile is missing or does not match, under ``--locked``."""

    code = ExitCode.LOCK_STALE


class InputNeeded(DistError):
    """A question must be asked, but there is no terminal, or ``--no-input`` was given."""

    code = ExitCode.INPUT_NEEDED


class AnswerNeeded(InputNeeded):
    """What a package asks its user has no answer."""


class Unreachable(DistError):
    """Network, authentication, or not available offline."""

    code = ExitCode.UNREACHABLE


class NoRepository(Unreachable):
    """No repository is at an address: it was moved or removed, or may not be read."""


class Busy(DistError):
    """Another operation holds this home."""

    code = ExitCode.BUSY


class Cancelled(DistError):
    """The user said no; nothing changed."""


class Renamed(DistError):
    """A profile has another name now.

    Attributes:
        old: The name that it had.
        now: The name that it has.
        valued: The options of the command that take a value.
    """

    def __init__(self, old: str, now: str) -> None:
        super().__init__(
            f"the profile {str(old)!r} is called {str(now)!r} now",
            where=str(old),
            hint="use that name",
        )
        self.old = old
        self.now = now
        self.valued: frozenset[str] = frozenset()


class Invalid(DistError):
    """Input from outside that breaks a rule: a file, a field, a name, a path."""


class NoSuchProfile(DistError):
    """A word stands where a profile is named, and no profile is or was called so.

    Attributes:
        word: The word.
        is_near: Whether it is much like the name of a profile that there is.
    """

    def __init__(
        self, word: str, where: str, *, hint: str = "", command: str = "", is_near: bool = False
    ) -> None:
        super().__init__(f"there is no profile {word!r}", where=where, hint=hint, command=command)
        self.word = word
        self.is_near = is_near


class NoProfileName(Invalid):
    """A word stands where a profile is named, and is written like a path or key."""


class NameWithVersion(Invalid):
    """The name of a profile with a version behind it, as in a source.

    Attributes:
        word: The word.
        name: The name in it.
        version: The version; it may be empty.
        valued: The options of the command that take a value.
    """

    def __init__(self, error: Invalid, word: str, name: str, version: str) -> None:
        super().__init__(
            error.what,
            where=error.where,
            hint="a version comes after --to",
            command=f"update {name} --to {version or 'VERSION'}",
        )
        self.word = word
        self.name = name
        self.version = version
        self.valued: frozenset[str] = frozenset()


class NoPackage(DistError):
    """A profile holds no package, but the command is about one."""


class NoFolder(Invalid):
    """There is no folder at the path of a source."""


class NoSuchRef(Invalid):
    """A repository has no tag, branch or commit of this name."""


class Unfinished(DistError):
    """A change failed on the way, and so did the way back; the next command mends it."""


class Lost(Invalid):
    """Stored content is missing or damaged."""
