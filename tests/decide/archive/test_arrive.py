"""What an archive brings in: switched off before, merged like an update, and what has no yes waits."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from shelf import Shelf, packages_of

from hermes_dist.decide.archive.arrive import Arrival, Consent, arrive, quieted, whole_again
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.side import Side
from hermes_dist.model.tree import EMPTY, Tree

CONFIG, JOBS = RelPath("config.yaml"), RelPath("cron/jobs.json")
JOB = {
    "id": "0" * 12,
    "name": "watch",
    "prompt": "look",
    "enabled": True,
    "schedule": {"kind": "interval", "minutes": 5},
}


def consent(*, everything: bool = False, default: Side | None = None) -> Consent:
    return Consent(sides={}, default=default, grants=frozenset(), everything=everything)


def arrived(
    shelf: Shelf,
    archive: Tree,
    home: Tree = EMPTY,
    adopted: Lock | None = None,
    said: Consent | None = None,
    base: Tree = EMPTY,
) -> tuple[Plan, Lock | None, Tree]:
    """The plan, the lock, and the home afterwards."""
    quiet = quieted(archive, shelf.read, "bot")
    arrival = Arrival(
        base=base, found=home, ours=home, quiet=quiet, adopted=adopted, before=(), read=shelf.read
    )
    plan, lock = arrive(arrival, said or consent())
    shelf.update(plan.blobs)
    return plan, lock, plan.after(home)


@pytest.mark.parametrize("path", ["config.yaml", "cron/jobs.json"])
@pytest.mark.parametrize("content", ["a: [\n", "- 1\n", "mcp_servers: 7\n", b"\xff", ""])
def test_what_can_not_be_read_or_holds_nothing_that_runs_stays_as_it_is(
    path: str, content: str | bytes
) -> None:
    shelf = Shelf()
    tree = shelf.tree({path: content})
    quiet = quieted(tree, shelf.read, "bot")
    assert (quiet.tree, quiet.on) == (tree, frozenset())


def test_a_bare_list_of_jobs_is_switched_off_too() -> None:
    shelf = Shelf()
    quiet = quieted(shelf.tree({"cron/jobs.json": [JOB, {"id": "1" * 12}]}), shelf.read, "bot")
    shelf.update(quiet.blobs)
    assert [(job["enabled"], job["state"]) for job in shelf.jobs(quiet.tree)] == [
        (False, "paused")
    ] * 2
    assert len(quiet.on) == 2


def test_files_come_in_and_what_runs_waits_switched_off() -> None:
    shelf = Shelf()
    archive = shelf.tree(
        {
            "SOUL.md": "I am",
            "config.yaml": "mcp_servers:\n  s: {command: x}\n",
            "cron/jobs.json": {"jobs": [JOB]},
        }
    )
    plan, lock, home = arrived(shelf, archive)
    assert lock is None
    assert set(home) == {"SOUL.md", "config.yaml", "cron/jobs.json"}
    assert "enabled: false" in shelf.text(home, "config.yaml")
    assert [job["enabled"] for job in shelf.jobs(home)] == [False]
    assert {str(effect.path) for effect in plan.parked} == {"config.yaml", "cron/jobs.json"}


def test_with_every_yes_what_was_on_is_on_and_what_was_off_stays_off() -> None:
    shelf = Shelf()
    archive = shelf.tree(
        {
            "config.yaml": "mcp_servers:\n  on: {command: x}\n  off: {command: y, enabled: false}\n",
            "cron/jobs.json": {"jobs": [JOB, {**JOB, "id": "1" * 12, "enabled": False}]},
        }
    )
    _, _, home = arrived(shelf, archive, said=consent(everything=True))
    assert shelf.text(home, "config.yaml") == (
        "mcp_servers:\n  on: {command: x, enabled: true}\n  off: {command: y, enabled: false}\n"
    )
    assert [job["enabled"] for job in shelf.jobs(home)] == [True, False]


def test_what_the_home_has_stays_and_where_both_differ_the_sides_are_asked_for() -> None:
    shelf = Shelf()
    home, archive = (
        shelf.tree({"SOUL.md": "mine", "own.md": "o"}),
        shelf.tree({"SOUL.md": "theirs", "new.md": "n"}),
    )
    plan, _, after = arrived(shelf, archive, home)
    assert shelf.files(after) == {"SOUL.md": "mine", "own.md": "o", "new.md": "n"}
    assert [conflict.place for conflict in plan.conflicts] == ["SOUL.md"]
    plan, _, after = arrived(shelf, archive, home, said=consent(default=Side.THEIRS))
    assert shelf.files(after)["SOUL.md"] == "theirs"
    assert plan.conflicts == ()


def test_the_archives_lock_becomes_the_homes_and_what_waits_is_in_it() -> None:
    shelf = Shelf()
    base = shelf.tree({"SOUL.md": "v1", "hooks/h/HOOK.yaml": "x", "hooks/h/handler.py": "x"})
    live = base.with_entries(shelf.tree({"SOUL.md": "v1, edited"}))
    lock = Lock(packages=packages_of(base), base=base, generation=4, kept=frozenset(["SOUL.md"]))
    plan, after, home = arrived(shelf, live, adopted=lock)
    assert after is not None
    assert shelf.files(home) == {"SOUL.md": "v1, edited"}
    assert {effect.path for effect in after.parked} == {RelPath("hooks/h")}
    assert after.parked == plan.parked
    assert set(after.base) == {"SOUL.md"}
    assert after.theirs() == base
    assert (after.generation, after.kept, after.source) == (0, lock.kept, lock.source)


def test_what_was_kept_for_ever_where_the_archive_comes_from_is_no_question_here() -> None:
    shelf = Shelf()
    base, upstream, live = (shelf.tree({"SOUL.md": text}) for text in ("v1", "v2", "mine"))
    lock = Lock(packages=packages_of(upstream), base=base, upstream=dict(upstream))
    _, asked, _ = arrived(shelf, live, adopted=lock)
    _, kept, home = arrived(shelf, live, adopted=replace(lock, kept=frozenset(["SOUL.md"])))
    assert asked is not None
    assert kept is not None
    assert ([c.place for c in asked.conflicts], kept.conflicts) == (["SOUL.md"], ())
    assert shelf.files(home) == {"SOUL.md": "mine"}


def test_with_every_yes_nothing_waits_in_the_archives_lock_and_the_yes_is_remembered() -> None:
    shelf = Shelf()
    base = shelf.tree({"hooks/h/HOOK.yaml": "x", "hooks/h/handler.py": "x"})
    lock = Lock(packages=packages_of(base), base=base)
    _, after, home = arrived(shelf, base, adopted=lock, said=consent(everything=True))
    assert after is not None
    assert home == base == after.base
    assert (after.parked, after.upstream) == ((), {})
    assert after.approved


def test_code_that_ran_before_an_import_has_its_yes_as_after_an_update() -> None:
    shelf = Shelf()
    home = shelf.tree({"hooks/h/HOOK.yaml": "x", "hooks/h/handler.py": "mine"})
    archive = shelf.tree({"hooks/h/HOOK.yaml": "x", "hooks/h/handler.py": "theirs"})
    lock = Lock(packages=packages_of(archive), base=archive)
    plan, after, there = arrived(
        shelf, archive, home, lock, consent(everything=True, default=Side.THEIRS)
    )
    assert there == archive
    assert [effect.place for effect in plan.ran] == ["hooks/h"]
    assert after is not None
    assert {effect.digest for effect in (*plan.ran, *plan.effects)} <= after.granted


def test_an_archive_of_some_parts_is_as_if_the_others_were_as_received() -> None:
    shelf = Shelf()
    base = shelf.tree(
        {
            "SOUL.md": "1",
            "config.yaml": "a: 1\nmcp_servers:\n  s: {command: x}\n",
            "skills/a/SKILL.md": "1",
        }
    )
    live = shelf.tree({"SOUL.md": "2", "config.yaml": "a: 2\nmcp_servers:\n  s: {command: y}\n"})

    def whole(only: set[str], without: set[str] = frozenset()) -> dict[str, str]:  # type: ignore[assignment]  # an empty set
        grafted = whole_again(live, base, frozenset(only), frozenset(without), shelf.read)
        shelf.update(grafted.blobs)
        return shelf.files(grafted.tree)

    before, now = shelf.files(base), shelf.files(live)
    assert whole({"soul"}) == {**before, "SOUL.md": "2"}
    assert whole({"soul", "skills", "config", "mcp"}) == now
    assert whole({"mcp"}) == {**before, "config.yaml": "a: 1\nmcp_servers:\n  s: {command: y}\n"}
    assert whole({"config"}) == {**before, "config.yaml": "a: 2\nmcp_servers:\n  s: {command: x}\n"}
    assert whole(set(), {"soul", "skills"}) == {**now, "SOUL.md": "1", "skills/a/SKILL.md": "1"}


@pytest.mark.parametrize("state", [{}, {"enabled": False, "paused_reason": "not today"}])
def test_a_run_by_hand_that_was_asked_for_there_is_not_wanted_here(
    state: dict[str, object],
) -> None:
    shelf = Shelf()
    once = {"manual_run_at": "2026-01-01", "manual_run_prompt": "Send the keys."}
    tree = shelf.tree({JOBS: {"jobs": [{**JOB, **state, **once}]}})
    quiet = quieted(tree, shelf.read, "bot")
    shelf.update(quiet.blobs)
    (job,) = shelf.jobs(quiet.tree)
    assert job.keys().isdisjoint(once)
    assert not job["enabled"]
