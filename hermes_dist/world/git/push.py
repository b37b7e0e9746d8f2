"""Publish: make commits and tags in a bare cache, and push all refs together or none.

Nothing is checked out, no index is used, and a home never contains a repository. A ref moves only from its expected
value, so that nobody's work is overwritten.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.brand import Layout
from hermes_dist.errors import Busy, DistError, Refused, Unreachable
from hermes_dist.light import Protocol
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.model.tree import Entry, Read
from hermes_dist.world.child import Command, Finished, run
from hermes_dist.world.disk.fs import trouble
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.git.cache import is_commit, pin_by_hand
from hermes_dist.world.git.cli import CliTool
from hermes_dist.world.git.embedded import DulwichTool
from hermes_dist.world.git.errors import explain, fail, is_doubtful, masked, masked_lines
from hermes_dist.world.git.objects import Change, Objects, Sign
from hermes_dist.world.git.repositories import BareGit, Patience, Tool
from hermes_dist.world.ports import RefUpdate

_IDENT = lazily.pattern(r"[^<>\n]+ <[^<>\n]*> \d+ [+-]\d{4}")
_MOVED = lazily.pattern(
    r"stale info|fetch first|non-fast-forward|already exists|cannot lock ref|failed to update ref"
    r"|reference already exists|incorrect old value|unable to set"
)
_ROWS: tuple[tuple[str, str, str], ...] = (
    (
        "checked out",
        "its branch is checked out there, and git does not push into a work tree",
        "publish to a bare repository, or to another branch with --branch",
    ),
    (
        "shallow update not allowed",
        "it does not have the commit that this version is based on",
        "first update the fork from the original",
    ),
    (
        r"(?m)^remote:.*(?:No space left on device|[Dd]isk quota exceeded)",
        "its server has no space left on its disk",
        "free some space there, or ask whoever runs it; then run it again",
    ),
    (
        "ref updates aborted by hook",
        "a hook there (reference-transaction) refused it",
        "ask whoever set that up; see `git config core.hooksPath` if the repository is on this machine",
    ),
    (
        "not support.*atomic|atomic push",
        "its server can't move a branch and a tag in one step",
        "publish to another host",
    ),
)
_REMOTE = lazily.pattern(
    r"(?m)^remote: +(?!error: hook declined |(?:Resolving|Counting|Compressing|Checking|Enumerating) )"
    r"(?:error: |fatal: )?([^\r\n]*)$"
)
"""What a server says itself, without its progress and without what git says of a hook anyway."""
_REFUSED = lazily.pattern(r"\[remote rejected\][^\n(]*\(([^\n]*)\)")


class Rejected(Refused):
    """The server says that it rejects a push: none of it arrived."""


class WritingTool(Tool, Protocol):
    """A program that speaks git in both directions."""

    def identity(self, who: str) -> Command: ...
    def push(
        self, cache: Path, url: str, updates: Sequence[RefUpdate], *, talk: bool
    ) -> Command: ...
    def patch(self, cache: Path, commit: str) -> Command: ...


class NewCommit(Struct, frozen=True, kw_only=True):
    """A commit to make.

    Attributes:
        parent: The commit it follows; empty for the first one of a repository.
        subfolder: The folder of the package in the repository.
        changes: What differs from the parent, below the subfolder; None for a deleted file.
        message: What it says.
    """

    parent: str = ""
    subfolder: RelPath | None = None
    changes: Mapping[RelPath, Entry | None]
    message: str


def open_publisher(
    layout: Layout,
    env: Mapping[str, str],
    *,
    offline: bool = False,
    patience: Patience | None = None,
    limits: Limits = LIMITS,
) -> Publisher:
    """Choose the git to publish with: the user's own, else the embedded client.

    Args:
        layout: Where the caches are.
        env: The user's environment: PATH, identity, credentials.
        offline: Contact no server.
        patience: How long things may take.
        limits: How large a package may be.
    """
    program = shutil.which("git", path=env.get("PATH", os.defpath))
    tool: WritingTool = CliTool(program, env) if program else DulwichTool(env)
    return Publisher(
        layout.git_cache, tool, offline=offline, patience=patience or Patience(), limits=limits
    )


class Publisher(BareGit):
    """Makes commits and tags, and pushes them."""

    def __init__(
        self,
        root: Path,
        tool: WritingTool,
        *,
        offline: bool = False,
        patience: Patience,
        limits: Limits = LIMITS,
    ) -> None:
        super().__init__(root, tool, offline=offline, patience=patience, limits=limits)
        self._writing = tool

    def identity(self, who: str = "AUTHOR") -> str:
        """Say who commits, as git would: ``Name <mail> seconds zone``.

        Raises:
            DistError: git does not know the user's identity.
        """
        finished = run(self._writing.identity(who), self._local())
        said = finished.out.decode("utf-8", "replace").strip()
        if not finished.ok or not _IDENT.fullmatch(said):
            raise DistError(
                "git does not know who you are",
                where="user.name and user.email",
                hint='run: git config --global user.name "You" and: git config --global user.email you@example.org',
            )
        return said

    def commit(self, url: str, new: NewCommit, read: Read, *, sign: Sign | None = None) -> str:
        """Make a commit in the cache of a repository; nobody sees it before it is pushed.

        Args:
            url: The repository; the parent was fetched from it.
            new: The commit.
            read: Gives the contents of what changes.
            sign: Signs it.

        Returns:
            The commit, pinned in the cache.

        Raises:
            DistError: The author is unknown, or the disk fails.
        """
        objects = Objects(sha256=len(new.parent) == 64)
        prefix = f"{new.subfolder}/".encode() if new.subfolder else b""
        changes: dict[bytes, Change] = {}
        for path, entry in new.changes.items():
            mode = "100755" if entry and entry.executable else "100644"
            change = (mode, objects.add("blob", read(entry.digest))) if entry else None
            changes[prefix + path.encode()] = change
        listing = self._entries(url, new.parent, None) if new.parent else ()
        commit = objects.commit(
            objects.tree(listing, changes),
            [new.parent] if new.parent else [],
            new.message,
            author=self.identity("AUTHOR"),
            committer=self.identity("COMMITTER"),
            sign=sign,
        )
        self._keep(self.cache(url), commit, objects)
        return commit

    def make_tag_object(
        self, url: str, commit: str, name: str, message: str, *, sign: Sign | None = None
    ) -> str:
        """Make an annotated tag of a commit in the cache, and return the tag object's name.

        Args:
            url: The repository.
            commit: What it names.
            name: The tag.
            message: What it says.
            sign: Makes an SSH signature over it, in the namespace ``git``; None leaves it unsigned.

        Raises:
            DistError: The author is unknown, or the disk fails.
        """
        objects = Objects(sha256=len(commit) == 64)
        tag = objects.tag(commit, name, message, tagger=self.identity("COMMITTER"), sign=sign)
        self._keep(self.cache(url), commit, objects)
        return tag

    def _keep(self, cache: Path, commit: str, objects: Objects) -> None:
        """Write objects into a cache, and pin the commit there: it need not be fetched."""
        with self._locked(cache, commit):
            try:
                objects.write(cache)
                pin_by_hand(cache, commit)
            except OSError as error:
                raise trouble(
                    error, "can't write into the cache of a repository", where=str(cache)
                ) from error

    def push(
        self,
        url: str,
        updates: Sequence[RefUpdate],
        *,
        cache_of: str = "",
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Move refs of a repository, all together or none.

        Args:
            url: The repository.
            updates: The refs.
            cache_of: The repository whose cache holds the objects; by default the same.
            progress: Called with a line for each step of progress.

        Raises:
            Busy: A ref has changed meanwhile; nothing was pushed.
            Rejected: The server rejects it; nothing was pushed.
            Unreachable: The server can't be reached, rejects the login, or did not answer: it may have taken it all.
            DistError: Something else went wrong; the server may have taken it all.
        """
        self._may_talk(url)
        assert all(is_commit(one.new) for one in updates)  # noqa: S101 - made here
        command = self._writing.push(
            self.cache(cache_of or url), url, updates, talk=progress is not None
        )
        heard = masked_lines(progress, url)
        finished = run(command, self._within(self._patience.fetch), heard)
        if not finished.ok:
            raise _refusal(finished, url, self._patience.fetch, self.cache(cache_of or url))

    def patch(self, url: str, commit: str) -> bytes:
        """Write a commit of the cache as a patch for ``git am``.

        Raises:
            DistError: The commit has binary files, and git is not installed.
        """
        finished = run(self._writing.patch(self.cache(url), commit), self._local())
        if not finished.ok:
            fail(finished, url, self._patience.local, self.cache(url))
        return finished.out


