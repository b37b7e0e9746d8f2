"""History, rollback, update --abort, hold: what goes back, and what stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.errors import Cancelled, DistError, InputNeeded, Lost
from hermes_dist.model.lock import ANY, Lock, load_lock
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package import rollback as going_back
from hermes_dist.ops.package.history import history, hold
from hermes_dist.ops.package.outdated import outdated
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.uninstall import uninstall
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.package_json import generation_data

SOUL = FIRST["SOUL.md"]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def _two(story: Story) -> None:
    """Version 1 installed, version 2 received."""
    story.install()
    story.ship(
        {
            "distribution.yaml": "name: bot\nversion: 2.0.0\n",
            "SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new"),
            "skills/new/SKILL.md": "# New.\nIt counts.\nIt adds.\nIt sums up.\n",
            "skills/bye/SKILL.md": None,
        }
    )
    story.update()


def _verbs(story: Story) -> list[tuple[int, str]]:
    return [(row.number, row.verb) for row in history(story.ctx, BOT)]


def test_every_change_is_a_generation_with_its_version_commit_and_files(story: Story) -> None:
    _two(story)
    rows = history(story.ctx, BOT)
    assert _verbs(story) == [(0, ""), (1, "install"), (2, "update")]
    assert [row.lock.pin.version if row.lock else None for row in rows] == [None, "1.0.0", "2.0.0"]
    assert [row.generation.label["commit"] for row in rows if row.generation] == story.commits
    assert {step.path for step in rows[2].steps} == {
        "distribution.yaml",
        "SOUL.md",
        "skills/new/SKILL.md",
        "skills/bye/SKILL.md",
    }
    assert all(row.when > 1_700_000_000 for row in rows[1:])


@pytest.mark.parametrize(("verb", "most"), [("history", 0), ("undo", 2), ("rollback", 4)])
def test_however_long_the_history_few_earlier_locks_are_read(
    story: Story, monkeypatch: pytest.MonkeyPatch, verb: str, most: int
) -> None:
    story.install()
    for number in range(7):
        story.ship({"skills/bye/SKILL.md": f"Bye for the {number}th time.\n"})
        story.update()
    read: list[bytes] = []

    def watched(data: bytes) -> Lock:
        read.append(data)
        return load_lock(data)

    monkeypatch.setattr("hermes_dist.ops.package.history.load_lock", watched)
    if verb == "history":
        rows = [generation_data(row) for row in history(story.ctx, BOT)]
        assert [row["pin"]["commit"] for row in rows[1:]] == story.commits
    elif verb == "undo":
        undo(story.ctx, BOT, GO, yes, lambda _: None)
        assert "5th" in story.read("skills/bye/SKILL.md")
    else:
        story.rollback()
        assert "5th" in story.read("skills/bye/SKILL.md")
    assert len(read) <= most


def test_an_earlier_lock_that_is_damaged_counts_as_lost(story: Story) -> None:
    _two(story)
    kept = story.home / ".dist" / "generations" / "2" / "lock"
    kept.write_bytes(kept.read_bytes().replace(b"bot", b"tob"))
    rows = history(story.ctx, BOT)
    assert [(row.lock is None, row.brief is None) for row in rows] == [
        (True, True),
        (True, True),
        (False, False),
    ]


def test_a_profile_without_changes_has_an_empty_history(story: Story) -> None:
    story.home.mkdir(parents=True)
    assert history(story.ctx, BOT) == []
    with pytest.raises(DistError, match="holds no package"):
        story.rollback()


def test_rollback_gives_the_earlier_package_and_keeps_later_edits(story: Story) -> None:
    _two(story)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.write("skills/mine/SKILL.md", "mine\n")
    story.rollback()
    assert story.read("SOUL.md") == SOUL.replace("Rule 20 stands", "Rule 20 is mine")
    assert story.read("skills/bye/SKILL.md") == FIRST["skills/bye/SKILL.md"]
    assert not (story.home / "skills/new").exists()
    assert story.read("skills/mine/SKILL.md") == "mine\n"
    assert story.lock.pin.commit == story.commits[0]
    assert story.lock.held == story.commits[1]


def test_a_rollback_holds_against_the_commit_it_left_and_takes_a_later_one(story: Story) -> None:
    _two(story)
    story.rollback()
    before = story.files()
    done = story.update()
    assert not done.done
    assert "unhold bot" in sentences(done.notes)[0]
    assert story.files() == before
    assert outdated(story.ctx, BOT).state == "held"
    story.ship({"skills/third/SKILL.md": "third\n"})
    assert outdated(story.ctx, BOT).state == "behind"
    assert story.update().done
    assert story.lock.held == ""
    assert story.lock.pin.commit == story.commits[2]
    assert "Rule 3 is new" in story.read("SOUL.md")


def test_a_source_that_went_back_before_the_held_commit_is_kept_out_too(story: Story) -> None:
    _two(story)
    story.ship({"skills/third/SKILL.md": "third\n"})
    story.update()
    story.rollback(1)
    story.repo.git("update-ref", "refs/heads/main", story.commits[1])
    assert not story.update().done


def test_unhold_lets_the_next_update_go_on(story: Story) -> None:
    _two(story)
    story.rollback()
    assert hold(story.ctx, BOT, on=False).done
    assert story.update().done
    assert story.lock.pin.commit == story.commits[1]
    assert not (story.home / "skills/bye").exists()


def test_hold_keeps_every_update_out_until_unhold(story: Story) -> None:
    story.install()
    before = story.files()
    assert hold(story.ctx, BOT, on=True).done
    assert not hold(story.ctx, BOT, on=True).done
    story.ship({"SOUL.md": "new\n"})
    assert not story.update().done
    assert story.files() == before
    hold(story.ctx, BOT, on=False)
    assert story.update().done


def test_a_hold_on_everything_stays_when_the_user_moves_the_pin_by_hand(story: Story) -> None:
    story.install()
    hold(story.ctx, BOT, on=True)
    newer = story.ship({"SOUL.md": SOUL + "One more.\n"})
    assert story.update(replace(GO, to=newer)).done
    assert story.lock.pin.commit == newer
    assert story.lock.held == ANY
    story.ship({"SOUL.md": "newest\n"})
    assert not story.update().done


def test_going_back_twice_goes_further_back_and_by_number_comes_forward(story: Story) -> None:
    _two(story)
    story.ship({"SOUL.md": SOUL.replace("Rule 9 stands", "Rule 9 is third")})
    story.update()
    story.rollback()
    assert story.lock.pin.commit == story.commits[1]
    story.rollback()
    assert story.lock.pin.commit == story.commits[0]
    assert story.lock.held == story.commits[2]
    with pytest.raises(DistError, match="nothing earlier"):
        story.rollback()
    story.rollback(3)
    assert story.lock.pin.commit == story.commits[2]
    assert story.lock.held == ""
    assert "Rule 9 is third" in story.read("SOUL.md")


def _three(story: Story, *, versions: bool = True) -> None:
    story.install()
    for number in (2, 3):
        files = {"SOUL.md": SOUL.replace("Rule 9 stands", f"Rule 9 is {number}")}
        if versions:
            files["distribution.yaml"] = f"name: bot\nversion: {number}.0.0\n"
        story.ship(files)
        story.update()


@pytest.mark.parametrize("versions", [True, False])
def test_after_a_detour_a_rollback_without_a_number_goes_to_an_older_version(
    story: Story, versions: bool
) -> None:
    _three(story, versions=versions)
    story.update(Request(to=story.commits[1]))
    story.rollback()
    assert story.lock.pin.commit == story.commits[0]
    assert story.lock.held == story.commits[1]


@pytest.mark.parametrize("versions", [True, False])
def test_a_rollback_without_a_number_never_goes_forward_unless_someone_says_so(
    story: Story, versions: bool
) -> None:
    _three(story, versions=versions)
    story.update(Request(to=story.commits[0]))
    before = story.files()
    with pytest.raises(InputNeeded) as caught:
        story.rollback()
    assert story.files() == before
    assert "has nothing before it" in caught.value.what
    assert caught.value.hint.startswith("to go forward to it: hermes-dist rollback bot 3; ")
    dry = going_back.rollback(story.ctx, BOT, Request(dry_run=True), yes)
    assert dry.proposal is not None
    assert [n.kind for n in dry.proposal.notes].count(NoteKind.GOES_FORWARD) == 1
    with pytest.raises(Cancelled):
        going_back.rollback(story.ctx, BOT, GO, yes, forward=lambda _: False)
    going_back.rollback(story.ctx, BOT, GO, yes, forward=yes)
    assert story.lock.pin.commit == story.commits[2]


def test_a_first_install_of_a_new_version_and_a_step_to_an_old_one_is_told_by_its_commits(
    story: Story,
) -> None:
    # Nothing in the history of the profile says which came first, and both have the same version.
    story.ship({"SOUL.md": SOUL.replace("Rule 9 stands", "Rule 9 is new")})
    story.install()
    story.ship({"SOUL.md": SOUL.replace("Rule 9 stands", "Rule 9 is newer")})
    story.update()  # fetches the history
    story.rollback(1)
    story.update(Request(to=story.commits[0]))
    with pytest.raises(InputNeeded, match=f"@ {story.commits[1][:7]} .generation 3. is later"):
        story.rollback()


def test_a_number_that_is_not_there_is_told_with_those_that_are(story: Story) -> None:
    story.install()
    with pytest.raises(DistError, match="the history has 1, and 0 is the state before"):
        story.rollback(7)
    with pytest.raises(DistError, match="the profile had no package at generation 0"):
        story.rollback(0)


def test_rollback_exact_puts_the_files_back_as_they_were_with_the_edits_of_then(
    story: Story,
) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    then, lock = story.files(), story.lock
    story.ship(
        {"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new"), "skills/bye/SKILL.md": None}
    )
    story.update()
    story.edit("SOUL.md", "Rule 25 stands", "Rule 25 came later")
    outcome = story.rollback(1, exact=True)
    assert story.files() == then
    assert outcome.proposal is not None
    assert any(
        "SOUL.md" in note and "overwritten" in note for note in sentences(outcome.proposal.notes)
    )
    assert story.lock.base == lock.base
    assert story.lock.held == story.commits[1]
    assert status(story.ctx, BOT).conflicts == ()


def test_rollback_exact_says_which_edits_stay_because_nothing_recorded_how_the_file_was(
    story: Story,
) -> None:
    story.install()
    story.ship({"skills/bye/SKILL.md": None})
    story.update()
    story.edit("SOUL.md", "Rule 25 stands", "Rule 25 came later")
    then = story.files()
    for number in (1, 2):
        outcome = story.rollback(number, exact=True)
        assert story.files()["SOUL.md"] == then["SOUL.md"]
        assert outcome.proposal is not None
        assert [each.where for each in outcome.proposal.notes] == ["SOUL.md"]
        assert "it stays as it is now" in sentences(outcome.proposal.notes)[0]
    (story.home / "SOUL.md").write_text(SOUL)
    outcome = story.rollback(1, exact=True)
    assert outcome.proposal is not None
    assert outcome.proposal.notes == (), "nothing differs any more"


def test_a_rollback_to_a_number_says_that_only_the_package_goes_back(story: Story) -> None:
    story.install()
    story.ship({"skills/bye/SKILL.md": None})
    story.update()
    story.edit("SOUL.md", "Rule 25 stands", "Rule 25 came later")
    outcome = going_back.rollback(story.ctx, BOT, Request(dry_run=True), yes, to=1)
    assert outcome.proposal is not None
    [said] = sentences(outcome.proposal.notes)
    assert "only the package goes back to generation 1, and your edits stay" in said
    assert said.endswith("hermes-dist rollback bot 1 --exact")


def test_rollback_asks_and_a_no_changes_nothing(story: Story) -> None:
    _two(story)
    before = story.files()
    with pytest.raises(Cancelled):
        going_back.rollback(story.ctx, BOT, GO, lambda _: False)
    assert story.files() == before
    assert len(_verbs(story)) == 3


def test_a_later_edit_on_the_very_line_is_a_conflict_and_stays(story: Story) -> None:
    _two(story)
    story.edit("SOUL.md", "Rule 3 is new", "Rule 3 is mine")
    outcome = story.rollback()
    assert outcome.open_conflicts == 1
    assert "Rule 3 is mine" in story.read("SOUL.md")
    story.resolve(Side.THEIRS)
    assert story.read("SOUL.md") == SOUL


def test_rollback_of_an_uninstall_brings_back_what_is_missing_and_keeps_what_stayed(
    story: Story,
) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    before = story.files()
    uninstall(story.ctx, BOT, GO, yes)
    assert not (story.home / "skills/hello").exists()
    story.rollback(1)
    assert story.files() == before
    assert story.lock.pin.commit == story.commits[0]
    assert story.lock.conflicts == ()


def test_abort_puts_back_every_file_and_the_lock_as_before_the_update(story: Story) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.edit("config.yaml", "default: small", "default: mine")
    before, lock = story.files(), story.lock
    story.ship(
        {
            "SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new").replace(
                "Rule 9 stands", "Rule 9 is new"
            ),
            "config.yaml": FIRST["config.yaml"].replace("max_tokens: 1", "max_tokens: 2"),
            "skills/new/SKILL.md": "new\n",
            "skills/bye/SKILL.md": None,
        }
    )
    assert story.update().open_conflicts == 1
    story.abort()
    assert story.files() == before
    assert (story.lock.base, story.lock.pin, story.lock.conflicts) == (lock.base, lock.pin, ())
    with pytest.raises(DistError, match="no update to abort"):
        story.abort()
    assert story.update().open_conflicts == 1


def test_abort_keeps_and_names_edits_made_since(story: Story) -> None:
    _two(story)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.edit("skills/new/SKILL.md", "sums up", "is mine")
    outcome = story.abort()
    assert story.read("SOUL.md") == SOUL.replace("Rule 20 stands", "Rule 20 is mine")
    assert story.read("skills/new/SKILL.md").endswith("It is mine.\n")
    assert (story.home / "skills/bye/SKILL.md").is_file()
    assert outcome.proposal is not None
    named = [note for note in sentences(outcome.proposal.notes) if "edited since" in note]
    assert [note.partition(":")[0] for note in named] == ["SOUL.md", "skills/new/SKILL.md"]


def test_abort_takes_the_resolve_after_the_update_back_as_well(story: Story) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    before = story.files()
    story.ship({"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new")})
    story.update()
    story.resolve(Side.THEIRS)
    assert "Rule 3 is new" in story.read("SOUL.md")
    story.abort()
    assert story.files() == before
    with pytest.raises(DistError, match="nothing earlier"):
        story.rollback()


def test_an_install_is_no_update_to_abort(story: Story) -> None:
    story.install()
    with pytest.raises(DistError, match="last change was install"):
        story.abort()


def test_a_lost_base_is_fetched_again_by_commit(story: Story) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    shutil.rmtree(story.root / "distributions" / "store")
    story.ship({"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new")})
    assert story.update().open_conflicts == 0
    assert story.read("SOUL.md") == SOUL.replace("Rule 3 stands", "Rule 3 is new").replace(
        "Rule 20 stands", "Rule 20 is mine"
    )


@pytest.fixture
def merged(story: Story) -> Story:
    """A profile whose edit was merged by an update, and whose store is gone."""
    story.install()
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.ship({"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new")})
    story.update()
    shutil.rmtree(story.root / "distributions" / "store")
    return story


@pytest.mark.parametrize("exact", [False, True])
def test_what_is_gone_back_to_is_fetched_again_where_it_is_lost(merged: Story, exact: bool) -> None:
    merged.rollback(exact=exact)
    assert merged.read("SOUL.md") == SOUL.replace("Rule 20 stands", "Rule 20 is mine")


@pytest.mark.parametrize("exact", [False, True])
def test_what_is_lost_for_good_is_told_with_its_file(merged: Story, exact: bool) -> None:
    before = merged.read("SOUL.md")
    shutil.rmtree(merged.repo.path)
    shutil.rmtree(merged.root / "distributions")
    with pytest.raises(Lost, match=r"what SOUL\.md held in .* is lost in the store") as caught:
        merged.rollback(exact=exact)
    assert caught.value.where == merged.lock.source
    assert "once the source can be read" in caught.value.hint
    assert merged.read("SOUL.md") == before


def test_a_base_that_is_lost_for_good_counts_as_added_on_both_sides(story: Story) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.edit("config.yaml", "default: small", "default: mine")
    old = story.repo.path
    shutil.rmtree(story.root / "distributions")
    shutil.rmtree(old)
    story.repo.__init__(old, bare=True)  # type: ignore[misc]  # a history that was restarted
    story.ship(
        {
            **FIRST,
            "SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new"),
            "config.yaml": FIRST["config.yaml"] + "display: compact\n",
            "skills/hello/SKILL.md": "changed\n",
        }
    )
    outcome = story.update()
    assert outcome.proposal is not None
    assert any("SOUL.md" in note and "lost" in note for note in sentences(outcome.proposal.notes))
    assert story.read("SOUL.md") == SOUL.replace("Rule 20 stands", "Rule 20 is mine")
    assert "default: mine" in story.read("config.yaml")
    assert story.read("skills/hello/SKILL.md") == "changed\n", (
        "a file that nobody edited needs no other copy"
    )
    assert {c.path for c in story.lock.conflicts} >= {"SOUL.md"}
    assert "display: compact" in story.read("config.yaml")


def test_pinned_decisions_stay_over_updates(story: Story) -> None:
    story.install()
    story.edit("config.yaml", "default: small", "default: mine")
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    for n in (2, 3, 4):
        story.ship(
            {
                "config.yaml": FIRST["config.yaml"]
                .replace("small", f"big-{n}")
                .replace("max_tokens: 1", f"max_tokens: {n}"),
                "SOUL.md": SOUL.replace("Rule 3 stands", f"Rule 3 is new {n}"),
            }
        )
        outcome = story.update()
        if n == 2:
            assert outcome.open_conflicts == 2
            story.resolve(Side.OURS, always=True)
            assert story.lock.kept == {"SOUL.md", "config.yaml: model.default"}
        else:
            assert outcome.open_conflicts == 0
    assert "default: mine" in story.read("config.yaml")
    assert "max_tokens: 4" in story.read("config.yaml")
    assert story.read("SOUL.md") == SOUL.replace("Rule 3 stands", "Rule 3 is mine")


def test_the_story_of_ten_versions_ends_where_the_laws_say(story: Story) -> None:
    soul = dict.fromkeys(range(11), SOUL)
    config = dict.fromkeys(range(11), FIRST["config.yaml"])

    def version(n: int) -> dict[str, str | bytes | None]:
        """Version n changes rule n, and from 4 on rule 20; the default model twice."""
        text = SOUL
        for rule in range(2, n + 1):
            text = text.replace(f"Rule {rule} stands", f"Rule {rule} of version {rule}")
        if n >= 4:
            text = text.replace("Rule 20 stands", f"Rule 20 of version {min(n, 8)}")
        soul[n] = text
        config[n] = FIRST["config.yaml"].replace("small", "big" if n >= 5 else "small")
        return {
            "distribution.yaml": f"name: bot\nversion: {n}.0.0\n",
            "SOUL.md": text,
            "config.yaml": config[n],
            f"skills/s{n}/SKILL.md": f"skill {n}\n",
            f"skills/s{n - 2}/SKILL.md": None,
        }

    version(1)
    story.install()
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.write("skills/own/SKILL.md", "own\n")
    for n in (2, 3):
        story.ship(version(n))
        assert story.update().open_conflicts == 0
    story.edit("SOUL.md", "Rule 30 stands", "Rule 30 is mine")
    for n in (4, 5, 6):  # a conflict on rule 20, left open for three versions
        story.ship(version(n))
        assert story.update().open_conflicts == 1
    mine = (
        soul[6]
        .replace("Rule 20 of version 6", "Rule 20 is mine")
        .replace("Rule 30 stands", "Rule 30 is mine")
    )
    assert story.read("SOUL.md") == mine
    story.resolve(Side.THEIRS, "SOUL.md")
    assert story.read("SOUL.md") == soul[6].replace("Rule 30 stands", "Rule 30 is mine")
    for n in (7, 8):
        story.ship(version(n))
        assert story.update().open_conflicts == 0
    assert _verbs(story)[-3:] == [(7, "resolve"), (8, "update"), (9, "update")]
    story.rollback(7)  # over two generations
    assert story.read("SOUL.md") == soul[6].replace("Rule 30 stands", "Rule 30 is mine")
    assert story.lock.held == story.commits[7]
    story.edit("SOUL.md", "Rule 29 stands", "Rule 29 is mine")
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 0")
    assert not story.update().done
    story.ship(version(9))
    story.ship(version(10))
    assert story.update().open_conflicts == 0
    assert story.read("SOUL.md") == soul[10].replace("Rule 30 stands", "Rule 30 is mine").replace(
        "Rule 29 stands", "Rule 29 is mine"
    )
    assert story.read("config.yaml") == config[10].replace("max_tokens: 1", "max_tokens: 0")
    assert sorted(p.name for p in (story.home / "skills").iterdir()) == [
        "bye",
        "hello",
        "own",
        "s10",
        "s9",
    ]
    assert story.lock.pin.commit == story.commits[-1]
    assert story.lock.held == ""
    again: Outcome = story.update()
    assert not again.done


def test_what_waited_before_an_uninstall_waits_again_after_its_rollback(tmp_path: Path) -> None:
    story = Story(
        tmp_path,
        {
            "distribution.yaml": "name: bot\nversion: 1.0.0\n",
            "SOUL.md": "Soul.\n",
            "config.yaml": "agent:\n  max_turns: 5\nfallback_providers:\n  - provider: x\n    model: y\n",
        },
    )
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    # The file stays after the uninstall for the sake of this line.
    story.write("config.yaml", "# mine\n" + story.read("config.yaml"))
    waiting = [e.place for e in status(story.ctx, BOT).parked]
    assert "config.yaml: fallback_providers" in waiting
    uninstall(story.ctx, BOT, Request(), yes)
    assert story.read("config.yaml").startswith("# mine")
    going_back.rollback(story.ctx, BOT, Request(), yes)
    after = status(story.ctx, BOT)
    assert [e.place for e in after.parked] == waiting
    assert after.keys == ()
    approve(story.ctx, BOT, Request(), yes)
    assert "provider: x" in story.read("config.yaml")
