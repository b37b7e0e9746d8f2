"""Sources: from what the user asked for to a Pin and the package tree, with its contents in the store."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from hermes_dist.brand import MANIFEST, Layout
from hermes_dist.errors import DistError, Invalid, NoFolder, NoSuchRef, quoted
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import (
    HEADS,
    TAGS,
    AsGit,
    Pin,
    PinKind,
    SourceSpec,
    is_commit_id,
    is_loopback,
    pin_kind,
    without_credentials,
)
from hermes_dist.model.tree import EMPTY, Digest, Tree
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.git.ask import Asking
from hermes_dist.world.git.known_refs import KnownRefs
from hermes_dist.world.git.repositories import Patience, connecting, open_git
from hermes_dist.world.ports import Git, GitFile, Refs, Relation

if TYPE_CHECKING:
    from hermes_dist.model.left_out import LeftOut
    from hermes_dist.world.disk.store import Store
    from hermes_dist.world.sources.commit_trees import CommitTree, CommitTrees
    from hermes_dist.world.sources.folder import FolderPackage, Ignores, Keep

Choose = Callable[[str, Iterable[str]], str]
"""Chooses a tag for a version range; raises Invalid when none fits."""
Progress = Callable[[str], None]

_SEARCHED = 1000
_ARCHIVES = (
    "the name of an archive ends with .tar.gz or .tgz; `export`, git archive and tar make them"
)
_START = r"[0-9A-Fa-f]{7,63}"
_VERSION = rb"""(?m)^version[ \t]*:[ \t]*(["']?)([^"'#\r\n]{1,100}?)\1[ \t]*(?:#.*)?\r?$"""


class Offer(NamedTuple):
    """The resolved source and its package.

    Attributes:
        pin: Exactly what the source resolved to; the version is as in the manifest, or empty.
        tree: The package tree as shipped, below the subfolder; contents are in the store.
        left_out: What was left out, and why.
        notes: What is worth saying about it.
    """

    pin: Pin
    tree: Tree
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()


def open_sources(
    layout: Layout,
    store: Callable[[], Store],
    env: Mapping[str, str],
    *,
    offline: bool = False,
    allow_insecure: bool = False,
    patience: Patience | None = None,
    limits: Limits = LIMITS,
) -> Sources:
    """Compose the sources of one machine.

    Args:
        layout: Where caches go.
        store: Opens the store that contents go to, once one is needed.
        env: The user's environment: PATH, credentials, proxies.
        offline: Whether to avoid the network.
        allow_insecure: ``http://`` and ``git://`` may leave this machine.
        patience: How long things may take.
        limits: How large a package may be.
    """
    git = open_git(layout, env, offline=offline, patience=patience, limits=limits)
    return Sources(layout, git, store, allow_insecure=allow_insecure, limits=limits)


class Sources:
    """All kinds of sources behind one interface. Thread-safe.

    Args:
        layout: Says what ``~`` stands for in a path.
        git: The git to use.
        store: Opens the store that contents go to, once one is needed.
        allow_insecure: ``http://`` and ``git://`` may leave this machine.
        limits: How large a package may be.
    """

    def __init__(
        self,
        layout: Layout,
        git: Git,
        store: Callable[[], Store],
        *,
        allow_insecure: bool = False,
        limits: Limits = LIMITS,
    ) -> None:
        self.git = git
        self._layout = layout
        self._open_store = store
        self._allow_insecure = allow_insecure
        self._limits = limits
        self._known = KnownRefs(layout.git_cache)
        self._asking = Asking(git, self._known)
        self._failed: dict[tuple[str, str], DistError] = {}
        self._relations: dict[tuple[str, str, str], Relation] = {}
        self._manifests: dict[tuple[str, RelPath | None, str], Digest] = {}

    @cached_property
    def _store(self) -> Store:
        return self._open_store()

    def known_refs(self, spec: SourceSpec) -> list[str]:
        """The tags and branches of a source that are known without contacting a server."""
        return self._known.names(self.url(spec)) if self.is_git(spec) else []

    def refs(self, spec: SourceSpec, progress: Progress | None = None) -> Refs | None:
        """Ask what a source offers.

        Args:
            spec: The source.
            progress: Called before a server is asked: it may take long to answer.

        Returns:
            Its branches and tags; None for a folder that is read as it is.

        Raises:
            Unreachable: It can't be reached, read, or is not available offline.
            Invalid: The folder does not exist, or this kind of source can't be read here.
        """
        if not self.is_git(spec):
            return None
        url = self.url(spec)
        if progress is not None:
            progress(connecting(url))
        return self._asking.refs(url)

    def ask_ahead_one(self, spec: SourceSpec, progress: Progress | None = None) -> None:
        """Ask one repository; :meth:`refs` then returns this answer in this run, or raises its error.

        Raises:
            Invalid: The address would leave this machine unencrypted, which was not allowed.
        """
        url = self.url(spec)
        if progress is not None:
            progress(connecting(url))
        self._asking.ahead_one(url)

    def fetch_ahead(
        self, spec: SourceSpec, commit: str, before: str = "", progress: Progress | None = None
    ) -> None:
        """Fetch a commit that is needed soon, and ask git for what is asked about it next.

        What fails is told by the call that needs it: :meth:`fetch`, :meth:`relation` or the reading of signatures.

        Args:
            spec: The source.
            commit: The commit.
            before: The commit that it is to be compared with; empty for none.
            progress: Called with a line for each step of progress.

        Raises:
            Invalid: As for :meth:`url`.
        """
        url = self.url(spec)
        if not self._is_fetched(url, commit, progress, before):
            return
        self._commits.read_ahead(url, commit, spec.subfolder)
        with contextlib.suppress(DistError):
            if before:
                self._relations[url, before, commit] = self.git.relation(url, before, commit)
            self.git.originals(url, [(commit, "commit")])

    def _is_fetched(
        self, url: str, commit: str, progress: Progress | None, before: str = ""
    ) -> bool:
        """Fetch a commit; what fails is told by :meth:`fetch`."""
        try:
            self.git.fetch(url, commit, before=before, progress=progress)
        except DistError as error:
            self._failed[url, commit] = error
            return False
        return True

    def fetch_together(
        self, wanted: Iterable[tuple[SourceSpec, str, str]], progress: Progress | None = None
    ) -> None:
        """Fetch packages that are needed soon, and read those together that are in one commit.

        What fails is told by the :meth:`fetch` that needs it.

        Args:
            wanted: The sources, each with its commit, empty for a folder, and that with which it is to be compared.
            progress: Called with a line for each step of progress.
        """
        folders: dict[tuple[str, str], list[RelPath]] = {}
        followed: dict[tuple[str, str], str] = {}
        for spec, commit, follows in wanted:
            if commit and spec.subfolder and self.is_git(spec):
                place = (self.url(spec), commit)
                folders.setdefault(place, []).append(spec.subfolder)
                followed.setdefault(place, follows)
        self._read_together(folders, followed, progress)

    def _read_together(
        self,
        folders: Mapping[tuple[str, str], Sequence[RelPath]],
        followed: Mapping[tuple[str, str], str],
        progress: Progress | None,
    ) -> None:
        """Read several folders of one commit together, each by its repository and commit."""
        for (url, commit), each in folders.items():
            before = followed.get((url, commit), "")
            if len(each) > 1 and self._is_fetched(url, commit, progress, before):
                self._commits.read_together(url, commit, each)

    def ask_ahead(self, specs: Iterable[SourceSpec], *, again: bool = True) -> None:
        """Ask many sources at once; folders and archives among them are left out.

        Args:
            specs: The sources.
            again: Whether those that were asked ahead in this run already are asked once more.
        """
        self._asking.ahead((self.url(spec) for spec in specs if self.is_git(spec)), again=again)

    def resolve_ref(
        self,
        spec: SourceSpec,
        refs: Refs | None,
        choose: Choose | None = None,
        before: Pin | None = None,
    ) -> tuple[str, str]:
        """Return the commit that a ref names: a full commit id is itself; else a tag, a branch, or the start of an id.

        What was followed before keeps its kind: a tag of the same name does not replace a branch.

        Args:
            spec: The source, with its ref or version range; none is the default branch.
            refs: What it offers.
            choose: Chooses a tag for a version range.
            before: What the same source resolved to before; None if it is followed for the first time.

        Returns:
            The full name of the ref (empty for a commit) and the commit; both empty for a folder.

        Raises:
            Invalid: The ref does not exist, or matches both a name and the start of an id.
        """
        if refs is None:
            return "", ""
        if not spec.ref:
            return self._default(spec, refs)
        if is_commit_id(spec.ref):
            return "", spec.ref
        if before is not None and (again := _followed(spec, refs, before)):
            return again
        ranged = before.kind is PinKind.RANGE if before else spec.ref not in refs.tags
        if spec.is_range and ranged:
            if choose is None:
                raise Invalid(f"the version range {spec.ref!r} can't be used here", where=str(spec))
            full = f"{TAGS}{choose(spec.ref, refs.tags_for(spec.subfolder))}"
            return full, refs.commit(full)
        return self._named(spec, refs)

    def _named(self, spec: SourceSpec, refs: Refs) -> tuple[str, str]:
        name = spec.ref
        full = name if refs.commit(name) else refs.full_name(name)
        start = name.lower() if re.fullmatch(_START, name) else ""
        commit = self._commit(spec, refs, start) if start else ""
        if full and commit:
            raise Invalid(
                f"{name!r} is the name of {full} and the start of commit {commit}",
                where=str(spec),
                hint="write the one you mean in full",
            )
        if not full and not commit:
            raise _no_such_ref(spec, name, refs)
        return full, commit or refs.commit(full)

    def _default(self, spec: SourceSpec, refs: Refs) -> tuple[str, str]:
        if refs.head_commit:
            return refs.head, refs.head_commit
        if len(refs.heads) == 1:
            name, commit = next(iter(refs.heads.items()))
            return f"refs/heads/{name}", commit
        if refs.heads or refs.tags:
            names = ", ".join([*refs.heads, *refs.tags][:10])
            raise Invalid(
                "it has no default branch", where=str(spec), hint=f"choose one with #REF: {names}"
            )
        raise Invalid(
            "the repository is empty: it has no commit yet",
            where=str(spec),
            hint="check the address; if it is right, its author has to push a commit first",
        )

    def _commit(self, spec: SourceSpec, refs: Refs, start: str) -> str:
        """Return the only commit whose id begins with this text; empty if there is none."""
        tips = {*refs.heads.values(), *refs.tags.values(), refs.head_commit}
        history = (
            self.git.history(self.url(spec), refs.head or refs.head_commit, _SEARCHED)
            if refs.head_commit
            else []
        )
        known = {commit for commit in (*tips, *history) if commit.startswith(start)}
        if len(known) > 1:
            raise Invalid(
                f"{start!r} is the start of {len(known)} commits",
                where=str(spec),
                hint="write more of it",
            )
        return next(iter(known), "")

    def fetch(
        self,
        spec: SourceSpec,
        ref: str = "",
        commit: str = "",
        progress: Progress | None = None,
        before: Tree = EMPTY,
        follows: str = "",
    ) -> Offer:
        """Fetch a package into the store; what was fetched before needs no network.

        Args:
            spec: The source.
            ref: The full name of the ref that was resolved; empty for none.
            commit: The commit that was resolved; empty for a folder.
            progress: Called with a line for each step of progress.
            before: What a lock says was received of it, which it mostly still is; the contents of that are not read.
            follows: The commit with which it is to be compared; empty for none.

        Raises:
            Unreachable: The source can't be reached.
            Invalid: The package is unsafe, too large or missing; the error names the rule.
        """
        if self.is_git(spec):
            kind = pin_kind(spec, ref, commit)
            url = self.url(spec)
            try:
                commit = self._fetched(url, ref, commit, progress, follows)
            except NoSuchRef as error:
                raise (_gone(error, ref, commit) if ref and commit else error) from None
            found = self._commits.read(url, commit, spec.subfolder, before)
            offer = self._offered(url, spec.subfolder, kind, ref, commit, found)
            self._known.keep(self.url(spec))
            return offer
        return self._as_it_is(spec)

    def keep_trees(self) -> None:
        """Remember the trees of the small packages that were fetched, so that they are not read from git again."""
        self._commits.keep()

    def again_together(self, pins: Iterable[Pin], progress: Progress | None = None) -> None:
        """Fetch pinned packages that are needed soon, and read those together that are in one commit.

        What fails is told by the :meth:`again` that needs it.
        """
        folders: dict[tuple[str, str], list[RelPath]] = {}
        for pin in pins:
            if pin.commit and pin.subfolder:
                folders.setdefault((pin.url, pin.commit), []).append(pin.subfolder)
        self._read_together(folders, {}, progress)

    def again(self, pin: Pin, progress: Progress | None = None, *, whole: bool = False) -> Offer:
        """Fetch a pinned package again.

        Args:
            pin: What was received.
            progress: Called with a line for each step of progress.
            whole: Whether to read all of it, to restore what the store has lost, and not what is remembered of it.

        Raises:
            Unreachable: The source can't be reached.
            Invalid: The pin does not name a commit, or the commit is gone.
        """
        if not pin.commit:
            raise Invalid("a folder can't be fetched again as it was", where=pin.url)
        commit = self._fetched(pin.url, pin.ref, pin.commit, progress)
        if whole:
            found = self._commits.read_whole(pin.url, commit, pin.subfolder)
        else:
            found = self._commits.read(pin.url, commit, pin.subfolder, EMPTY)
        return self._offered(pin.url, pin.subfolder, pin.kind, pin.ref, commit, found)

    def glance(self, spec: SourceSpec) -> Tree:
        """Look at a folder or archive; nothing is stored.

        Raises:
            Invalid: The package is unsafe, too large or missing.
        """
        from hermes_dist.world.sources.folder import named_only  # noqa: PLC0415 - start-up

        return self._read(spec, named_only)[1].tree

    def manifest(self, pin: Pin) -> Digest | None:
        """The manifest of a commit, in the store; None if these sources did not fetch it, or it has none."""
        return self._manifests.get((pin.url, pin.subfolder, pin.commit))

    def files(self, spec: SourceSpec, commit: str) -> tuple[GitFile, ...]:
        """The validated files of a commit, with git's names for their contents; fetched when missing."""
        self.git.fetch(self.url(spec), commit)
        return self.git.listing(self.url(spec), commit, spec.subfolder).files

    def history(self, spec: SourceSpec, ref: str, limit: int) -> list[str]:
        """Commits from a full ref name or commit backwards, newest first."""
        return self.git.history(self.url(spec), ref, limit)

    def relation(self, spec: SourceSpec, old: str, new: str) -> Relation:
        """How a new commit follows an old one; ``unknown`` if that can't be determined."""
        url = self.url(spec)
        place = (url, old, new)
        if place not in self._relations:
            self._relations[place] = self.git.relation(url, old, new)
        return self._relations[place]

    def common(self, spec: SourceSpec, one: str, other: str) -> str:
        """The newest commit that two branches have in common; empty if there is none, or it can't be determined."""
        return self.git.common(self.url(spec), one, other)

    def is_git(self, spec: SourceSpec) -> bool:
        """Whether a source is read as a git repository; a folder is with a ref, or when it is bare.

        Raises:
            Invalid: It is a name, or a folder that is not there, or one without git that is given a ref.
        """
        traits = spec.kind.traits
        if traits.is_name:
            raise Invalid("a name has to be looked up in a registry first", where=spec.location)
        if traits.as_git is not AsGit.MAYBE:
            return traits.as_git is AsGit.ALWAYS
        folder = self._folder(spec)
        if _is_bare(folder):
            return True
        if spec.ref and not (folder / ".git").exists():
            raise _no_versions(spec, folder)
        return bool(spec.ref)

    def url(self, spec: SourceSpec) -> str:
        """The address that git is given.

        Raises:
            Invalid: The address would leave this machine unencrypted, which was not allowed.
        """
        if spec.kind.traits.as_git is AsGit.MAYBE:
            return self._folder(spec).as_uri()
        parts = urlsplit(spec.location) if "://" in spec.location else None
        open_to_all = (
            parts is not None
            and parts.scheme in {"http", "git"}
            and not is_loopback(parts.hostname or "")
        )
        if parts and open_to_all and not self._allow_insecure:
            raise Invalid(
                f"{parts.scheme}:// to another machine is not secure: others can read or change what it carries",
                where=without_credentials(spec.location),
                hint="use https:// or ssh://, or pass --allow-insecure",
            )
        return spec.fetch_url

    def _path(self, spec: SourceSpec) -> Path:
        text = spec.location
        if text == "~" or text.startswith("~/"):
            text = str(self._layout.user_home) + text[1:]
        return Path(text).absolute()

    def _folder(self, spec: SourceSpec) -> Path:
        path = self._path(spec)
        if path.is_file():
            raise Invalid(
                "it is a file whose name is not that of an archive", where=str(path), hint=_ARCHIVES
            )
        if not path.is_dir():
            from hermes_dist.world.sources.nearby import no_folder  # noqa: PLC0415 - only for the error

            raise no_folder(path, NoFolder)
        return path.resolve()

    def _fetched(
        self, url: str, ref: str, commit: str, progress: Progress | None, follows: str = ""
    ) -> str:
        failed = self._failed.pop((url, commit), None)
        if failed is not None:
            raise failed
        return self.git.fetch(url, commit or ref, before=follows, progress=progress)

    @cached_property
    def _commits(self) -> CommitTrees:
        from hermes_dist.world.sources.commit_trees import CommitTrees  # noqa: PLC0415 - start-up: only who fetches needs it

        return CommitTrees(self._layout.git_cache, self.git, self._store, self._limits)

    def _offered(
        self,
        url: str,
        subfolder: RelPath | None,
        kind: PinKind,
        ref: str,
        commit: str,
        found: CommitTree,
    ) -> Offer:
        tree = found.tree
        pin = Pin(
            url=without_credentials(url),
            kind=kind,
            subfolder=subfolder,
            ref=ref,
            commit=commit,
            version=self._version(tree),
            tree=tree.digest,
        )
        if RelPath(MANIFEST) in tree:
            place = (pin.url, pin.subfolder, pin.commit)
            self._manifests[place] = tree[RelPath(MANIFEST)].digest
        return Offer(pin, tree, found.left_out, _about(found.copies, tree))

    def _as_it_is(self, spec: SourceSpec) -> Offer:
        path, found = self._read(spec, self._store.put_many)
        pin = Pin(
            url=str(path),
            kind=spec.kind.traits.as_it_is,
            subfolder=spec.subfolder,
            version=self._version(found.tree),
            tree=found.tree.digest,
        )
        return Offer(pin, found.tree, found.left_out, _about(found.copies, found.tree))

    def _read(self, spec: SourceSpec, keep: Keep) -> tuple[Path, FolderPackage]:
        """Read a source without git; return also where it is."""
        from hermes_dist.world.sources.folder import FolderPackage, read_package_folder  # noqa: PLC0415 - start-up

        if spec.kind.traits.as_it_is is PinKind.ARCHIVE:
            from hermes_dist.world.archive.source import read_package  # noqa: PLC0415 - start-up

            path = self._path(spec)
            return path, FolderPackage(read_package(path, spec.subfolder, keep, self._limits))
        path = self._folder(spec)
        self._refuse_around_homes(path / (spec.subfolder or ""))
        return path, read_package_folder(path, spec.subfolder, ignore_rules, self._limits, keep)

    def _refuse_around_homes(self, folder: Path) -> None:
        """Make sure that a folder does not contain the homes, as the user's home folder does.

        Raises:
            Invalid: It does. What is read from it would be written into it, beside keys and memories.
        """
        homes, read = self._layout.root.resolve(), folder.resolve()
        if read == homes or read in homes.parents:
            raise Invalid(
                f"it contains the profiles of this machine, {homes}, so it is not read as a package",
                where=str(folder),
                hint="name the package's own folder; a profile's package is made by: publish, pack or export",
            )

    def _version(self, tree: Tree) -> str:
        entry = tree.get(RelPath(MANIFEST))
        found = re.search(_VERSION, self._store.read(entry.digest)) if entry else None
        return found[2].decode("utf-8", "replace").strip() if found else ""


def _about(copies: Iterable[tuple[RelPath, RelPath]], tree: Tree) -> tuple[Note, ...]:
    """Say which symlinks are taken as copies."""
    return tuple(
        Note.of(NoteKind.LINK_COPIED, path=link, file=file) for link, file in copies if link in tree
    )


def _followed(spec: SourceSpec, refs: Refs, before: Pin) -> tuple[str, str] | None:
    """What a name meant before, if that still exists; None if it has to be looked up."""
    if before.kind is PinKind.COMMIT and before.commit.startswith(spec.ref.lower()):
        return "", before.commit
    names = (spec.ref, f"{TAGS}{spec.ref}", f"{HEADS}{spec.ref}")
    kept = before.kind in (PinKind.TAG, PinKind.BRANCH) and before.ref in names
    commit = refs.commit(before.ref) if kept else ""
    return (before.ref, commit) if commit else None


def _no_such_ref(spec: SourceSpec, name: str, refs: Refs) -> Invalid:
    import difflib  # noqa: PLC0415 - start-up

    names = [*refs.tags_for(spec.subfolder), *refs.heads]
    own = [full for full in names if full == f"{spec.subfolder}/{name}"]
    close = own or difflib.get_close_matches(name, names, n=5, cutoff=0.5) or names[-10:]
    hint = "it has neither tags nor branches"
    if close:
        more = len(names) - len(close)
        hint = f"it has {', '.join(close)}{f', and {more} more' if more else ''}"
    return NoSuchRef(
        f"there is no tag, branch or commit {quoted(name, 100)}", where=str(spec), hint=hint
    )


def _gone(error: NoSuchRef, ref: str, commit: str) -> NoSuchRef:
    """The error for a commit that a name stood for, when the repository was asked or when a lock was written."""
    name = ref.removeprefix(HEADS).removeprefix(TAGS)
    return NoSuchRef(
        f"the commit {commit[:7]} is not there any more: {name} was rewritten",
        where=error.where,
        hint=f"nothing was changed; run it again, which asks what {name} is now",
    )


def _no_versions(spec: SourceSpec, folder: Path) -> Invalid:
    """The error for a ref at a folder without git; a folder of a repository says how to name it."""
    root = next((above for above in folder.parents if (above / ".git").exists()), None)
    if root is not None:
        inside = str(folder.relative_to(root) / (spec.subfolder or ""))
        written = str(spec._replace(location=f"{root}//{inside}", subfolder=None))
        return Invalid(
            "it is a folder in a repository, so it has no versions, tags or branches of its own",
            where=str(spec),
            hint=f"write // between the repository and the folder: {written}",
        )
    return Invalid(
        "it is a folder without git, so it has no versions, tags or branches",
        where=str(spec),
        hint=f"take it as it is: {spec._replace(ref='')}",
    )


def _is_bare(path: Path) -> bool:
    """Whether a folder is a bare git repository."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def ignore_rules(lines: list[str]) -> Ignores:
    """Read the lines of a ``.gitignore``; a line that is not a valid pattern is ignored, as in git."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only folders with such a file pay for it

    def readable(line: str) -> bool:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            return False
        return True

    spec = GitIgnoreSpec.from_lines([line for line in lines if readable(line)])
    return lambda path: spec.check_file(path).include
