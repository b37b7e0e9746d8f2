"""Several folders of one commit are listed at once, and each is then what it is when it is listed alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from gitrepo import GIT, Repo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.world.disk.limits import LIMITS, Limits
from hermes_dist.world.git import repositories
from hermes_dist.world.git.repositories import BareGit, open_git
from hermes_dist.world.ports import Listing

FILE, FOLDER, LINK, MODULE = "100644", "40000", "120000", "160000"
TOOLS = pytest.mark.parametrize("tool", ["git", "dulwich"])


def git_in(tmp_path: Path, tool: str = "git", limits: Limits = LIMITS) -> BareGit:
    env = dict(os.environ) if tool == "git" else {**os.environ, "PATH": "/nonexistent"}
    return open_git(Layout(HERMES, tmp_path / "root", tmp_path), env, limits=limits)


def together(git: BareGit, url: str, commit: str, folders: Sequence[str]) -> dict[str, Listing]:
    found = dict[str, Listing]()
    for each in git.listings(url, commit, [RelPath(folder) for folder in folders]):
        assert not found.keys() & each.keys()
        found.update(each)
    return found


def alone(git: BareGit, url: str, commit: str, folders: Sequence[str]) -> dict[str, Listing]:
    """What each folder is; without those that are refused."""
    found = {}
    for folder in folders:
        try:
            found[folder] = git.listing(url, commit, RelPath(folder))
        except Invalid:
            continue
    return found


def in_cache(git: BareGit, repo: Repo, commit: str) -> str:
    """Let a cache hold a commit as if it was fetched by a git that checks nothing."""
    url = f"file://{repo.path}"
    git.cache(url).parent.mkdir(parents=True, exist_ok=True)
    git.cache(url).symlink_to(repo.path)
    assert repo.git("cat-file", "-t", commit) == "commit"
    return url


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "r.git", bare=True)


def tree_of(repo: Repo, files: Mapping[str, str]) -> str:
    """A tree of files, and of links whose target begins with ->."""
    entries = []
    for name, text in sorted(files.items()):
        target = text.removeprefix("->")
        mode = FILE if target == text else LINK
        entries.append((mode, name.encode(), repo.blob(target)))
    return repo.raw_tree(*entries)


@TOOLS
def test_each_is_what_it_is_alone(repo: Repo, tmp_path: Path, tool: str) -> None:
    inner = tree_of(repo, {"SOUL.md": "a", "other.md": "->SOUL.md", "out.md": "->../x"})
    module = (MODULE, b"module", "1" * 40)
    packs = repo.raw_tree(
        (FOLDER, b"a", inner),
        (FOLDER, b"b", repo.raw_tree((FILE, b"SOUL.md", repo.blob("b")), module)),
    )
    commit = repo.commit_tree(
        repo.raw_tree(
            (FOLDER, b"-r", tree_of(repo, {"x": "a name like an option"})),
            (FILE, b"SOUL.md", repo.blob("top")),
            (FOLDER, b"[ab]", tree_of(repo, {"x": "a name like a pattern"})),
            (FOLDER, b"a", tree_of(repo, {"x": "what the pattern means"})),
            (FOLDER, b"ab", inner),
            (FOLDER, b"caf\xc3\xa9 au lait", inner),
            (FOLDER, b"case", tree_of(repo, {"A.md": "x", "a.md": "y"})),
            (FOLDER, b"empty", repo.raw("tree", b"")),
            (FOLDER, b"packs", packs),
        )
    )
    folders = [
        "-r", "[ab]", "a", "ab", "café au lait", "case", "empty", "packs", "packs/a", "packs/b",
        "SOUL.md", "none", "packs/none",
    ]  # fmt: skip
    git = git_in(tmp_path, tool)
    url = in_cache(git, repo, commit)
    found = together(git, url, commit, folders)
    assert found == alone(git, url, commit, folders)
    assert {*folders} - {*found} == {"case", "SOUL.md", "none", "packs/none"}
    assert [str(file.path) for file in found["packs"].files] == [
        "a/SOUL.md",
        "b/SOUL.md",
        "a/other.md",
    ]
    assert found["packs/a"].copies == (("other.md", "SOUL.md"),)


@TOOLS
def test_a_name_with_a_slash_in_it_gets_into_no_folder(
    repo: Repo, tmp_path: Path, tool: str
) -> None:
    good = tree_of(repo, {"SOUL.md": "good"})
    evil = repo.blob("evil")
    commit = repo.commit_tree(
        repo.raw_tree(
            (FOLDER, b"one", good),
            (FILE, b"one/evil.md", evil),
            (FOLDER, b"three", good),
            (FOLDER, b"three/skills", good),
            (FOLDER, b"two", repo.raw_tree((FOLDER, b"skills", good), (FILE, b"skills/e", evil))),
            (FILE, b"zero/evil.md", evil),
        )
    )
    git = git_in(tmp_path, tool)
    url = in_cache(git, repo, commit)
    for folders in (["one", "two", "three"], ["one", "three"], ["three", "zero"], ["one", "two"]):
        right = alone(git, url, commit, folders)
        found = together(git, url, commit, folders)
        assert found == {folder: right[folder] for folder in found}
        assert all(len(listing.files) == 1 for listing in found.values())


def test_a_tree_that_git_reads_in_another_way_is_read_alone(repo: Repo, tmp_path: Path) -> None:
    good = tree_of(repo, {"SOUL.md": "good"})
    odd = repo.raw_tree(("040000", b"skills", good), (FILE, b"x", repo.blob("x")))
    root = repo.raw_tree((FOLDER, b"one", good), (FOLDER, b"two", odd), (FOLDER, b"zoo", good))
    commit = repo.commit_tree(root)
    git = git_in(tmp_path)
    url = in_cache(git, repo, commit)
    assert [*together(git, url, commit, ["one", "two", "zoo"])] == ["one", "zoo"]
    assert len(git.listing(url, commit, RelPath("two")).files) == 2


def test_what_is_there_twice_is_read_alone(repo: Repo, tmp_path: Path) -> None:
    one, two = tree_of(repo, {"a": "1"}), tree_of(repo, {"b": "2"})
    commit = repo.commit_tree(
        repo.raw_tree((FOLDER, b"x", one), (FOLDER, b"x", two), (FOLDER, b"y", one))
    )
    git = git_in(tmp_path)
    url = in_cache(git, repo, commit)
    assert together(git, url, commit, ["x", "y"]) == {}
    assert [file.path for file in git.listing(url, commit, RelPath("x")).files] == ["a"]


@TOOLS
@pytest.mark.parametrize("limits", [LIMITS._replace(entries=10), LIMITS._replace(total=7)])
def test_what_is_too_much_at_once_is_read_in_portions(
    repo: Repo, tmp_path: Path, tool: str, limits: Limits
) -> None:
    files = {f"p{n}/{name}": f"{n}" for n in range(9) for name in "abc"}
    commit = repo.commit({**files, **{f"many/{n}": "x" for n in range(11)}})
    git = git_in(tmp_path, tool, limits)
    url = in_cache(git, repo, commit)
    folders = [*(f"p{n}" for n in range(9)), "many"]
    portions = list(git.listings(url, commit, [RelPath(folder) for folder in folders]))
    assert all(0 < sum(len(one.files) for one in each.values()) <= 10 for each in portions)
    right = alone(git, url, commit, folders)
    found = together(git, url, commit, folders)
    assert found == {folder: right[folder] for folder in found}
    assert [*found] == ["p0", "p1", "p3", "p4", "p5", "p6"]
    assert [*right] == folders[:-1]


def test_more_names_than_a_command_line_may_have(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "_WORDS", 30)
    folders = [f"a-folder-{n}" for n in range(8)]
    commit = repo.commit({f"{folder}/SOUL.md": folder for folder in folders})
    git = git_in(tmp_path)
    url = in_cache(git, repo, commit)
    portions = list(git.listings(url, commit, [RelPath(folder) for folder in folders]))
    assert [[*each] for each in portions] == [folders[n : n + 2] for n in range(0, 8, 2)]


def test_a_repository_of_sha_256(tmp_path: Path) -> None:
    place = tmp_path / "r"
    place.mkdir()
    for name in ("one", "two"):
        (place / name / "skills").mkdir(parents=True)
        (place / name / "skills/SKILL.md").write_text(name)
    for words in (
        ["init", "-q", "-b", "main", "--object-format=sha256"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"],
    ):
        subprocess.run([GIT, "-C", str(place), *words], check=True)
    git, url = git_in(tmp_path), f"file://{place}"
    commit = git.fetch(url, "refs/heads/main")
    assert len(commit) == 64
    found = together(git, url, commit, ["one", "two"])
    assert found == alone(git, url, commit, ["one", "two"])
    assert len(found) == 2


def test_what_is_no_commit_is_refused(repo: Repo, tmp_path: Path) -> None:
    git = git_in(tmp_path)
    with pytest.raises(Invalid, match="is not a commit"):
        together(git, f"file://{repo.path}", "--all", ["one", "two"])
