from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import packages_of

from hermes_dist.decide.archive.arrive import common_base, quieted, readable
from hermes_dist.decide.leaving.card import Card, read_card
from hermes_dist.decide.leaving.export import (
    comes_in,
    goes_with,
    parts_of,
    portable,
    wanted_blobs,
)
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree

KEY = "sk-ant-api03-" + "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC"
CONFIG, JOBS = RelPath("config.yaml"), RelPath("cron/jobs.json")


def shelf(files: dict[str, str]) -> tuple[Tree, Read]:
    blobs = {Digest.of(text.encode()): text.encode() for text in files.values()}
    return Tree(
        {RelPath(path): Entry(Digest.of(text.encode())) for path, text in files.items()}
    ), blobs.__getitem__


def text(tree: Tree, path: RelPath, blobs: dict[Digest, bytes], read: Read) -> str:
    digest = tree[path].digest
    return (blobs[digest] if digest in blobs else read(digest)).decode()


def test_settings_go_without_secrets_and_with_their_comments() -> None:
    tree, read = shelf(
        {"config.yaml": f"# mine\nmodel:\n  api_key: {KEY} # old\n  default: small\n"}
    )
    made = portable(tree, EMPTY, read)
    assert (
        text(made.tree, CONFIG, made.blobs, read)
        == "# mine\nmodel:\n  api_key: '${MODEL_API_KEY}' # old\n  default: small\n"
    )
    assert made.variables == ["MODEL_API_KEY"]


def test_what_equals_base_stays_as_its_author_wrote_it() -> None:
    tree, read = shelf({"config.yaml": f"model: {{api_key: {KEY}}}\n"})
    assert portable(tree, tree, read).tree == tree


def test_a_config_that_is_no_yaml_is_left_to_the_search_of_texts() -> None:
    tree, read = shelf({"config.yaml": "a: [\n***\n"})
    assert portable(tree, EMPTY, read).tree == tree


def test_jobs_go_as_if_they_never_ran_and_on_or_off_as_they_are() -> None:
    jobs = {
        "updated_at": "x",
        "jobs": [
            {
                "id": "0" * 12,
                "name": "a",
                "prompt": f"use {KEY}",
                "enabled": True,
                "state": "error",
                "last_error": "e",
                "next_run_at": "n",
                "repeat": {"times": 3, "completed": 2},
                "origin": {"chat": 1},
            },
            {
                "id": "1" * 12,
                "name": "b",
                "prompt": "p",
                "enabled": False,
                "state": "paused",
                "paused_reason": "by me",
                "paused_at": "t",
            },
            {
                "id": "2" * 12,
                "name": "c",
                "prompt": "p",
                "enabled": False,
                "paused_reason": "from package x: hermes profile approve",
            },
        ],
    }
    tree, read = shelf({"cron/jobs.json": json.dumps(jobs)})
    made = portable(tree, EMPTY, read)
    a, b, c = json.loads(text(made.tree, JOBS, made.blobs, read))["jobs"]
    assert a == {
        "id": "0" * 12,
        "name": "a",
        "prompt": "use ${A_PROMPT_KEY}",
        "enabled": True,
        "state": "scheduled",
        "last_error": None,
        "next_run_at": None,
        "repeat": {"times": 3, "completed": 0},
        "origin": None,
    }
    assert b["paused_reason"] is None
    assert b["enabled"] is False
    assert c["paused_reason"].startswith("from package")


@pytest.mark.parametrize("broken", ["{", "[1]", '{"jobs": 3}', '"x"'])
def test_jobs_that_can_not_be_read_are_left_out_or_empty(broken: str) -> None:
    tree, read = shelf({"cron/jobs.json": broken})
    made = portable(tree, EMPTY, read)
    assert JOBS not in made.tree or json.loads(text(made.tree, JOBS, made.blobs, read)) == {
        "jobs": []
    }


def test_parts_tell_servers_from_settings() -> None:
    tree, read = shelf(
        {
            "config.yaml": "a: 1 # one\nmcp_servers:\n  x: {command: c}\n",
            "SOUL.md": "s",
            "distribution.yaml": "name: x",
        }
    )
    mcp = parts_of(tree, read, frozenset({"mcp"}), frozenset())
    assert text(mcp.tree, CONFIG, mcp.blobs, read) == "mcp_servers:\n  x:\n    command: c\n"
    assert RelPath("SOUL.md") not in mcp.tree
    rest = parts_of(tree, read, frozenset(), frozenset({"mcp"}))
    assert text(rest.tree, CONFIG, rest.blobs, read) == "a: 1 # one\n"
    assert parts_of(tree, read, frozenset(), frozenset()).tree == tree


def test_texts_are_redacted_by_name_and_only_there() -> None:
    data = (
        f"export GITHUB_TOKEN=ghp_{'aB3dE6gH9j' * 4}\nplain words\nmail: tulpen-im-april\n".encode()
    )
    edited, names = redact(data, {"SMTP_PASSWORD": "tulpen-im-april"})
    assert edited == b"export GITHUB_TOKEN=${GITHUB_TOKEN}\nplain words\nmail: ${SMTP_PASSWORD}\n"
    assert set(names) == {"SMTP_PASSWORD", "GITHUB_TOKEN"}
    assert redact(edited, {"SMTP_PASSWORD": "tulpen-im-april"}) == (edited, ())