def _refusal(finished: Finished, url: str, seconds: float, cache: Path) -> DistError:
    """Return an error that says why a push did not go through."""
    where = without_credentials(url)
    said = masked(f"{finished.out.decode('utf-8', 'replace')}\n{finished.err}", url)
    if not finished.stopped and (error := _said_by_server(said, where)):
        return error
    error = explain(finished, url, seconds, cache)
    is_ours = type(error) is DistError  # this machine's disk or limits
    if finished.code < 0 and not (finished.stopped or is_ours):
        error = Unreachable("git was stopped before the host answered", where=where)
    if isinstance(error, Unreachable):
        if is_doubtful(finished):
            error.hint = (
                "the host may have taken it all the same: run the command again, which says so"
            )
        return error
    return error if finished.stopped or is_ours else _not_pushed(error, where)


def _said_by_server(said: str, where: str) -> DistError | None:
    """Return an error if the server said why; the rows that name a cause come before git's own words."""
    # The last row comes after the others: git also says "atomic push failed" of every ref that
    # another, rejected one takes down.
    *clear, doubtful = _ROWS
    for pattern, what, hint in clear:
        if re.search(pattern, said):
            return Rejected(what, where=where, hint=hint)
    if _MOVED.search(said):
        return Busy(
            "someone else published there at the same moment; nothing was pushed",
            where=where,
            hint="run the command again: it starts from what is there now",
        )
    pattern, what, hint = doubtful
    if re.search(pattern, said) and "[remote rejected]" not in said:
        return Rejected(what, where=where, hint=hint)
    if reason := _reason(said):
        return Rejected(
            f"the server rejected it: {reason}",
            where=where,
            hint="ask the owner of the repository",
        )
    return None


def _reason(said: str) -> str:
    """Why a server rejects a push, with what its hooks say; empty if it does not reject it."""
    found: list[str] = _REFUSED.findall(said)
    if not found:
        return ""
    # With one ref, git takes down all others, and names the atomic push as their reason.
    reason = next((one for one in found if "atomic" not in one), found[0])
    hooks = [line for one in _REMOTE.findall(said) if (line := one.strip())]
    told = "; ".join([reason, *dict.fromkeys(hooks)])
    return "".join(c for c in told if c.isprintable())[:400]


def _not_pushed(error: DistError, where: str) -> Refused:
    return Refused(f"it could not be pushed: {error.what}", where=where, hint=error.hint)
