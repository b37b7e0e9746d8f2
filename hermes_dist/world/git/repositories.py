"""Repositories by URL: one bare cache for each, filled by the user's git, or by dulwich if git is missing.

Both tools are programs with the same output, run as children under bounds; what they print is read, counted
and checked here, so that all rules are written once.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hermes_dist.brand import Layout
from hermes_dist.errors import Busy, DistError, Invalid, Unreachable, quoted
from hermes_dist.lazily import later, shlex
from hermes_dist.light import TYPE_CHECKING, NamedTuple, Protocol
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.child import Bounds, Command, Finished, Stream, run
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.git.cache import (
    cache_name,
    has_ref,
    heal,
    is_commit,
    is_partial,
    is_pinned,
    names_in,
    parents_in,
    parse_refs,
    pin_by_hand,
    prepare,
    put_away,
    read_original,
    refs_before,
)
from hermes_dist.world.git.cli import CliTool, scheme_of
from hermes_dist.world.git.errors import (
    Redirect,
    explain,
    explain_listing,
    fail,
    followed_to,
    is_damage,
    is_end_lost,
    is_missing,
    is_plain_server,
    is_redirect,
    masked_lines,
    refused_redirect,
)
from hermes_dist.world.git.join import alone, is_crowded, join_at_exit, packs_in, reading
from hermes_dist.world.git.only_git import SETTINGS, direct_to
from hermes_dist.world.ports import Changed, GitFile, Listing, Refs, Relation

with later():  # only who fetches needs them
    from hermes_dist.world.git.folders import Folders
    from hermes_dist.world.git.listing import Sorting
    from hermes_dist.world.git.reach import (
        Reach,
        back_to,
        continue_behind,
        date_in,
        date_of,
        ends_in,
        is_cut,
        note_date,
        related,
        write_ends,
    )

if TYPE_CHECKING:
    from hermes_dist.world.git.direct import Direct

HISTORY = 1000
_FORGOTTEN = 500
"""So many refs are forgotten together: their names have to fit into a pipe."""
_FEW = 5
"""So many packs may stay apart."""
_NEAR = 32
"""So many commits are mostly enough to find where two histories part."""
_TIPS = 1000
"""The history of so many commits is looked at when it is to be kept: their names have to fit into a pipe."""
_LINE = 16
"""So many commits are looked at before the history of a commit is walked."""
_URL = (
    r"(https|ssh|file|http|git)://(?!-)[^\x00-\x20\x7f]+"
    r"|[A-Za-z0-9_][\w.-]*@(?!-)[^/:@\s]+:(?!-)[^\s:]\S*"
    r"|(?!(?:https?|ssh|git|file|ext|fd|ftps?):)[A-Za-z0-9][\w.-]+:(?!-|//)[^\s:@]+"
)
_REF = r"refs/[^\x00-\x20\x7f~^:?*\[\\]+"
_RECORD = 1 << 16
_WORDS = 1 << 16
"""Names of folders in one command line have so many bytes together."""
_LISTING_MEMORY = 224 << 20
"""Output limit for listing a repository's refs: an endless list from a server must not fill the memory."""


class Tool(Protocol):
    """A program that speaks git; each method returns the command to run (see :class:`CliTool` for outputs)."""

    @property
    def name(self) -> str: ...
    def refs(self, url: str) -> Command: ...
    def settings(self, names: str) -> Command | None: ...
    def fetch(
        self, cache: Path, url: str, source: str, target: str, reach: Reach, *, talk: bool
    ) -> Command: ...
    def tree(self, cache: Path, commit: str, subfolder: RelPath | None) -> Command: ...
    def trees(self, cache: Path, commit: str, folders: Sequence[RelPath]) -> Command: ...
    def changes(
        self, cache: Path, old: str, new: str, subfolder: RelPath | None
    ) -> Command | None: ...
    def blobs(self, cache: Path) -> Command: ...
    def walk(self, cache: Path, commit: str, limit: int) -> Command: ...
    def known(self, cache: Path, tips: Sequence[str], ends: Path) -> Command: ...
    def line(self, cache: Path, commit: str, count: int) -> Command | None: ...
    def forget(self, cache: Path, refs: Sequence[str]) -> Command | None: ...
    def join(self, cache: Path) -> Command | None: ...
    def traced(self, command: Command) -> Command | None: ...