cards = st.builds(
    Card,
    variables=st.frozensets(st.from_regex(r"[A-Z]{1,5}", fullmatch=True)).map(
        lambda names: tuple(sorted(names))
    ),
    only=st.frozensets(st.sampled_from(["soul", "mcp"])),
    without=st.frozensets(st.sampled_from(["cron"])),
    carried=st.frozensets(st.sampled_from(["memories", "sessions"])),
    full=st.booleans(),
    long=st.dictionaries(
        st.sampled_from([".dist/long/a", ".dist/long/b"]), st.sampled_from(["skills/é", "x/y"])
    ),
)


@given(cards)
def test_a_card_is_read_as_it_was_written(card: Card) -> None:
    assert read_card(card.encode()) == card


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"format": "1"}', b'{"format": 1, "long": {"a": "../b"}}', b"\xff"],
)
def test_a_card_that_is_none_is_told(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_card(data)


def test_everything_of_an_archive_is_switched_off_and_remembered() -> None:
    tree, read = shelf(
        {
            "config.yaml": "mcp_servers:\n  on: {command: c}\n  off: {command: c, enabled: false} # mine\n",
            "cron/jobs.json": json.dumps(
                {
                    "jobs": [
                        {"id": "0" * 12, "enabled": True},
                        {"id": "1" * 12, "enabled": False, "paused_reason": "me"},
                    ]
                }
            ),
        }
    )
    quiet = quieted(tree, read, "bot", {"0" * 12})
    blobs = dict(quiet.blobs)
    assert text(quiet.tree, CONFIG, blobs, read) == (
        "mcp_servers:\n  on: {command: c, enabled: false}\n  off: {command: c, enabled: false} # mine\n"
    )
    jobs = json.loads(text(quiet.tree, JOBS, blobs, read))["jobs"]
    assert [job["enabled"] for job in jobs] == [False, False]
    assert jobs[0]["paused_reason"].startswith("from package bot")
    assert jobs[1]["paused_reason"] == "me"
    assert len(quiet.on) == 2
    assert quieted(quiet.tree, lambda d: blobs.get(d) or read(d), "bot").tree == quiet.tree


@pytest.mark.parametrize("jobs", [[{"id": ["a"]}, {}], {"a": {"prompt": "p"}, "b": {}}])
def test_jobs_that_no_id_tells_apart_are_switched_off_too(jobs: object) -> None:
    tree, read = shelf({"cron/jobs.json": json.dumps({"jobs": jobs})})
    quiet = quieted(tree, read, "bot")
    rows = json.loads(text(quiet.tree, JOBS, dict(quiet.blobs), read))["jobs"]
    assert [row["enabled"] for row in rows] == [False, False]


def lock(base: Tree, **more: object) -> Lock:
    return Lock(packages=packages_of(base), base=base, **more)  # type: ignore[arg-type]  # a Lock's own


def test_a_lock_forgets_what_is_lost() -> None:
    base, _ = shelf({"SOUL.md": "1", "config.yaml": "a: 1"})
    up = {RelPath("SOUL.md"): Entry(Digest.of(b"2")), CONFIG: None}
    kept, lost = readable(
        lock(base, upstream=up), lambda digest: digest != base[RelPath("SOUL.md")].digest
    )
    assert (list(kept.base), kept.upstream, lost) == ([CONFIG], {CONFIG: None}, 1)
    assert wanted_blobs(lock(base, upstream=up), base) == [Digest.of(b"2")]


def test_the_base_of_an_import() -> None:
    mine, _ = shelf({"SOUL.md": "1"})
    theirs, _ = shelf({"SOUL.md": "2"})
    assert common_base(lock(theirs), None) == EMPTY
    assert common_base(None, lock(mine)) == mine
    assert common_base(lock(theirs), lock(mine)) == theirs


@pytest.mark.parametrize(
    ("path", "full", "foreign", "effects", "comes"),
    [
        ("memories/MEMORY.md", False, False, False, True),
        ("state.db", False, False, False, True),
        (".env", False, False, True, False),
        ("workspace/x", False, False, False, False),
        ("workspace/x", False, True, False, True),
        (".env", False, True, True, False),
        (".env", True, False, False, True),
        ("shell-hooks-allowlist.json", True, False, False, False),
        ("shell-hooks-allowlist.json", True, False, True, True),
        ("shell-hooks-allowlist.json", False, True, True, False),
        ("gateway.pid", True, False, True, False),
        ("profiles/x/SOUL.md", True, False, True, False),
    ],
)
def test_what_of_a_machine_comes_in(
    path: str, *, full: bool, foreign: bool, effects: bool, comes: bool
) -> None:
    assert comes_in(RelPath(path), full=full, foreign=foreign, effects=effects) is comes
    assert goes_with(RelPath("auth.json"), frozenset({"memories", "sessions"})) is False
