"""Adopt: the version that a home was made from is found, and nothing but the lockfile is written."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml
from budget import examples
from story import BOT, FIRST, GO, Story, agent_installs, contents, yes

from hermes_dist.errors import Cancelled, DistError, Invalid
from hermes_dist.model.lock_head import Damaged, Newer
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.package import infer
from hermes_dist.ops.package.adopt import Adopting, adopt, adoptable
from hermes_dist.ops.package.history import history
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.status import status
from hermes_dist.ops.transfer.export import Packing, export
from hermes_dist.voice.notes import sentences


def adopting(story: Story, source: str = "", **more: object) -> tuple[Outcome, Adopting]:
    shown: list[Proposal] = []
    outcome = adopt(story.ctx, BOT, GO, lambda p: shown.append(p) or True, source=source)  # type: ignore[func-returns-value]
    assert isinstance(shown[0], Adopting)
    return outcome, shown[0]


def _history(rng: random.Random, length: int = 12) -> list[dict[str, str]]:
    """Versions of a package of a dozen files, each changing one to three of them."""
    words = [f"word{n}" for n in range(200)]
    lines = lambda: "".join(f"{' '.join(rng.choices(words, k=7))}\n" for _ in range(12))  # noqa: E731
    files = {
        "SOUL.md": lines(),
        "README.md": lines(),
        **{f"skills/s{n}/SKILL.md": lines() for n in range(8)},
    }
    files["config.yaml"] = "model: small\ndisplay: compact\nmemory: {size: 3}\n"
    versions = []
    for n in range(length):
        for path in rng.sample(sorted(files), rng.randint(1, 3)):
            if path == "config.yaml":
                files[path] = f"model: m{n}\ndisplay: compact\nmemory: {{size: {n}}}\n"
            elif path.startswith("skills/") and rng.random() < 0.25:
                content = files.pop(path)
                files[f"skills/n{n}/SKILL.md"] = content if rng.random() < 0.5 else lines()
            else:
                old = files[path].splitlines(keepends=True)
                for at in rng.sample(range(len(old)), 2):
                    old[at] = f"{' '.join(rng.choices(words, k=7))}\n"
                files[path] = "".join(old)
        files["README.md"] += f"news {n}\n"
        bumped = rng.random() < 0.37
        versions.append(
            {**files, "distribution.yaml": f"name: bot\nversion: 1.{n if bumped else 0}.0\n"}
        )
    return versions


def test_a_home_is_not_what_it_was_made_from(tmp_path: Path) -> None:
    # Its own files would count as received, those that come later with the next update.
    story = Story(tmp_path, {})
    story.write("distribution.yaml", "name: bot\nversion: 1.0.0\n")
    with pytest.raises(Invalid, match="the home of bot itself"):
        adopting(story, str(story.home))
    assert not (story.home / "distribution.lock").exists()


def test_the_right_commit_is_found_with_edits_in_a_third_of_the_files(tmp_path: Path) -> None:
    right, unsure = 0, 0
    seeds = examples(20, least=8)
    for seed in range(seeds):
        rng = random.Random(seed)
        story = Story(tmp_path / str(seed), {})
        versions = _history(rng)
        for before, files in zip([{}, *versions], versions, strict=False):
            changed = {path: text for path, text in files.items() if before.get(path) != text}
            story.ship({**{path: None for path in before if path not in files}, **changed})
        chosen = rng.randrange(len(versions))
        agent_installs(story, versions[chosen])
        payload = sorted(p for p in versions[chosen] if p not in ("distribution.yaml", "README.md"))
        for path in rng.sample(payload, len(payload) // 3):
            text = story.read(path).splitlines(keepends=True)
            if path == "config.yaml":
                text[1] = "display: wide\n"
            else:
                text[rng.randrange(len(text))] = "my own line\n"
                text.append("and one more\n")
            story.write(path, "".join(text))
        story.write("skills/own/SKILL.md", "own\n")
        before_files = contents(story.home)
        _, proposal = adopting(story)
        assert contents(story.home) == before_files
        right += story.lock.pin.commit == story.commits[chosen]
        unsure += not proposal.guess.sure
    assert right >= seeds - 1
    assert unsure <= seeds / 10


LISTED = {
    **FIRST,
    "distribution.yaml": "name: bot\nversion: 1.0.0\ndistribution_owned: [SOUL.md, config.yaml]\n",
    "docs/guide.md": "Guide.\n",
}


def _narrowing(story: Story) -> list[dict[str, str]]:
    """Versions whose lists differ, each with one change."""
    versions = [dict(LISTED)]
    for n, named in enumerate(["SOUL.md, skills", "SOUL.md, skills, docs", "SOUL.md"], 1):
        change = {
            "skills/bye/SKILL.md": f"Bye {n}.\n",
            "docs/guide.md": f"Guide {n}.\n",
            "distribution.yaml": f"name: bot\nversion: 1.0.0\ndistribution_owned: [{named}]\n",
        }
        story.ship(change)
        versions.append({**versions[-1], **change})
    return versions


@pytest.mark.parametrize("chosen", range(4))
@pytest.mark.parametrize("whole", [True, False], ids=["copies all", "copies what is listed"])
def test_the_version_is_found_whichever_files_the_agents_installer_copied(
    tmp_path: Path, chosen: int, whole: bool
) -> None:
    story = Story(tmp_path, LISTED)
    files = _narrowing(story)[chosen]
    named = yaml.safe_load(files["distribution.yaml"])["distribution_owned"]
    listed = {
        path: text
        for path, text in files.items()
        if path == "distribution.yaml" or any(path == n or path.startswith(f"{n}/") for n in named)
    }
    agent_installs(story, files if whole else listed)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    before = contents(story.home)
    _, proposal = adopting(story)
    assert contents(story.home) == before
    assert proposal.guess.sure
    assert story.lock.pin.commit == story.commits[chosen]
    assert proposal.guess.match.extra == 0
    # What was copied besides the list is kept up to date, too.
    story.ship({"docs/guide.md": "Guide, new.\n"})
    story.update()
    assert (story.home / "docs/guide.md").exists() == ("docs/guide.md" in before)
    if "docs/guide.md" in before:
        # If the list named it, and names it no more, it is the user's.
        kept = files["docs/guide.md"] if "docs" in named else "Guide, new.\n"
        assert story.read("docs/guide.md") == kept
    assert "Rule 20 is mine" in story.read("SOUL.md")


def test_two_versions_that_explain_a_home_alike_are_named(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.ship({"SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new")})
    agent_installs(story, FIRST)
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    _, proposal = adopting(story)
    assert not proposal.guess.sure
    named = {proposal.guess.incoming.pin.commit, *(pin.commit for pin, _ in proposal.guess.others)}
    assert named == set(story.commits)


@pytest.mark.parametrize(
    ("compared", "installed", "sure"),
    [
        pytest.param(10, 0, True, id="all are compared"),
        pytest.param(3, 0, False, id="the installed one is older than all that are compared"),
        pytest.param(3, 3, True, id="one fits that is not the oldest"),
    ],
)
def test_the_oldest_version_that_is_compared_is_no_certain_answer_for_what_looks_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compared: int, installed: int, *, sure: bool
) -> None:
    monkeypatch.setattr(infer, "_COMMITS", compared)
    story = Story(tmp_path)
    versions = [dict(FIRST)]
    for n in range(1, 5):
        hello = versions[-1]["skills/hello/SKILL.md"] + f"News {n}.\n"
        story.ship({"skills/hello/SKILL.md": hello})
        versions.append({**versions[-1], "skills/hello/SKILL.md": hello})
    agent_installs(story, versions[installed])
    story.edit("SOUL.md", "Rule 9 stands", "Rule 9 is mine")
    _, proposal = adopting(story)
    assert (proposal.guess.sure, proposal.guess.older) == (sure, not sure)
    if sure:
        assert story.lock.pin.commit == story.commits[installed]


def test_nothing_but_the_lockfile_is_written_and_the_next_update_is_a_merge(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agent_installs(story, FIRST)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    story.write("skills/own/SKILL.md", "own\n")
    stats = {
        p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in story.home.rglob("*") if p.is_file()
    }
    outcome, proposal = adopting(story)
    assert outcome.done
    assert (proposal.guess.sure, proposal.guess.match.same, proposal.guess.match.edited) == (
        True,
        4,
        1,
    )
    assert {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in stats} == stats
    new = {p for p in story.home.rglob("*") if p.is_file() and p not in stats}
    assert {p.relative_to(story.home).parts[0] for p in new} == {"distribution.lock", ".dist"}
    assert [c.path for c in status(story.ctx, BOT).edited] == ["SOUL.md"]
    story.ship(
        {
            "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"),
            "skills/bye/SKILL.md": None,
        }
    )
    assert story.update().open_conflicts == 0
    assert "Rule 3 is new" in story.read("SOUL.md")
    assert "Rule 20 is mine" in story.read("SOUL.md")
    assert not (story.home / "skills/bye").exists()
    assert story.read("distribution.yaml") == FIRST["distribution.yaml"]
    assert story.read("skills/own/SKILL.md") == "own\n"
    assert [row.verb for row in history(story.ctx, BOT)] == ["", "adopt", "update"]


RICH = {
    **FIRST,
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires:\n  - name: BOT_KEY\n",
    "mcp.json": json.dumps({"mcpServers": {"web": {"command": "web-server"}}}),
    "cron/daily.yaml": "name: daily\nprompt: Report.\nschedule: every 2h\n",
}


def test_servers_and_jobs_that_the_agent_never_read_wait_for_a_yes(tmp_path: Path) -> None:
    story = Story(tmp_path, RICH)
    agent_installs(story, RICH)
    before = contents(story.home)
    adopting(story)
    assert contents(story.home) == before
    assert {effect.kind for effect in story.lock.parked} == {"runs", "schedules"}
    assert status(story.ctx, BOT).edited == ()
    approve(story.ctx, BOT, GO, yes)
    config = yaml.safe_load(story.read("config.yaml"))
    assert config["mcp_servers"] == {"web": {"command": "web-server", "enabled": True}}
    assert [job["name"] for job in json.loads(story.read("cron/jobs.json"))["jobs"]] == ["daily"]
    assert story.read("config.yaml").startswith(FIRST["config.yaml"])


def test_a_home_of_ours_that_lost_its_lockfile_is_taken_over_with_its_own_commit(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, RICH)
    story.install()
    lock = story.lock
    for n in range(3):
        story.ship({"SOUL.md": f"other {n}\n"})
    (story.home / "distribution.lock").unlink()
    assert not adoptable(story.ctx, BOT)
    with pytest.raises(DistError, match="does not say where") as told:
        adopting(story)
    assert "adopt bot SOURCE" in told.value.hint
    adopting(story, story.url)
    assert (story.lock.pin, story.lock.base, story.lock.parked) == (lock.pin, lock.base, ())


def test_a_copied_folder_of_another_package_is_refused(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.write("SOUL.md", "somebody else\n")
    story.write("distribution.yaml", f"name: other\nversion: 9.0.0\nsource: {story.url}\n")
    with pytest.raises(DistError, match="no version of"):
        adopting(story)
    assert not (story.home / "distribution.lock").exists()


def test_a_doubtful_guess_says_so_and_a_no_changes_nothing(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agent_installs(story, FIRST)
    for path in ("SOUL.md", "config.yaml", "skills/bye/SKILL.md"):
        story.write(path, "all: different\n")
    story.write("distribution.yaml", f"name: bot\nversion: 7.7.7\nsource: {story.url}\n")
    before = contents(story.home)
    shown: list[Proposal] = []
    with pytest.raises(Cancelled):
        adopt(story.ctx, BOT, GO, lambda p: bool(shown.append(p)))
    assert isinstance(shown[0], Adopting)
    assert not shown[0].guess.sure
    assert contents(story.home) == before
    assert not (story.home / "distribution.lock").exists()


def test_a_named_commit_is_taken_at_its_word(tmp_path: Path) -> None:
    story = Story(tmp_path)
    first = story.commits[0]
    story.ship({"SOUL.md": "second\n"})
    agent_installs(story, {**FIRST, "SOUL.md": "second\n"})
    _, proposal = adopting(story, f"{story.url}#{first}")
    assert proposal.guess.sure
    assert story.lock.pin.commit == first
    assert story.lock.source.endswith(f"#{first}")


def test_a_folder_is_searched_over_its_own_repository(tmp_path: Path) -> None:
    from gitrepo import Repo

    story = Story(tmp_path)
    work = Repo(tmp_path / "work")
    first = work.commit(FIRST)
    work.commit({"SOUL.md": "second\n"})
    work.check_out()
    agent_installs(story, FIRST, noted=str(work.path))
    adopting(story)
    assert story.lock.source == str(work.path)
    assert story.lock.pin.commit == first
    assert story.update().open_conflicts == 0
    assert story.read("SOUL.md") == "second\n"
    assert not story.update().done


def test_a_profile_with_a_lock_is_not_adopted_again(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.install()
    with pytest.raises(DistError, match="lockfile already"):
        adopting(story)


def _damaged(story: Story) -> bytes:
    """Cut the lockfile off in its last table."""
    file = story.home / "distribution.lock"
    data = file.read_bytes()[:-20]
    file.write_bytes(data)
    return data


@pytest.fixture
def cut_off(tmp_path: Path) -> Story:
    story = Story(tmp_path)
    story.ship({"SOUL.md": FIRST["SOUL.md"].replace("Rule 9 stands", "Rule 9 is new")})
    story.install()
    story.ship({"skills/bye/SKILL.md": "Bye, then.\n"})
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    return story


def test_a_damaged_lockfile_is_kept_beside_and_made_again(cut_off: Story) -> None:
    damaged, before = _damaged(cut_off), contents(cut_off.home)
    with pytest.raises(Damaged) as told:
        cut_off.update()
    assert told.value.command == "adopt bot"
    _, proposal = adopting(cut_off)
    assert not proposal.is_certain
    (said,) = sentences([n for n in proposal.notes if n.kind is NoteKind.LOCK_SET_ASIDE])
    assert "is kept as distribution.lock.damaged" in said
    assert contents(cut_off.home) == {**before, "distribution.lock.damaged": damaged}
    assert cut_off.lock.pin.commit == cut_off.commits[1]
    assert cut_off.update().done
    assert "Rule 20 is mine" in cut_off.read("SOUL.md")
    assert cut_off.read("skills/bye/SKILL.md") == "Bye, then.\n"
    assert [row.verb for row in history(cut_off.ctx, BOT)][1:] == ["install", "adopt", "update"]
    _damaged(cut_off)
    adopting(cut_off)
    assert (cut_off.home / "distribution.lock.damaged").read_bytes() == damaged
    assert (cut_off.home / "distribution.lock.damaged-2").exists()
    assert cut_off.lock.pin.commit == cut_off.commits[2]


def test_what_is_kept_of_a_damaged_lockfile_stays_on_the_machine(
    cut_off: Story, tmp_path: Path
) -> None:
    _damaged(cut_off)
    adopting(cut_off)
    seen = status(cut_off.ctx, BOT)
    assert "distribution.lock.damaged" not in map(str, seen.own)
    done = export(cut_off.ctx, BOT, Packing(), tmp_path / "bot.tar.gz")
    assert "distribution.lock.damaged" in done.left_out


def test_a_no_leaves_a_damaged_lockfile_as_it_is(cut_off: Story) -> None:
    damaged, before = _damaged(cut_off), contents(cut_off.home)
    with pytest.raises(Cancelled):
        adopt(cut_off.ctx, BOT, GO, lambda _: False)
    dry = adopt(cut_off.ctx, BOT, Request(dry_run=True), yes)
    assert dry.dry_run
    assert contents(cut_off.home) == before
    assert (cut_off.home / "distribution.lock").read_bytes() == damaged


def test_a_damaged_lockfile_that_names_several_sources_decides_none(cut_off: Story) -> None:
    file = cut_off.home / "distribution.lock"
    file.write_bytes(file.read_bytes() + b'broken\nsource = "gitlab.com/other/pack"\n')
    with pytest.raises(DistError, match="more than one source") as told:
        adopting(cut_off)
    assert told.value.command == "adopt bot SOURCE"
    adopting(cut_off, cut_off.url)
    assert cut_off.lock.pin.commit == cut_off.commits[1]


def test_a_lockfile_of_a_newer_program_is_never_taken_for_a_damaged_one(cut_off: Story) -> None:
    file = cut_off.home / "distribution.lock"
    file.write_bytes(file.read_bytes().replace(b"format = ", b"format = 99", 1))
    before = file.read_bytes()
    with pytest.raises(Newer):
        adopting(cut_off)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"[[packages]]\n", b"x" * 100],
    ids=["empty", "binary", "rows", "text"],
)
def test_any_damage_is_met(data: bytes, cut_off: Story) -> None:
    (cut_off.home / "distribution.lock").write_bytes(data)
    adopting(cut_off, cut_off.url)
    assert cut_off.lock.pin.commit == cut_off.commits[1]
    assert (cut_off.home / "distribution.lock.damaged").read_bytes() == data


def test_going_back_after_a_damaged_lockfile_was_replaced(cut_off: Story) -> None:
    _damaged(cut_off)
    adopting(cut_off)
    lock = cut_off.lock
    cut_off.update()
    cut_off.rollback()
    assert cut_off.lock.pin == lock.pin
    assert "Rule 20 is mine" in cut_off.read("SOUL.md")


def test_update_and_status_of_an_adoptable_profile_say_how(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agent_installs(story, FIRST)
    assert adoptable(story.ctx, BOT)
    with pytest.raises(DistError) as told:
        story.update()
    assert told.value.command == "adopt bot"
    assert any("adopt bot" in note for note in sentences(status(story.ctx, BOT).notes))
    assert not adoptable(story.ctx, ProfileName("nobody"))


def test_install_with_force_merges_over_what_adopt_would_find(tmp_path: Path) -> None:
    story = Story(tmp_path)
    agent_installs(story, FIRST)
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    (story.home / "skills/hello/SKILL.md").unlink()
    story.ship(
        {
            "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"),
            "skills/bye/SKILL.md": None,
        }
    )
    outcome = story.install(force=True)
    assert outcome.open_conflicts == 0
    assert outcome.proposal is not None
    assert any(story.commits[0][:7] in note for note in sentences(outcome.proposal.notes))
    assert "Rule 3 is new" in story.read("SOUL.md")
    assert "Rule 20 is mine" in story.read("SOUL.md")
    assert not (story.home / "skills/bye").exists()
    assert not (story.home / "skills/hello/SKILL.md").exists()


def test_install_with_force_over_a_home_of_ones_own_adds_and_keeps(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.write("SOUL.md", "my own soul\n")
    outcome = story.install(force=True)
    assert story.read("SOUL.md") == "my own soul\n"
    assert outcome.open_conflicts == 1
    assert story.read("skills/hello/SKILL.md") == FIRST["skills/hello/SKILL.md"]
