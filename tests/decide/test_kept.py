"""What is kept follows upstream's moves, and stays as it is."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.kept import settle_kept
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.plan import Plan

SKILL = "---\nname: tides\n---\n" + "\n".join(f"Rule {n} of the harbour." for n in range(12)) + "\n"
LATER = SKILL.replace("Rule 3", "Rule three")
MINE = SKILL.replace("Rule 9", "My rule")
TABLE = "Harbour, high, low, wind, moon.\n"
Files = dict[str, str]


def outcome(base: Files, ours: Files, theirs: Files, *kept: str) -> tuple[Files, Plan]:
    """The home afterwards, and the plan; a second update over it changes nothing."""
    shelf = Shelf()
    situation = Situation(
        base=shelf.tree(base), found=shelf.tree(ours), theirs=shelf.tree(theirs), read=shelf.read
    )
    plan = reconcile(situation, Decisions(kept=frozenset(kept)))
    shelf.update(plan.blobs)
    live = plan.after(situation.found)
    again = Situation(base=plan.base, found=live, theirs=situation.theirs, read=shelf.read)
    second = reconcile(again, Decisions(kept=plan.kept))
    assert second.steps == ()
    assert second.kept == plan.kept
    assert plan.conflicts == second.conflicts == ()
    return {str(path): shelf.read(entry.digest).decode() for path, entry in live.items()}, plan


OLD = {"skills/tides/SKILL.md": SKILL, "skills/tides/table.md": TABLE, "SOUL.md": "Soul.\n"}
NEW = {"skills/sea/SKILL.md": LATER, "skills/sea/table.md": TABLE + "More.\n", "SOUL.md": "Soul.\n"}


@pytest.mark.parametrize(
    "skill", [SKILL, MINE, "Nothing like it.\n"], ids=["as was", "mine", "new"]
)
@pytest.mark.parametrize("own", [{}, {"skills/tides/own.md": "My own.\n"}], ids=["", "and my own"])
def test_a_kept_folder_stands_once_under_the_new_name(skill: str, own: Files) -> None:
    ours = {**OLD, "skills/tides/SKILL.md": skill, **own}
    after, plan = outcome(OLD, ours, NEW, "skills/tides")
    assert after == {
        path.replace("skills/tides", "skills/sea"): text for path, text in ours.items()
    }
    assert plan.kept == {"skills/sea"}
    (note,) = [note for note in plan.notes if note.kind is NoteKind.KEPT_FOLLOWS]
    assert (note.where, note.datum("names")) == ("skills/tides", ("skills/sea",))


def test_what_upstream_adds_to_a_kept_folder_that_it_moves_stays_out() -> None:
    after, _ = outcome(OLD, OLD, {**NEW, "skills/sea/extra.md": "Extra.\n"}, "skills/tides")
    assert set(after) == set(NEW)
    assert after["skills/sea/SKILL.md"] == SKILL


def test_a_kept_file_that_was_deleted_here_does_not_come_back_under_the_new_name() -> None:
    ours = {path: text for path, text in OLD.items() if not path.endswith("SKILL.md")}
    after, _ = outcome(OLD, ours, NEW, "skills/tides")
    assert "skills/sea/SKILL.md" not in after
    assert after["skills/sea/table.md"] == TABLE


def test_one_kept_file_follows_and_the_rest_of_its_folder_is_merged() -> None:
    ours = {**OLD, "skills/tides/SKILL.md": MINE}
    after, plan = outcome(OLD, ours, NEW, "skills/tides/SKILL.md")
    assert after == {**NEW, "skills/sea/SKILL.md": MINE}
    assert plan.kept == {"skills/sea/SKILL.md"}


def test_a_kept_key_follows_its_file() -> None:
    mine = SKILL.replace("name: tides", "name: mine")
    theirs = LATER.replace("name: tides", "name: sea")
    after, plan = outcome(
        {"skills/tides/SKILL.md": SKILL},
        {"skills/tides/SKILL.md": mine},
        {"skills/sea/SKILL.md": theirs},
        "skills/tides/SKILL.md: name",
    )
    assert after == {"skills/sea/SKILL.md": LATER.replace("name: tides", "name: mine")}
    assert plan.kept == {"skills/sea/SKILL.md: name"}


def test_it_goes_back_with_a_rollback() -> None:
    home, plan = outcome(OLD, {**OLD, "skills/tides/SKILL.md": MINE}, NEW, "skills/tides")
    after, back = outcome(NEW, home, OLD, *plan.kept)
    assert after == {**OLD, "skills/tides/SKILL.md": MINE}
    assert back.kept == {"skills/tides"}


def test_a_kept_folder_whose_files_go_to_several_places_keeps_each_of_them() -> None:
    theirs = {"skills/sea/SKILL.md": LATER, "templates/table.md": TABLE, "SOUL.md": "Soul.\n"}
    ours = {**OLD, "skills/tides/SKILL.md": MINE}
    after, plan = outcome(OLD, ours, theirs, "skills/tides")
    assert after == {**theirs, "skills/sea/SKILL.md": MINE}
    assert {"skills/sea/SKILL.md", "templates/table.md"} <= plan.kept


def test_a_folder_that_upstream_drops_for_an_unrelated_one_stays() -> None:
    theirs = {"skills/bills/SKILL.md": "---\nname: bills\n---\nSend each bill.\n", "SOUL.md": "x\n"}
    after, plan = outcome(OLD, OLD, theirs, "skills/tides")
    assert after == {**OLD, **theirs}
    assert plan.kept == {"skills/tides"}


def test_nothing_moves_where_nothing_is_kept() -> None:
    shelf = Shelf()
    base = shelf.tree(OLD)
    settled = settle_kept(base, shelf.tree(NEW), frozenset(), shelf.read)
    assert (settled.base.tree, settled.places, settled.notes) == (base, frozenset(), ())
