"""List the refs of repositories: one on demand, or many at once in advance."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_dist.errors import DistError
from hermes_dist.world.child import at_once
from hermes_dist.world.git.known_refs import KnownRefs
from hermes_dist.world.ports import Git, Refs

_AT_ONCE = 8
"""Repositories asked at the same moment: an sshd drops connections from its tenth on that has not logged in."""


class Asking:
    """The refs of repositories, asked for once in each run.

    Args:
        git: The git to use.
        known: Where the names of refs are remembered.
    """

    def __init__(self, git: Git, known: KnownRefs) -> None:
        self._git = git
        self._known = known
        self._ahead: dict[str, Refs | DistError] = {}

    def refs(self, url: str) -> Refs:
        """Return the refs of one repository, asking only if the answer is not known yet.

        Raises:
            Unreachable: The repository can't be reached or read, or is not available offline.
        """
        answer = self._ahead.get(url) or self._ask(url)
        if isinstance(answer, DistError):
            from copy import copy  # noqa: PLC0415 - only for this error

            raise copy(answer)  # a copy, because callers add a place and it may be raised again
        return answer

    def ahead_one(self, url: str) -> None:
        """Ask one repository; :meth:`refs` then returns this answer in this run."""
        self._ahead[url] = self._ask(url)

    def ahead(self, urls: Iterable[str], *, again: bool = True) -> None:
        """Ask many repositories at once; :meth:`refs` then returns these answers in this run.

        Args:
            urls: Their addresses.
            again: Whether those that were asked ahead in this run already are asked once more.
        """
        each = dict.fromkeys(url for url in urls if again or url not in self._ahead)
        with self._git.asking(each):
            at_once(self.ahead_one, each, _AT_ONCE)

    def _ask(self, url: str) -> Refs | DistError:
        try:
            return self._known.heard(url, self._git.refs(url))
        except DistError as error:
            return error
