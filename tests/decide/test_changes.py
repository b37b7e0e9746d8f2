"""What differs between trees, as people name it."""

from __future__ import annotations

from hermes_dist.decide.changes import Change, changes_between, key_changes, text_diff
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree

BLOBS: dict[Digest, bytes] = {}


def tree(**files: str) -> Tree:
    entries = {}
    for name, text in files.items():
        digest = Digest.of(text.encode())
        BLOBS[digest] = text.encode()
        entries[RelPath(name.replace("__", "/").replace("_dot_", "."))] = Entry(digest)
    return Tree(entries)


def names(changes: list[Change]) -> list[tuple[str, str]]:
    return [(str(c.path), str(c.how)) for c in changes]


def test_added_changed_and_deleted_are_told_apart() -> None:
    found = changes_between(tree(a="1", b="1", c="1"), tree(b="2", c="1", d="4"), BLOBS.__getitem__)
    assert names(found) == [("a", "deleted"), ("b", "changed"), ("d", "added")]


def test_a_file_that_moved_as_it_is_is_one_change() -> None:
    found = changes_between(
        tree(old__x="same", keep="k"), tree(new__x="same", keep="k"), BLOBS.__getitem__
    )
    assert names(found) == [("new/x", "renamed")]
    assert found[0].was == "old/x"
    assert text_diff(found[0], BLOBS.__getitem__, "a", "b") == ["old/x moved to new/x"]


def test_of_two_equal_files_each_moves_once() -> None:
    found = changes_between(
        tree(a="same", b="same"), tree(c="same", d="same", e="same"), BLOBS.__getitem__
    )
    assert names(found) == [("b", "deleted"), ("c", "renamed"), ("d", "added"), ("e", "added")]


def test_documents_that_hold_the_same_data_are_no_change() -> None:
    found = changes_between(
        tree(config_dot_yaml="a: 1 # one\nb: 2\n"),
        tree(config_dot_yaml="b: 2\na: 1\n"),
        BLOBS.__getitem__,
    )
    assert found == []


def test_dates_are_shown_and_named_as_any_value() -> None:
    (change,) = changes_between(
        tree(config_dot_yaml="2026-01-02: {2026-01-03: a}\n"),
        tree(config_dot_yaml="2026-01-02: {2026-01-03: a}\nx: [2026-01-02, {2026-01-03: 1}]\n"),
        BLOBS.__getitem__,
    )
    [key] = key_changes(change, BLOBS.__getitem__)
    assert (key.key, key.after) == ("x", '[ "2026-01-02", { "2026-01-03": 1 } ]')


def test_a_changed_document_names_its_keys() -> None:
    (change,) = changes_between(
        tree(config_dot_yaml="model:\n  default: a\n"),
        tree(config_dot_yaml="model:\n  default: b\nx: 1\n"),
        BLOBS.__getitem__,
    )
    found = {(k.key, k.before, k.after) for k in key_changes(change, BLOBS.__getitem__)}
    assert found == {("model.default", "a", "b"), ("x", "", "1")}


def _diff(path: str, before: str, after: str) -> list[str]:
    (change,) = changes_between(tree(**{path: before}), tree(**{path: after}), BLOBS.__getitem__)
    lines = text_diff(change, BLOBS.__getitem__, "received", "yours")
    return [line for line in lines if line.startswith(("+", "-"))][2:]


def test_the_switch_that_an_approval_writes_is_no_change_of_a_text() -> None:
    server = "mcp_servers:\n  web:\n    command: npx\n    enabled: {}\nname: {}\n"
    assert _diff("config_dot_yaml", server.format("false", "a"), server.format("true", "b")) == [
        "-name: a",
        "+name: b",
    ]


def test_a_switch_that_only_one_side_has_is_no_change_of_a_text() -> None:
    with_switch = "mcp_servers:\n  web:\n    enabled: true\n    command: npx\nname: {}\n"
    without = with_switch.replace("    enabled: true\n", "")
    wanted = ["-name: a", "+name: b"]
    assert _diff("config_dot_yaml", with_switch.format("a"), without.format("b")) == wanted
    assert _diff("config_dot_yaml", without.format("a"), with_switch.format("b")) == wanted


def test_the_run_state_of_a_job_is_no_change_of_a_text() -> None:
    job = '{{\n  "jobs": [\n    {{\n      "id": "a",\n      "enabled": {},\n      "state": "{}",\n      "prompt": "{}"\n    }}\n  ]\n}}\n'
    before, after = job.format("false", "paused", "One."), job.format("true", "scheduled", "Two.")
    assert _diff("cron__jobs_dot_json", before, after) == [
        '-      "prompt": "One."',
        '+      "prompt": "Two."',
    ]
