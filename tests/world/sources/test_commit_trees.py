"""A commit that is read by what changed is the same as one that is read as a whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from budget import examples
from gitrepo import Repo
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import EMPTY, Tree
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cache import known_tree
from hermes_dist.world.sources import commit_trees
from hermes_dist.world.sources.api import Offer, Sources, open_sources

FIRST = {"distribution.yaml": "name: bot\nversion: 1.0.0\n", "SOUL.md": "Soul.\n"}
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


@pytest.fixture(autouse=True)
def every_package_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_trees, "MANY", 1)


class Reader:
    """A machine that reads one repository."""

    def __init__(self, root: Path, repo: Repo, limits: Limits = LIMITS) -> None:
        self.layout = Layout(HERMES, root, root)
        self.store = Store(self.layout.store)
        self.repo, self.limits = repo, limits
        self.url = f"file://{repo.path}"
        self.wholes = 0

    @property
    def record(self) -> Path:
        return known_tree(self.layout.git_cache, self.url, None)

    def read(self, commit: str, before: Tree = EMPTY, subfolder: str = "") -> Offer:
        """Fetch a commit, and check that all contents are in the store."""
        sources = self.sources()
        listing = sources.git.listing

        def whole(url: str, commit: str, subfolder: RelPath | None) -> object:
            self.wholes += 1
            return listing(url, commit, subfolder)

        sources.git.listing = whole  # type: ignore[method-assign,assignment]
        offer = sources.fetch(parse_source(self.url + subfolder), "", commit, before=before)
        for entry in offer.tree.values():
            self.store.read(entry.digest)
        return offer

    def sources(self) -> Sources:
        return open_sources(self.layout, lambda: self.store, dict(os.environ), limits=self.limits)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "r.git", bare=True)


@pytest.fixture
def reader(tmp_path: Path, repo: Repo) -> Reader:
    return Reader(tmp_path / "root", repo)


def fresh(reader: Reader, commit: str, subfolder: str = "") -> Offer:
    """The same commit, read by a machine that knows nothing."""
    with tempfile.TemporaryDirectory() as root:
        return Reader(Path(root), reader.repo, reader.limits).read(commit, subfolder=subfolder)


_NAMES = st.sampled_from(
    ["SOUL.md", "a/x.md", "a/y.md", "a/b/z.py", "b/x.md", "a", "new.md", "B/q"]
)
_EDITS = st.dictionaries(
    _NAMES,
    st.none() | st.tuples(st.sampled_from(["", "one\n", "two\n", POINTER]), st.booleans()),
    max_size=4,
)


def _committed(repo: Repo, edits: dict[str, tuple[str, bool] | None]) -> str:
    """Commit edits; what can't be on one disk with them goes."""
    here = repo.files[repo.git("rev-parse", "main")]
    files: dict[str, str | None] = {}
    for name, edit in edits.items():
        clash = [p for p in here if edit and (p.startswith(f"{name}/") or name.startswith(f"{p}/"))]
        files |= dict.fromkeys(clash)
        files[name] = edit[0] if edit else None
    names = [name for name, text in files.items() if text is not None]
    twins = [p for p in names for q in names if p.startswith(f"{q}/")]
    files |= dict.fromkeys(twins)
    run = tuple(name for name, edit in edits.items() if edit and edit[1])
    return repo.commit(files, executable=run)


