"""Removal from the files that hold the package's part beside the user's: settings, servers and jobs."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from budget import examples
from document_authors import three
from shelf import Shelf

from hermes_dist.decide.removal import Removal, removal
from hermes_dist.model.tree import EMPTY, Tree

JOB = {"id": "0" * 12, "name": "watch", "prompt": "look", "enabled": True}
OWN = {"id": "f" * 12, "name": "mine", "prompt": "my own", "enabled": True}


def removed(shelf: Shelf, base: Tree, found: Tree) -> tuple[dict[str, str], Removal]:
    """The files afterwards, and what was said."""
    gone = removal(base, found, found, shelf.read)
    shelf.update(gone.plan.blobs)
    return shelf.files(gone.plan.after(found)), gone


def test_an_untouched_config_goes_with_its_package() -> None:
    shelf = Shelf()
    base = shelf.tree({"config.yaml": "model: m\nmcp_servers:\n  s: {command: x}\n"})
    assert removed(shelf, base, base)[0] == {}


def test_the_packages_settings_leave_and_the_users_own_stay_with_their_comments() -> None:
    shelf = Shelf()
    base = shelf.tree({"config.yaml": "model:\n  default: m\nterminal:\n  a: 1\n"})
    found = shelf.tree(
        {"config.yaml": "model:\n  default: m\nterminal:\n  a: 1\n  b: 2 # my b\n# mine\nown: 1\n"}
    )
    files, gone = removed(shelf, base, found)
    assert files == {"config.yaml": "terminal:\n  b: 2 # my b\n# mine\nown: 1\n"}
    assert (gone.kept, gone.own) == (("config.yaml",), ())


def test_a_setting_that_was_edited_stays_as_it_is() -> None:
    shelf = Shelf()
    base, found = (
        shelf.tree({"config.yaml": "a: 1\nb: 1\n"}),
        shelf.tree({"config.yaml": "a: 2\nb: 1\n"}),
    )
    assert removed(shelf, base, found)[0] == {"config.yaml": "a: 2\n"}


def test_an_untouched_server_leaves_and_an_own_one_stays() -> None:
    shelf = Shelf()
    base = shelf.tree({"config.yaml": "mcp_servers:\n  s: {command: x, enabled: false}\n"})
    found = shelf.tree(
        {"config.yaml": "mcp_servers:\n  s: {command: x, enabled: true}\n  own: {command: y}\n"}
    )
    assert removed(shelf, base, found)[0] == {"config.yaml": "mcp_servers:\n  own: {command: y}\n"}


def test_a_config_that_only_holds_what_the_package_leaves_empty_goes() -> None:
    shelf = Shelf()
    base = shelf.tree({"config.yaml": "mcp_servers:\n  s: {command: x, enabled: false}\n"})
    found = shelf.tree({"config.yaml": "mcp_servers:\n  s: {command: x, enabled: true}\n"})
    assert removed(shelf, base, found)[0] == {}


def test_the_packages_jobs_leave_and_the_users_own_stay() -> None:
    shelf = Shelf()
    base = shelf.tree({"cron/jobs.json": {"jobs": [{**JOB, "enabled": False}]}})
    found = shelf.tree(
        {
            "cron/jobs.json": {
                "jobs": [{**JOB, "last_run_at": "2026-01-01"}, OWN],
                "updated_at": "now",
            }
        }
    )
    after, _ = removed(shelf, base, found)
    assert '"my own"' in after["cron/jobs.json"]
    assert '"look"' not in after["cron/jobs.json"]


def test_a_store_of_jobs_with_nothing_but_the_agents_stamp_in_it_goes() -> None:
    shelf = Shelf()
    base = shelf.tree({"cron/jobs.json": {"jobs": [JOB]}})
    found = shelf.tree({"cron/jobs.json": {"jobs": [JOB], "updated_at": "now"}})
    assert removed(shelf, base, found)[0] == {}


def test_an_edited_job_stays() -> None:
    shelf = Shelf()
    base = shelf.tree({"cron/jobs.json": {"jobs": [JOB]}})
    found = shelf.tree({"cron/jobs.json": {"jobs": [{**JOB, "prompt": "look twice"}]}})
    after, gone = removed(shelf, base, found)
    assert '"look twice"' in after["cron/jobs.json"]
    assert gone.kept == ("cron/jobs.json",)


@pytest.mark.parametrize("broken", ["a: [\n", "- a\n", "just words\n"])
def test_a_config_that_is_none_any_more_stays_as_it_is(broken: str) -> None:
    shelf = Shelf()
    base, found = (
        shelf.tree({"config.yaml": "a: 1\n"}),
        shelf.tree({"config.yaml": broken, "SOUL.md": "mine"}),
    )
    files, gone = removed(shelf, base, found)
    assert files == {"config.yaml": broken, "SOUL.md": "mine"}
    assert (gone.kept, gone.own) == (("config.yaml",), ("SOUL.md",))


def test_only_what_the_package_brought_is_touched() -> None:
    shelf = Shelf()
    found = shelf.tree(
        {"config.yaml": "a: 1\n", "cron/jobs.json": {"jobs": [OWN]}, "skills/x/SKILL.md": "x"}
    )
    gone = removal(EMPTY, found, found, shelf.read)
    assert gone.plan.steps == ()
    assert gone.own == tuple(found)
    assert gone.kept == ()


@pytest.mark.parametrize(
    ("base", "found", "left"),
    [
        ("a: 1\nb: 1\n", "# mine\na: 1\nb: 1 # too\n", "# mine\n# too\n"),
        ("# old\na: 1\n", "# old\n# mine\n\na: 1\n", "# mine\n"),
        ("a: 1\nb: 1\n", "a: 1\n# mine\nb: 1\nown: 1\n", "# mine\nown: 1\n"),
        ("m:\n  a: 1\n  # old\n  b: 1\n", "m:\n  a: 1 # mine\n  # old\n  b: 1\n", "# mine\n"),
        ("a: 1\nb: 1\n", "a: 1 # mine\nb: 2\n", "# mine\nb: 2\n"),
        # A header of the package leaves, one of the user's stays, wherever it stands.
        ("# pack\n\na: 1\n", "# pack\n\na: 1\nown: 1\n", "own: 1\n"),
        ("# pack\n\na: 1\n", "# pack\n\n# mine\n\na: 1\nown: 1\n", "# mine\n\nown: 1\n"),
        (
            "# pack\n\na: 1\n\n# part\n\nb: 1\n\n# foot\n",
            "# pack\n\na: 1\n\n# part\n\nb: 2\n\n# mine\n\n# foot\n",
            "b: 2\n\n# mine\n",
        ),
        # Beside what stays, the author's words stay, too.
        ("# p\n\n# why\na: 1\nb: 1\n", "# p\n\n# why\na: 2\nb: 1\n", "# why\na: 2\n"),
        ("# --\n\na: 1\n", "# --\n\na: 1\n\n# --\n\nown: 1\n", "# --\n\nown: 1\n"),
    ],
)
def test_values_and_comments_of_the_package_leave_and_the_users_comments_stay(
    base: str, found: str, left: str
) -> None:
    shelf = Shelf()
    before, here = shelf.tree({"config.yaml": base}), shelf.tree({"config.yaml": found})
    files, _ = removed(shelf, before, here)
    assert files == {"config.yaml": left}


def test_in_what_two_wrote_no_comment_of_the_users_leaves_and_none_doubles() -> None:
    for seed in range(examples(3000)):
        base, found, _ = three(seed)
        shelf = Shelf()
        before, here = shelf.tree({"config.yaml": base}), shelf.tree({"config.yaml": found})
        if before == here:
            continue
        got = Counter(
            re.findall("# (?:old|mine) .*", removed(shelf, before, here)[0].get("config.yaml", ""))
        )
        mine = re.findall("# mine .*", found)
        assert all(got[note] == 1 for note in mine), seed
        assert set(got.values()) <= {1}, seed