class Patience(NamedTuple):
    """Time limits in seconds for each kind of work."""

    refs: float = 30
    fetch: float = 600
    local: float = 60


def open_git(
    layout: Layout,
    env: Mapping[str, str],
    *,
    offline: bool = False,
    patience: Patience | None = None,
    limits: Limits = LIMITS,
    make: Callable[..., BareGit] | None = None,
) -> BareGit:
    """Choose the git to use.

    Args:
        layout: The folder of caches.
        env: The user's environment; its PATH decides which git is used.
        offline: Whether to avoid the network; local repositories stay readable.
        patience: How long things may take.
        limits: How large a package may be.
        make: What to make of these; None for :class:`BareGit`.

    Returns:
        The user's git where there is one, else the embedded client.
    """
    return (make or BareGit)(
        layout.git_cache,
        _tool(env),
        offline=offline,
        patience=patience or Patience(),
        limits=limits,
    )


def connecting(url: str) -> str:
    """Say which repository is fetched, and from where."""
    scheme, _, place = without_credentials(url).rpartition("://")
    host, slash, path = place.partition("/")
    if not scheme:
        host, slash, path = place.partition(":")
    if not slash or not host:
        return f"reading {place}"
    return f"connecting to {host.rpartition('@')[2]} for {path.removesuffix('.git')}…"


def _tool(env: Mapping[str, str]) -> Tool:
    program = find_command("git", env)
    if program:
        return CliTool(str(program), env)
    from hermes_dist.world.git.embedded import DulwichTool  # noqa: PLC0415 - start-up

    return DulwichTool(env)


