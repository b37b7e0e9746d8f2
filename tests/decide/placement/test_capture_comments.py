"""What the user wrote beside the settings goes along, wherever it stands."""

from __future__ import annotations

import random

import pytest
from budget import documents
from document_authors import mutated, three
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.placement.capture import capture
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, comments_of, load_data, parse, same

LAW = settings(max_examples=documents(2000), deadline=None)
AUTHORS = "# author\nmodel:\n  default: x\n\nskin: a\n"


def published(authors: str, here: str, **more: str) -> str:
    """The settings that a package has after a home with other ones than it received was captured."""
    shelf = Shelf()
    placed = shelf.place({"config.yaml": authors, **more})
    home = placed.tree.with_entries(shelf.tree({"config.yaml": here}))
    captured = capture(home, placed.tree, placed.shipped, shelf.read, own=True)
    shelf.update(captured.blobs)
    return shelf.text(captured.tree, "config.yaml")


@pytest.mark.parametrize(
    "here",
    [
        AUTHORS.replace("a\n", "b\n\n# foot\n"),
        "# head\n\n" + AUTHORS.replace("a\n", "b\n"),
        "# head\n\n# author\n# more\nmodel:\n  default: y\n",
        AUTHORS.replace("skin: a", "# apart\n\nskin: b"),
        AUTHORS.replace("skin: a", "# one\n# two\n\n# three\n\nskin: b\nnew: 1 # mine"),
        AUTHORS.replace("skin: a", "skin: b\n  # deep below"),
        AUTHORS.replace("  default: x", "  # inside\n\n  default: y\n\n  # at the end"),
    ],
)
def test_a_comment_that_stands_apart_goes_along_with_an_edit(here: str) -> None:
    assert published(AUTHORS, here) == here


def test_a_comment_stays_before_the_authors_that_stands_apart_behind_it() -> None:
    authors = "# license\n\na: 1\n\n# part two\n\nb: 1\n"
    here = "# mine\n\n# license\n\na: 2\n\n# mine, too\n\n# part two\n\nb: 1\n"
    assert published(authors, here) == here


def test_what_the_user_took_out_goes_unless_the_agent_wrote_the_file() -> None:
    authors = "# license\n\n# author\na: 1\n\n# part two\n\nb: 1\n"
    assert published(authors, here := "# author\na: 2\n\nb: 1\n# other\n") == here
    assert published(authors, "# mine\n\na: 2\nb: 1\n") == (
        "# license\n\n# mine\n\n# author\na: 2\n\n# part two\n\nb: 1\n"
    )


def test_of_equal_comments_the_users_comes_where_it_stands() -> None:
    authors = "# ---\n\na: 1\n\nb: 1\n"
    assert published(authors, here := "# ---\n\na: 1\n\n# ---\n\nb: 2\n") == here


def test_a_comment_beside_a_hidden_secret_stays() -> None:
    key = "sk-" + "proj-" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz"
    here = f"# mine\n\ntool:\n  # from the console\n  api_key: {key} # old\n"
    got = published("tool:\n  api_key: ''\n", here)
    assert key not in got
    assert got == here.replace(key, "'${TOOL_API_KEY}'")


TIED = "# head\nx: &x {k: 1}  # why x\n\n# apart\n\ny: *x\nz: 1 # zed\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{k: 1}", "{k: 2}"),
        ("y: *x", "# mine\ny: {k: 5}"),
        ("z: 1 # zed", "z: 2 # zed\n# foot"),
        ("# apart\n\ny: *x\n", "# mine\n\n"),
    ],
)
def test_a_file_with_anchors_keeps_its_text(old: str, new: str) -> None:
    here = TIED.replace(old, new)
    assert published(TIED, here) == here
    # The server that is switched off in the home is no reason to write the file anew.
    servers = "mcp_servers:\n  a:\n    command: x # run\n"
    authors, off = TIED + servers, servers + "    enabled: false\n"
    assert published(authors, here + off) == here + servers


def test_where_only_the_data_can_be_written_the_comments_come_all_the_same() -> None:
    authors = "# head\nx: &x {k: 1}  # why x\n\n# apart\n\ny: *x\nz: 1\n"
    # As the agent writes it: its own anchors, no comments; then the user's.
    got = published(authors, "# mine\n\nx: &id001\n  k: 2\ny: *id001\nz: 1\n")
    assert same(load_data(got.encode(), Kind.YAML), {"x": {"k": 2}, "y": {"k": 2}, "z": 1})
    assert list(comments_of(parse(got.encode(), Kind.YAML))) == [
        "# mine",
        "# head",
        "# why x",
        "# apart",
    ]


def test_a_comment_at_a_server_of_another_file_stays_in_the_home() -> None:
    mcp = '{"mcpServers": {"s": {"command": "x"}}}'
    here = "a: 2\n\n# servers\n\nmcp_servers:\n  # mine\n  s:\n    command: x\n    enabled: false\n"
    assert published("a: 1\n", here, **{"mcp.json": mcp}) == "a: 2\n\n# servers\n"


@LAW
@given(st.integers(0, 1 << 62))
def test_the_package_has_the_comments_and_the_data_of_the_home(seed: int) -> None:
    make = random.Random(seed).choice([three, mutated])
    # An empty map is no setting to the agent, and so none that a package takes over.
    authors, here = (text.replace("{}", "[]") for text in make(seed)[:2])
    try:
        docs = [parse(text.encode(), Kind.YAML) for text in (authors, here)]
    except Invalid:
        return
    had, own = map(comments_of, docs)
    if not all(isinstance(doc.value, dict) for doc in docs) or (had and not had & own):
        return  # all comments gone: so the agent writes
    got = parse(published(authors, here).encode(), Kind.YAML)
    assert same(got.value, docs[1].value)
    assert comments_of(got) == own
