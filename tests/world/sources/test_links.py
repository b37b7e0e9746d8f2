"""What no package may hold: symlinks, submodules and LFS pointers are told and never fatal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gitrepo import PACKAGE, Repo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import parse_source
from hermes_dist.voice.notes import sentences
from hermes_dist.world.disk.limits import LIMITS
from hermes_dist.world.disk.store import Store
from hermes_dist.world.sources.api import Offer, Sources, open_sources
from hermes_dist.world.sources.links import followed

FILES = frozenset(map(RelPath, ["SOUL.md", "a/x.md", "a/b/y.md"]))


@pytest.mark.parametrize(
    ("links", "found"),
    [
        ({"l": "SOUL.md"}, {"l": "SOUL.md"}),
        ({"a/l": "../SOUL.md"}, {"a/l": "SOUL.md"}),
        ({"a/b/l": "./..//x.md"}, {"a/b/l": "a/x.md"}),
        ({"l": "a/b/../x.md"}, {"l": "a/x.md"}),
        ({"l": "m", "m": "n", "n": "a/x.md"}, {"l": "a/x.md", "m": "a/x.md", "n": "a/x.md"}),
        ({"l": "a"}, {}),
        ({"l": "."}, {}),
        ({"l": "gone.md"}, {}),
        ({"l": "/etc/passwd"}, {}),
        ({"l": "/SOUL.md"}, {}),
        ({"l": "../SOUL.md"}, {}),
        ({"a/l": "../../SOUL.md"}, {}),
        ({"a/l": "../../x/SOUL.md"}, {}),
        ({"l": "a/../../SOUL.md"}, {}),
        ({"l": "l"}, {}),
        ({"l": "m", "m": "l"}, {}),
        ({"l": ""}, {}),
        ({"l": "a\\x.md"}, {}),
        ({"l": "SOUL.md\n"}, {}),
        ({"f": "a", "l": "f/x.md"}, {}),
        ({"f": "a/b", "l": "f/../x.md"}, {}),
    ],
)
def test_a_link_stands_for_a_file_of_the_package_and_for_nothing_else(
    links: dict[str, str], found: dict[str, str]
) -> None:
    assert followed(links, FILES) == found


@pytest.fixture(params=["git", "no git"])
def sources(request: pytest.FixtureRequest, tmp_path: Path) -> Sources:
    layout = Layout(HERMES, tmp_path / "root", tmp_path)
    path = {} if request.param == "git" else {"PATH": "/nonexistent"}
    return open_sources(layout, lambda: Store(layout.store), {**os.environ, **path})


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
LINKS = {
    "CLAUDE.md": "SOUL.md",
    "skills/again/SKILL.md": "../hello/SKILL.md",
    "passwd": "/etc/passwd",
    "up": "../../.env",
    "skills/folder": "hello",
}


def offered(sources: Sources, text: str) -> Offer:
    spec = parse_source(text)
    return sources.fetch(spec, *sources.resolve_ref(spec, sources.refs(spec)))


def checked(sources: Sources, offer: Offer) -> None:
    """The links to files of the package are copies and told; everything else is left out and named."""
    tree = offer.tree
    assert tree["CLAUDE.md"] == tree["SOUL.md"]
    assert tree["skills/again/SKILL.md"] == tree["skills/hello/SKILL.md"]
    assert sentences(offer.notes) == (
        "CLAUDE.md is a symlink to SOUL.md: it is taken as a copy of that file",
        "skills/again/SKILL.md is a symlink to skills/hello/SKILL.md: it is taken as a copy of that file",
    )
    assert not {"passwd", "up", "skills/folder"} & set(tree)
    links = {left.path for left in offer.left_out if left.why is Why.LINK}
    assert links == {"passwd", "up", "skills/folder"}


def test_a_repository_with_all_of_them(sources: Sources, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    repo.commit({**PACKAGE, "model.bin": POINTER, "note.txt": POINTER + "and more\n" * 200})
    entries = [
        *(f"120000 {repo.blob(target)}\t{path}" for path, target in LINKS.items()),
        "160000 " + "1" * 40 + "\tvendor/tool",
    ]
    repo.git("read-tree", "main")
    repo.git("update-index", "--index-info", data="".join(f"{e}\n" for e in entries).encode())
    commit = repo.commit_tree(repo.git("write-tree"), repo.git("rev-parse", "main"))
    offer = offered(sources, f"file://{repo.path}")
    assert offer.pin.commit == commit
    checked(sources, offer)
    others = {left.path: left.why for left in offer.left_out if left.why is not Why.LINK}
    assert others == {"vendor/tool": Why.SUBMODULE, "model.bin": Why.LFS_POINTER}
    assert "note.txt" in offer.tree
    assert offered(sources, f"file://{repo.path}") == offer


def test_a_folder_with_links(sources: Sources, tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    for path, text in PACKAGE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for path, target in LINKS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(target)
    (folder / "model.bin").write_text(POINTER)
    (folder / "alias.bin").symlink_to("model.bin")
    (tmp_path.parent / ".env").write_text("KEY=of-the-user\n")
    offer = offered(sources, str(folder))
    checked(sources, offer)
    pointers = {left.path for left in offer.left_out if left.why is Why.LFS_POINTER}
    assert pointers == {"model.bin", "alias.bin"}
    assert not pointers & set(offer.tree)


def test_copies_count_towards_the_limits(tmp_path: Path) -> None:
    layout = Layout(HERMES, tmp_path / "root", tmp_path)
    limits = LIMITS._replace(total=4000)
    sources = open_sources(layout, lambda: Store(layout.store), dict(os.environ), limits=limits)
    repo = Repo(tmp_path / "r.git", bare=True)
    repo.commit({**PACKAGE, "big.md": "x" * 1000})
    repo.git("read-tree", "main")
    link = repo.blob("big.md")
    rows = "".join(f"120000 {link}\tlink-{n}\n" for n in range(4))
    repo.git("update-index", "--index-info", data=rows.encode())
    repo.commit_tree(repo.git("write-tree"), repo.git("rev-parse", "main"))
    with pytest.raises(Invalid, match="too large"):
        offered(sources, f"file://{repo.path}")


def test_a_long_row_of_links_is_followed_as_far_as_a_system_would() -> None:
    """Following each of 20,000 links to the end of the row would take hours."""
    links = {f"l{i}": f"l{i + 1}" for i in range(20_000)}
    found = followed(links, {RelPath("l20000")})
    assert set(found) == {f"l{i}" for i in range(20_000 - 40, 20_000)}
    assert followed({"l": "x/../" * 200 + "SOUL.md"}, FILES) == {}