@settings(max_examples=examples(12, least=6), deadline=None)
@given(
    histories=st.lists(_EDITS, min_size=1, max_size=4),
    stale=st.sampled_from([1, 50]),
    held=st.booleans(),
)
def test_what_is_followed_is_what_is_read(
    histories: list[dict[str, tuple[str, bool] | None]], stale: int, held: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(commit_trees, "_STALE", stale)
        repo = Repo(Path(folder) / "r.git", bare=True)
        reader = Reader(Path(folder) / "root", repo)
        before = reader.read(repo.commit(FIRST)).tree
        for edits in histories:
            commit = _committed(repo, edits)
            expected = outcome(lambda at=commit: fresh(reader, at))
            last = before if held else EMPTY
            assert outcome(lambda at=commit, by=last: reader.read(at, by)) == expected
            before = expected.tree if isinstance(expected, Offer) else before


def outcome(read: Callable[[], Offer]) -> Offer | str:
    """What was read, or why it is refused."""
    try:
        return read()
    except Invalid as error:
        return str(error)


def test_only_what_changed_is_read(reader: Reader, repo: Repo) -> None:
    files = {**FIRST, **{f"skills/s{n}/SKILL.md": f"{n}\n" for n in range(60)}}
    before = reader.read(repo.commit(files)).tree
    assert reader.wholes == 1
    record = reader.record.read_bytes()
    commit = repo.commit({"SOUL.md": "Other.\n"})
    read: list[str] = []
    sources = reader.sources()
    blobs = sources.git.blobs
    sources.git.blobs = lambda url, oids: (read.extend(oids), blobs(url, oids))[1]  # type: ignore[method-assign]
    offer = sources.fetch(parse_source(reader.url), "", commit, before=before)
    assert read == [repo.blob("Other.\n")]
    assert offer == fresh(reader, commit)
    # The record stays while it is about right: to write it is work for all files.
    assert reader.record.read_bytes() == record
    commit = repo.commit({f"skills/s{n}/SKILL.md": "all new\n" for n in range(60)})
    assert reader.read(commit, before) == fresh(reader, commit)
    assert reader.record.read_bytes() != record
    assert reader.wholes == 1


def test_each_folder_of_a_repository_has_a_record_of_its_own(reader: Reader, repo: Repo) -> None:
    first = {f"{top}/{name}": text for top in ("one", "two") for name, text in FIRST.items()}
    commit = repo.commit(first)
    for sub in ("//one", "//two"):
        reader.read(commit, subfolder=sub)
    commit = repo.commit({"one/SOUL.md": "1\n", "two/new.md": "2\n"})
    for sub in ("//one", "//two"):
        assert reader.read(commit, subfolder=sub) == fresh(reader, commit, sub)
    assert reader.wholes == 2
    commit = repo.commit({"one/SOUL.md": None, "one/distribution.yaml": None})
    with pytest.raises(Invalid, match="no such commit or folder"):
        reader.read(commit, subfolder="//one")


def test_a_content_that_the_store_has_lost_is_read_again(reader: Reader, repo: Repo) -> None:
    offer = reader.read(repo.commit(FIRST))
    reader.store.path(offer.tree[RelPath("SOUL.md")].digest).unlink()
    commit = repo.commit({"more.md": "More.\n"})
    assert reader.read(commit) == fresh(reader, commit)
    assert reader.wholes == 2


@pytest.mark.parametrize("damage", [b"", b"1 0\n{}", b"\0" * 900])
def test_a_damaged_record_counts_as_none(reader: Reader, repo: Repo, damage: bytes) -> None:
    reader.read(repo.commit(FIRST))
    whole = reader.record.read_bytes()
    reader.record.write_bytes(damage or whole.replace(b"SOUL", b"SOLU"))
    commit = repo.commit({"more.md": "More.\n"})
    assert reader.read(commit) == fresh(reader, commit)
    assert reader.wholes == 2
    assert reader.record.read_bytes() not in (whole, damage)


@pytest.mark.parametrize("body", [b"", b"no commit\n", b"%b 0\n644 1\n", b"%b 0\n644 x y \xff\n"])
def test_a_record_that_another_program_wrote_counts_as_none(
    reader: Reader, repo: Repo, body: bytes
) -> None:
    first = repo.commit(FIRST)
    reader.read(first)
    body = body.replace(b"%b", first.encode())
    head = b"2 " + hashlib.sha256(body).hexdigest().encode() + b"\n"
    assert reader.record.read_bytes().startswith(head[:2])
    reader.record.write_bytes(head + body)
    commit = repo.commit({"more.md": "More.\n"})
    assert reader.read(commit) == fresh(reader, commit)
    assert reader.wholes == 2


def test_what_the_store_has_lost_is_fetched_again_though_a_lock_names_it(
    reader: Reader, repo: Repo
) -> None:
    before = reader.read(repo.commit(FIRST)).tree
    reader.store.path(before[RelPath("distribution.yaml")].digest).unlink()
    commit = repo.commit({"SOUL.md": "Another soul.\n"})
    assert reader.read(commit, before) == fresh(reader, commit)


def test_a_commit_that_the_cache_has_lost_is_no_help(reader: Reader, repo: Repo) -> None:
    reader.read(repo.commit(FIRST))
    cache = reader.record.parent
    record = reader.record.read_bytes()
    cache.rename(cache.with_name("gone"))
    commit = repo.commit({"SOUL.md": "Another life.\n"}, orphan=True)
    reader.sources().git.fetch(reader.url, commit)
    reader.record.write_bytes(record)
    assert reader.read(commit) == fresh(reader, commit)


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_links_and_submodules_are_read_as_a_whole(reader: Reader, repo: Repo, mode: str) -> None:
    first = repo.commit(FIRST)
    reader.read(first)
    blob = repo.blob("SOUL.md")
    entries = (
        ("100644", b"SOUL.md", repo.blob("Soul.\n")),
        (mode, b"link", blob if mode[0:2] == "12" else first),
    )
    commit = repo.commit_tree(repo.raw_tree(*entries), first)
    assert reader.read(commit) == fresh(reader, commit)
    assert reader.wholes == 2


def test_what_would_be_too_large_together_is_refused(tmp_path: Path, repo: Repo) -> None:
    reader = Reader(tmp_path / "root", repo, LIMITS._replace(total=100_000, entries=6))
    reader.read(repo.commit({**FIRST, "large.md": "x" * 50_000}))
    commit = repo.commit({"large.md": "y" * 101_000})
    with pytest.raises(Invalid, match="more than 0 MiB in all"):
        reader.read(commit)
    commit = repo.commit({"large.md": None, **{f"{n}/x.md": "" for n in range(3)}})
    with pytest.raises(Invalid, match="more than 6 files and folders"):
        reader.read(commit)
    commit = repo.commit({f"{n}/x.md": None for n in range(3)})
    assert reader.read(commit) == fresh(reader, commit)