class BareGit:
    """The port :class:`hermes_dist.world.ports.Git` over a tool and a folder of bare caches."""

    def __init__(
        self,
        root: Path,
        tool: Tool,
        *,
        offline: bool = False,
        patience: Patience,
        limits: Limits = LIMITS,
    ) -> None:
        self.tool = tool
        self._root = root
        self._offline = offline
        self._patience = patience
        self._limits = limits
        self._direct: Direct | None = None
        self._last_read: tuple[str, list[tuple[str, str]], list[bytes]] = ("", [], [])
        self._reached: set[tuple[str, str, str]] = set()
        self._bounds = Bounds(
            seconds=patience.refs,
            file=limits.total + limits.total // 4,
            memory=max(512 << 20, 8 * limits.blob),
        )

    def refs(self, url: str) -> Refs:
        self._may_talk(url)
        bounds = self._within(self._patience.refs)._replace(memory=_LISTING_MEMORY)
        if (direct := self._direct) is not None and (found := direct.refs(url)) is not None:
            return found
        finished = run(self.tool.refs(url), bounds)
        if not finished.ok:
            leads = self._redirected(url, finished)
            raise explain_listing(finished, url, self._patience.refs, leads)
        return parse_refs(finished.out)._replace(moved_to=followed_to(finished, url))

    @contextlib.contextmanager
    def asking(self, urls: Collection[str]) -> Iterator[None]:
        settings = None if self._offline else self.tool.settings(SETTINGS)
        try:
            with direct_to(urls, settings) as self._direct:
                yield
        finally:
            self._direct = None

    def _redirected(self, url: str, refused: Finished) -> Redirect:
        """Where a redirect leads, if that is what was refused and the server said it."""
        if not is_redirect(refused):
            return Redirect()
        leads = refused_redirect(refused)
        traced = self.tool.traced(self.tool.refs(url))
        if leads.address or traced is None:
            return leads
        return refused_redirect(run(traced, self._within(self._patience.refs)))

    def fetch(
        self,
        url: str,
        want: str,
        *,
        before: str = "",
        progress: Callable[[str], None] | None = None,
    ) -> str:
        _checked(url)
        commit = want if is_commit(want) else self._named(url, want)
        cache = self.cache(url)
        if not is_pinned(cache, commit):
            self._may_talk(url)
            with self._locked(cache, commit):
                if not is_pinned(cache, commit):
                    self._fetch_into(cache, url, commit, self._reach(url, commit, before), progress)
        return commit

    def listing(self, url: str, commit: str, subfolder: RelPath | None) -> Listing:
        sorting = Sorting(self._limits)
        for entry in self._entries(url, commit, subfolder):
            sorting.take(*entry)
        return sorting.close(lambda oids: dict(self.blobs(url, oids)))

    def listings(
        self, url: str, commit: str, folders: Sequence[RelPath]
    ) -> Iterator[Mapping[RelPath, Listing]]:
        if not is_commit(commit):
            raise Invalid(f"{quoted(commit, 100)} is not a commit")
        if len(folders) < 2:
            return
        many = Folders(folders, self._limits)
        if sum(len(folder.encode()) for folder in folders) <= _WORDS:
            trees = self.tool.trees(self.cache(url), commit, folders)
            if many.read(self._listed(url, trees)):
                yield many.close(lambda oids: dict(self.blobs(url, oids)))
                return
        half = len(folders) // 2
        yield from self.listings(url, commit, folders[:half])
        yield from self.listings(url, commit, folders[half:])

    def changes(
        self, url: str, old: str, new: str, subfolder: RelPath | None
    ) -> list[Changed] | None:
        if old == new:
            return []
        command = self.tool.changes(self.cache(url), old, new, subfolder)
        if command is None or not (is_commit(old) and is_commit(new)):
            return None
        with reading(self.cache(url)):
            finished = run(command, self._local())
        rows = finished.out.split(b"\0")
        # Two fields a row; what is left when git was stopped may end anywhere.
        if not finished.ok or len(rows) > 2 * self._limits.entries:
            return None
        return [_changed(*row) for row in zip(rows[::2], rows[1::2], strict=False)]

    def folders_with(self, url: str, commit: str, name: str) -> Mapping[RelPath | None, GitFile]:
        from hermes_dist.world.git.listing import LINK, PROGRAM  # noqa: PLC0415 - start-up: only who searches needs it

        ending, found = b"/" + name.encode(), dict[RelPath | None, GitFile]()
        for count, (mode, kind, oid, size, raw) in enumerate(self._entries(url, commit, None)):
            if count > self._limits.entries:
                break
            if kind == "blob" and mode != LINK and (b"/" + raw).endswith(ending):
                with contextlib.suppress(Invalid, UnicodeDecodeError):
                    path = RelPath(raw.decode())
                    found[path.parent] = GitFile(path, mode == PROGRAM, oid, size)
        return found

    def blobs(self, url: str, oids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        asked = "".join(f"{oid}\n" for oid in oids).encode()
        cache = self.cache(url)
        with reading(cache), Stream(self.tool.blobs(cache), self._local(), asked) as child:
            for oid in oids:
                words = child.out.readline(200).split()
                if len(words) != 3 or words[:2] != [oid.encode(), b"blob"]:
                    finished = child.finish() if not words else Finished(1, b"", "bad object")
                    raise self._unreadable(finished, url)
                size = int(words[2])
                if size > self._limits.blob:
                    raise Invalid("the file is too large", where=without_credentials(url))
                data = child.out.read(size + 1)
                if len(data) != size + 1:
                    raise self._unreadable(child.finish(), url)
                yield oid, data[:-1]

    def originals(self, url: str, wanted: Sequence[tuple[str, str]]) -> list[bytes]:
        # The layers of one repository ask for the same commit, one after the other; its id was checked.
        read = self._last_read
        if read[:2] != (url, [*wanted]):
            read = self._last_read = (url, [*wanted], self._originals(url, wanted))
        return [*read[2]]

    def _originals(self, url: str, wanted: Sequence[tuple[str, str]]) -> list[bytes]:
        for oid, kind in wanted:
            if kind == "tag" and not has_ref(self.cache(url), f"refs/tagged/{oid}"):
                self._may_talk(url)
                with self._locked(self.cache(url), oid):
                    finished = self._fetched(
                        self.cache(url), url, oid, Reach(), None, target=f"refs/tagged/{oid}"
                    )
                if not finished.ok:
                    fail(finished, url, self._patience.fetch, self.cache(url))
        texts = self._texts(url, wanted)
        for (oid, kind), text in zip(wanted, texts, strict=True):
            if kind == "commit":
                self._note(url, oid, text)
        return texts

    def _note(self, url: str, commit: str, text: bytes) -> None:
        """Remember what the text of a commit tells: its date, and whether its history goes on in the cache."""
        cache = self.cache(url)
        note_date(cache, commit, date_in(text))
        if commit in ends_in(cache) and {*names_in(cache, "refs/dist")}.issuperset(
            parents_in(text)
        ):
            # If somebody fetches right now, less is known of how commits are related.
            with contextlib.suppress(DistError, OSError), _lock(cache):
                continue_behind(cache, {commit})

    def _texts(self, url: str, wanted: Sequence[tuple[str, str]]) -> list[bytes]:
        """The bytes of commits and tags, of which nothing is noted."""
        asked = "".join(f"{oid}\n" for oid, _ in wanted).encode()
        cache = self.cache(url)
        with reading(cache), Stream(self.tool.blobs(cache), self._local(), asked) as child:
            return [read_original(child.out, oid, kind) for oid, kind in wanted]

    def history(self, url: str, ref: str, limit: int) -> list[str]:
        commit = self.fetch(url, ref)
        cache = self.cache(url)
        lines = self._walk(cache, commit, limit)
        if len(lines) < limit and is_cut(self._parents_of(url, lines)):
            self._may_talk(url)
            # A repository that is cut itself has no more of its history to give.
            with contextlib.suppress(Invalid), self._locked(cache, commit):
                self._fetch_into(cache, url, commit, Reach(depth=limit), None)
            lines = self._walk(cache, commit, limit)
        return [line[0] for line in lines]

    def relation(self, url: str, old: str, new: str) -> Relation:
        _checked(url)
        if old == new:
            return "same"
        answer, steps = self._related(url, old, new), self._steps(url, old, new)
        while answer == "unknown" and (step := next(steps, None)):
            self._try_to_fetch(url, *step)
            answer = self._related(url, old, new)
        if answer != "unknown":
            return answer
        if new in self._parents(url, old):
            return "backward"  # the old commit tells, even if the repository has deleted it
        return "unrelated" if self._is_foreign(url, old, new) else "unknown"

    def common(self, url: str, one: str, other: str) -> str:
        if self.relation(url, one, other) == "same":
            return one
        cache = self.cache(url)
        named = self._parents_of(url, self._walk(cache, one, HISTORY))
        known = frozenset((one, *chain.from_iterable(named.values())))
        history = self._parents_of(url, self._walk(cache, other, HISTORY))
        steps = chain.from_iterable((commit, *parents) for commit, parents in history.items())
        return next((commit for commit in steps if commit in known), "")

    def _steps(self, url: str, old: str, new: str) -> Iterator[tuple[str, Reach]]:
        """What to fetch, step by step, until it is known how two commits are related."""
        # The new commit usually follows the old one, and is needed next anyway: so it is fetched first.
        if (url, old, new) not in self._reached:
            yield new, self._reach(url, new, old)
        if 0 < self._date(url, new) < self._date(url, old):
            yield old, self._reach(url, old, new)
        for tip in (new, old):
            if len(self._walk(self.cache(url), tip, _NEAR)) < _NEAR:
                yield tip, Reach(depth=_NEAR)
        yield new, Reach(depth=HISTORY)
        yield old, Reach(depth=HISTORY)

    def _try_to_fetch(self, url: str, tip: str, reach: Reach) -> None:
        cache = self.cache(url)
        with contextlib.suppress(Unreachable, Invalid, Busy):
            self._may_talk(url)
            with self._locked(cache, tip):
                self._fetch_into(cache, url, tip, reach, None)

    def _reach(self, url: str, commit: str, before: str) -> Reach:
        """How far back to fetch a commit that may follow another one, which the cache has or not."""
        if not before:
            return Reach(depth=1)
        self._reached.add((url, before, commit))
        return back_to(self._date(url, before))

    def _date(self, url: str, commit: str) -> int:
        """The date of a commit; 0 if the cache does not have it."""
        cache = self.cache(url)
        if not (cache.is_dir() and is_commit(commit)):
            return 0
        date = date_of(cache, commit)
        if not date and names_in(cache, "refs/dist"):
            with contextlib.suppress(DistError):
                date = date_in(self._originals(url, [(commit, "commit")])[0])
        return date

    def _is_foreign(self, url: str, old: str, new: str) -> bool:
        """Whether all of the new history is known, and the old commit is not part of it."""
        cache = self.cache(url)
        if self._walk(cache, old, 1):
            return False
        lines = self._walk(cache, new, HISTORY)
        return bool(lines) and not is_cut(self._parents_of(url, lines))

    def cache(self, url: str) -> Path:
        """Return the bare cache of a repository; its name is derived from the URL without login."""
        return self._root / cache_name(without_credentials(_checked(url)))

    def _may_talk(self, url: str) -> None:
        if scheme_of(_checked(url)) != "file" and self._offline:
            raise Unreachable(
                "it is not available offline",
                where=without_credentials(url),
                hint="run it again without --offline",
            )

    @contextlib.contextmanager
    def _locked(self, cache: Path, commit: str) -> Iterator[None]:
        """Lock a cache against other fetches, of any process; make it if missing, repair it if damaged."""
        prepare(cache, sha256=len(commit) == 64)
        with _lock(cache, self._patience.fetch):
            if not heal(cache):
                prepare(cache, sha256=len(commit) == 64)
            yield

    def _unreadable(self, finished: Finished, url: str) -> DistError:
        """Return the error for an unreadable cache; put a damaged one away, so that the next run fetches it again."""
        error = explain(finished, url, self._patience.local, self.cache(url))
        if not is_damage(finished):
            return error
        cache = self.cache(url)
        with contextlib.suppress(OSError, DistError), _lock(cache):
            put_away(cache)
        return Invalid(
            "the copy of the repository on this machine was damaged, so it was deleted",
            where=without_credentials(url),
            hint="run the command again: it fetches a new one",
        )

    def _named(self, url: str, want: str) -> str:
        if not re.fullmatch(_REF, want):
            raise Invalid(f"{quoted(want, 100)} is neither the full name of a ref nor a commit")
        commit = self.refs(url).commit(want)
        if not commit:
            raise Invalid(f"the repository has no {want}", where=without_credentials(url))
        return commit

    def _fetch_into(
        self,
        cache: Path,
        url: str,
        commit: str,
        reach: Reach,
        progress: Callable[[str], None] | None,
    ) -> None:
        """Fetch into a locked cache; what is there of a history stays there."""
        ends, pins = ends_in(cache), frozenset(names_in(cache, "refs/dist"))
        new = frozenset({commit})
        if reach.depth == 1 and self._known(cache, new, pins, ends):
            pin_by_hand(cache, commit)
            return
        finished = self._fetched_anyhow(cache, url, commit, reach, progress)
        if pins:
            self._keep_histories(cache, pins, ends, new if reach.depth == 1 else frozenset())
        if not finished.ok:
            _refuse_partial(url)
            fail(finished, url, self._patience.fetch, cache)
        if is_crowded(packs_in(cache)):
            self._join_later(cache)

    def _fetched_anyhow(
        self,
        cache: Path,
        url: str,
        commit: str,
        reach: Reach,
        progress: Callable[[str], None] | None,
    ) -> Finished:
        """Fetch a commit, in one of the ways that its server knows."""
        finished = self._fetched(cache, url, commit, reach, progress)
        if is_end_lost(finished) and self._is_rid_of_ends(cache):
            finished = self._fetched(cache, url, commit, reach, progress)
        # A server may know no dates, and refuses one that nothing is as new as.
        if reach.since and not (finished.ok or finished.stopped or is_plain_server(finished)):
            reach = Reach(depth=1)
            finished = self._fetched(cache, url, commit, reach, progress)
        if is_plain_server(finished):
            finished = self._fetched(cache, url, commit, Reach(), progress)
        if is_missing(finished):
            finished = self._by_name(cache, url, commit, reach, finished)
        return finished

    def _keep_histories(
        self, cache: Path, pins: frozenset[str], ends: frozenset[str], new: frozenset[str]
    ) -> None:
        """Let the histories go on that a fetch has cut.

        Args:
            cache: The cache, which is locked.
            pins: The commits that were fetched before.
            ends: Where the histories ended then.
            new: Commits that were not there.
        """
        added = ends_in(cache) - ends
        known = added & pins
        # If it fails, less is known of how commits are related, and more is fetched to find out.
        with contextlib.suppress(DistError, OSError):
            known |= self._known(cache, added - known - new, pins, ends)
            if known:
                continue_behind(cache, known)

    def _is_rid_of_ends(self, cache: Path) -> bool:
        """Forget ends of histories that are not in the cache: a server tells more of them than it sends."""
        ends = sorted(ends_in(cache))
        there = set[str]()
        for at in range(0, len(ends), _TIPS):
            there |= self._there(cache, ends[at : at + _TIPS])
        with contextlib.suppress(OSError):
            continue_behind(cache, {*ends} - there)
        return not there.issuperset(ends)

    def _there(self, cache: Path, commits: Sequence[str]) -> set[str]:
        """Return the commits that are in the cache."""
        asked, there = "".join(f"{commit}\n" for commit in commits).encode(), set()
        with reading(cache), Stream(self.tool.blobs(cache), self._local(), asked) as child:
            for commit in commits:
                words = child.out.readline(200).split()
                if len(words) == 3:
                    child.out.read(int(words[2]) + 1)
                if words[1:] != [b"missing"]:
                    there.add(commit)
        return there

    def _known(
        self, cache: Path, asked: frozenset[str], pins: frozenset[str], ends: frozenset[str]
    ) -> frozenset[str]:
        """Which of some commits the cache has with their histories; none if git can't tell.

        Args:
            cache: The cache, which is locked.
            asked: The commits.
            pins: The commits that were fetched.
            ends: Where the histories end.
        """
        if not asked or pins <= ends:
            return frozenset()
        place = write_ends(cache / "ends.lock", ends)
        try:
            tips = sorted(pins - ends)[:_TIPS]
            with reading(cache):
                finished = run(self.tool.known(cache, tips, place), self._local())
        finally:
            place.unlink(missing_ok=True)
        return asked.intersection(finished.out.decode("ascii").split() if finished.ok else ())

    def forget(self, name: str, needed: AbstractSet[str], before: float) -> None:
        """Let the commits go that nobody needs, with what only they led to, and join the packs; not if it is in use.

        Args:
            name: The name of the cache.
            needed: The commits that stay.
            before: What was fetched later stays, too, in seconds since the epoch.
        """
        cache = self._root / name
        refs = [
            f"{folder}/{commit}"
            for folder in ("refs/dist", "refs/named")
            for commit in refs_before(cache, folder, before)
            if commit not in needed
        ][:_FORGOTTEN]
        command = self.tool.forget(cache, refs) if refs or packs_in(cache) > _FEW else None
        if command is not None:
            with contextlib.suppress(DistError), alone(cache):
                run(command, self._within(self._patience.fetch))

    def _join_later(self, cache: Path) -> None:
        command = self.tool.join(cache)
        if command is not None:
            join_at_exit(cache, command)

    def _fetched(
        self,
        cache: Path,
        url: str,
        source: str,
        reach: Reach,
        progress: Callable[[str], None] | None,
        *,
        target: str = "",
    ) -> Finished:
        into = target or f"refs/dist/{source}"
        command = self.tool.fetch(cache, url, source, into, reach, talk=progress is not None)
        heard = masked_lines(progress, url)
        if heard is not None:
            # Until a server answers, git says nothing, and that can take half a minute.
            heard(connecting(url))
        return run(command, self._within(self._patience.fetch), heard)

    def _by_name(
        self, cache: Path, url: str, commit: str, reach: Reach, refusal: Finished
    ) -> Finished:
        """Fetch a commit by a ref that names it: servers with the older protocol serve no other commits."""
        refs = self.refs(url)
        tables = (("refs/tags/", refs.tags), ("refs/heads/", refs.heads))
        name = next((p + n for p, table in tables for n, c in table.items() if c == commit), "")
        if not re.fullmatch(_REF, name):
            return refusal
        finished = self._fetched(cache, url, name, reach, None, target=f"refs/named/{commit}")
        if finished.ok and self._walk(cache, commit, 1):
            pin_by_hand(cache, commit)
        return finished

    def _entries(
        self, url: str, commit: str, subfolder: RelPath | None
    ) -> Iterator[tuple[str, str, str, int, bytes]]:
        """The raw entries of a commit's tree: mode, type, id, size, path."""
        if not is_commit(commit):
            raise Invalid(f"{quoted(commit, 100)} is not a commit")
        tree = self.tool.tree(self.cache(url), commit, subfolder)
        yield from self._listed(url, tree, f"//{subfolder}" if subfolder else "")

    def _listed(
        self, url: str, command: Command, within: str = ""
    ) -> Iterator[tuple[str, str, str, int, bytes]]:
        """The entries that a command lists; an error that is git's says within what."""
        with reading(self.cache(url)), Stream(command, self._local()) as child:
            held = b""
            while chunk := child.out.read1(_RECORD):  # type: ignore[attr-defined]  # a BufferedReader
                *records, held = (held + chunk).split(b"\0")
                for record in records:
                    head, _, path = record.partition(b"\t")
                    mode, kind, oid, size = head.decode("ascii").split()
                    yield mode, kind, oid, 0 if size == "-" else int(size), path
                if len(held) > _RECORD:
                    raise Invalid("unsafe path: it is too long", where=without_credentials(url))
            finished = child.finish()
        if not finished.ok:
            error = self._unreadable(finished, url)
            raise error.within(within) if within else error

    def _walk(self, cache: Path, commit: str, limit: int) -> list[list[str]]:
        """Return lines of commits and their parents; none if the commit is not in the cache."""
        if not cache.is_dir():
            return []
        with reading(cache):
            finished = run(self.tool.walk(cache, commit, limit), self._local())
        return (
            [line.split() for line in finished.out.decode("ascii").splitlines()]
            if finished.ok
            else []
        )

    def _related(self, url: str, old: str, new: str) -> Relation:
        cache = self.cache(url)
        if self._leads_to(url, old, new):
            return "forward"
        newer = self._walk(cache, new, HISTORY)
        if not newer:
            return "unknown"  # it is not in the cache, so the history of the old one does not reach it either
        if any(line[0] == old for line in newer):
            return "forward"
        older = self._walk(cache, old, HISTORY)
        if any(line[0] == new for line in older):
            return "backward"
        return related(old, self._parents_of(url, older), new, self._parents_of(url, newer))

    def _parents_of(self, url: str, lines: list[list[str]]) -> Mapping[str, Sequence[str]]:
        """The parents that each commit of a walk names, fetched or not.

        The file that says where histories end is not asked: another command may have moved the ends meanwhile.
        """
        first = [(line[0], "commit") for line in lines if len(line) == 1]
        texts = self._texts(url, first) if first else []
        named = {oid: parents_in(text) for (oid, _), text in zip(first, texts, strict=True)}
        return {line[0]: named.get(line[0], line[1:]) for line in lines}

    def _leads_to(self, url: str, old: str, new: str) -> bool:
        """Whether one of the last commits of a line names an earlier one as its parent; most updates are that short."""
        cache = self.cache(url)
        command = self.tool.line(cache, new, _LINE) if is_pinned(cache, new) else None
        if command is None:
            return False
        with contextlib.suppress(Invalid), reading(cache), Stream(command, self._local()) as child:
            at = new
            while at:
                raw = read_original(child.out, at, "commit")
                if at == new:
                    self._last_read = (url, [(new, "commit")], [raw])
                    self._note(url, new, raw)
                parents = parents_in(raw)
                if old in parents:
                    return True
                at = next(iter(parents), "")
        return False

    def _parents(self, url: str, commit: str) -> list[str]:
        """Return the parents that a commit names, fetched or not; none if it is not in the cache."""
        if not self._walk(self.cache(url), commit, 1):
            return []
        return parents_in(self.originals(url, [(commit, "commit")])[0])

    def _local(self) -> Bounds:
        return self._within(self._patience.local)

    def _within(self, seconds: float) -> Bounds:
        b = self._bounds
        return Bounds(seconds=seconds, output=b.output, memory=b.memory, file=b.file, cpu=b.cpu)


def _lock(cache: Path, timeout: float = 0) -> AbstractContextManager[int]:
    from hermes_dist.world.disk.locks import flock  # noqa: PLC0415 - start-up

    held = "another command is fetching the same repository"
    return flock(cache.with_suffix(".lock"), timeout=timeout, held=held)


def _changed(head: bytes, path: bytes) -> Changed:
    """Read one row of ``git diff-tree --raw -z``: ``:mode mode oid oid status NUL path``."""
    before, mode, _, oid, status = head.decode("ascii").lstrip(":").split()
    return Changed(status, before if status == "D" else mode, oid, path)


def _refuse_partial(url: str) -> None:
    """Say so if what could not be fetched is a local clone that holds only a part of its files."""
    parts = urlsplit(url)
    if parts.scheme == "file" and is_partial(path := Path(unquote(parts.path))):
        raise Invalid(
            "it is a partial clone: not all of its files are on this machine",
            where=url,
            hint="name the repository that it was cloned from, or bring the rest with: "
            f"git -C {shlex.quote(str(path))} fetch --refetch --no-filter",
        )


def _checked(url: str) -> str:
    """Check a URL: refuse what git could read as an option, a helper program or another protocol."""
    if not re.fullmatch(_URL, url):
        raise Invalid(
            f"{quoted(without_credentials(url), 200)} is not the address of a git repository"
        )
    return url
