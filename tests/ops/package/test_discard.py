"""Throwing edits away: the home gets what it received at the named places, and stays as it is elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from budget import moments
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killing import changes_of, killed
from stacked import Stack
from story import BOT, FIRST, GO, LINES, Story, yes

from hermes_dist.decide.edits import Stays
from hermes_dist.errors import Cancelled, DistError, UsageError
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.approvals import consents
from hermes_dist.ops.package.diff import diff
from hermes_dist.ops.package.discard import Thrown, discard, own_edits, staying
from hermes_dist.ops.package.history import past_of
from hermes_dist.ops.package.keep import keep
from hermes_dist.ops.package.resolve import approve
from hermes_dist.ops.package.undo import undo
from hermes_dist.ops.package.upkeep import verify

SOUL = FIRST["SOUL.md"]
PLAIN = Request()


@pytest.fixture
def story(home: Path) -> Story:
    return installed(home, FIRST)


def installed(tmp: Path, files: dict[str, str]) -> Story:
    found = Story(tmp, files)
    installing.install(found.ctx, found.url, GO, yes, name="bot")
    return found


def thrown_by(
    story: Story, *words: str, request: Request = PLAIN, all_: bool = False
) -> tuple[Outcome, Thrown]:
    heard: list[Thrown] = []
    outcome = discard(story.ctx, BOT, words, request, yes, heard.append, all_=all_)
    return outcome, heard[0]


def edits(story: Story) -> set[str]:
    return {edit.place for edit in own_edits(story.ctx, BOT)}


def test_a_file_is_as_received_and_all_else_stays(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.edit("skills/bye/SKILL.md", "Say bye", "Say farewell")
    story.write("mine.md", "Mine.\n")
    before = story.files()
    outcome, thrown = thrown_by(story, "SOUL.md")
    assert outcome.done
    assert "-Rule 3 is mine.\n" in "".join(f"{line}\n" for line in thrown.edits[0].lines)
    assert story.files() == {**before, "SOUL.md": SOUL.encode()}
    assert edits(story) == {"skills/bye/SKILL.md"}


@pytest.mark.parametrize(
    "word", ["config.yaml: model.max_tokens", "model.max_tokens", "max_tokens"]
)
def test_a_key_goes_back_alone_with_everything_around_it_as_it_is(story: Story, word: str) -> None:
    story.edit("config.yaml", "default: small", "default:   mine   # why")
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99")
    before = story.read("config.yaml")
    thrown_by(story, word)
    assert story.read("config.yaml") == before.replace("max_tokens: 99", "max_tokens: 1")
    assert edits(story) == {"config.yaml: model.default"}


def test_a_document_keeps_the_servers_of_its_user_and_its_layout(story: Story) -> None:
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99   # for now")
    story.write("config.yaml", story.read("config.yaml") + "mcp_servers:\n  own: {command: x}\n")
    thrown_by(story, "config.yaml")
    assert not edits(story)
    assert "own: {command: x}" in story.read("config.yaml")


def test_a_key_of_the_users_own_in_a_document_goes(story: Story) -> None:
    story.write("config.yaml", story.read("config.yaml") + "display:\n  compact: true\n")
    thrown_by(story, "display")
    assert not edits(story)
    assert "compact" not in story.read("config.yaml")


def test_what_was_deleted_or_moved_comes_back(story: Story) -> None:
    (story.home / "skills/hello/SKILL.md").unlink()
    (story.home / "skills/bye/SKILL.md").rename(story.home / "skills/bye/OLD.md")
    thrown_by(story, "skills")
    assert story.read("skills/hello/SKILL.md") == FIRST["skills/hello/SKILL.md"]
    assert story.read("skills/bye/SKILL.md") == FIRST["skills/bye/SKILL.md"]
    assert not (story.home / "skills/bye/OLD.md").exists()
    assert not edits(story)


def test_a_file_that_is_executable_is_not_any_more(story: Story) -> None:
    (story.home / "SOUL.md").chmod(0o755)
    thrown_by(story, "SOUL.md")
    assert not (story.home / "SOUL.md").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("word", "said", "hint"),
    [
        (".env", "belongs to this machine", ""),
        ("memories/MEMORY.md", "belongs to this machine", ""),
        ("sessions", "belongs to this machine", ""),
        ("mine.md", "yours alone", ""),
        ("skills/mine", "yours alone", ""),
        ("skills/bye", "as you received it", "SOUL.md"),
        ("SOUL", "no edit of yours", "did you mean SOUL.md"),
        ("nothing/here", "no edit of yours", "your edits: SOUL.md"),
        ("../x", "no edit of yours", ""),
    ],
)
def test_what_is_no_edit_is_told_and_nothing_changes(
    story: Story, word: str, said: str, hint: str
) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.write("mine.md", "Mine.\n")
    story.write("skills/mine/SKILL.md", "Mine.\n")
    before = story.files()
    with pytest.raises(DistError, match=said) as error:
        thrown_by(story, "SOUL.md", word)
    assert hint in error.value.hint
    assert story.files() == before


def test_a_place_has_to_be_named(story: Story) -> None:
    with pytest.raises(UsageError):
        thrown_by(story)
    with pytest.raises(UsageError):
        thrown_by(story, "SOUL.md", all_=True)
    outcome, thrown = thrown_by(story, all_=True)
    assert not outcome.done
    assert not thrown.edits


def test_a_part_of_what_was_deleted_is_not_discarded_alone(story: Story) -> None:
    story.edit("config.yaml", "model:\n  default: small\n  max_tokens: 1\n", "")
    with pytest.raises(DistError, match="part of a larger edit") as error:
        thrown_by(story, "model.max_tokens")
    assert "config.yaml: model" in error.value.hint


def test_a_no_and_a_dry_run_change_nothing(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    before = story.files()
    with pytest.raises(Cancelled):
        discard(story.ctx, BOT, ["SOUL.md"], Request(), lambda _: False, lambda _: None)
    thrown_by(story, "SOUL.md", request=Request(dry_run=True))
    assert story.files() == before


def test_it_is_in_the_history_and_undo_brings_the_edits_back(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99   # for now")
    (story.home / "skills/hello/SKILL.md").unlink()
    before, lock = story.files(), story.lock
    thrown_by(story, all_=True)
    assert past_of(open_home(story.ctx, BOT))[-1].verb == "discard"
    undo(story.ctx, BOT, Request(), yes, lambda _: None)
    assert story.files() == before
    assert story.lock.base == lock.base


def test_a_conflict_and_a_kept_place_stay_and_are_named(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99")
    story.edit("skills/bye/SKILL.md", "Say bye", "Say farewell")
    story.ship({"SOUL.md": SOUL.replace("Rule 3 stands", "Rule 3 is new")})
    story.update()
    keep(story.ctx, BOT, ["max_tokens"], Request())
    lock = story.lock
    assert lock.conflicts
    with pytest.raises(DistError, match="open conflict") as error:
        thrown_by(story, "SOUL.md")
    assert "--theirs" in error.value.hint
    with pytest.raises(DistError, match="kept yours") as error:
        thrown_by(story, "max_tokens")
    assert "unkeep" in error.value.hint
    before = story.files()
    _, thrown = thrown_by(story, all_=True)
    assert {(edit.place, edit.stays) for edit in thrown.left} == {
        ("SOUL.md", Stays.CONFLICT),
        ("config.yaml: model.max_tokens", Stays.KEPT),
    }
    bye = {"skills/bye/SKILL.md": FIRST["skills/bye/SKILL.md"].encode()}
    assert story.files() == {**before, **bye}
    assert (story.lock.conflicts, story.lock.kept, story.lock.upstream) == (
        lock.conflicts,
        lock.kept,
        lock.upstream,
    )


STRICT = {**FIRST, "config.yaml": "approvals:\n  mode: manual\nmodel:\n  max_tokens: 1\n"}
LOOSE = {**FIRST, "config.yaml": "approvals:\n  mode: 'off'\nmodel:\n  max_tokens: 1\n"}
OPEN = {**FIRST, "config.yaml": "privacy:\n  redact_pii: false\nmodel:\n  max_tokens: 1\n"}


def test_a_loosening_of_ones_own_goes_without_a_question(home: Path) -> None:
    story = installed(home, STRICT)
    story.edit("config.yaml", "mode: manual", "mode: 'off'")
    outcome, _ = thrown_by(story, "approvals.mode")
    assert story.read("config.yaml") == STRICT["config.yaml"]
    assert not outcome.waiting


def test_a_protection_of_ones_own_goes_only_with_approval(home: Path) -> None:
    story = installed(home, OPEN)
    story.edit("config.yaml", "redact_pii: false", "redact_pii: true")
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99")
    outcome, _ = thrown_by(story, "config.yaml")
    assert [effect.key for effect in outcome.waiting] == ["privacy.redact_pii"]
    assert "redact_pii: true" in story.read("config.yaml")
    assert "max_tokens: 1\n" in story.read("config.yaml")
    assert consents(story.ctx, BOT).waiting
    approve(story.ctx, BOT, Request(), yes)
    assert story.read("config.yaml") == OPEN["config.yaml"]
    assert not story.lock.upstream


@pytest.mark.parametrize(
    ("added", "key"),
    [
        ("mine:\n  x: 1\n", "mine"),
        ("privacy:\n  redact_pii: true\n", "privacy"),
        ("hooks:\n  pre_tool_call:\n  - command: ./x.sh\n", "hooks"),
        ("approvals:\n  mode: 'off'\n", "approvals"),
    ],
)
def test_an_addition_of_ones_own_goes_with_the_yes_to_it_and_comes_back_by_undo(
    story: Story, added: str, key: str
) -> None:
    before = story.read("config.yaml")
    story.write("config.yaml", before + added)
    outcome, _ = thrown_by(story, key)
    assert outcome.done
    assert not outcome.waiting
    assert not staying(outcome)
    assert story.read("config.yaml") == before
    assert not edits(story)
    undo(story.ctx, BOT, PLAIN, yes, lambda _: None)
    assert story.read("config.yaml") == before + added


def test_a_setting_of_ones_own_in_a_server_that_waits_goes_and_the_server_stays_off(
    home: Path,
) -> None:
    config = "mcp_servers:\n  web:\n    command: uvx\n    args: [web]\n"
    story = Story(home, {**FIRST, "config.yaml": config})
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    waits, before = story.lock.parked, story.read("config.yaml")
    story.edit("config.yaml", "enabled: false", "enabled: false\n    mine: 1")
    thrown_by(story, "mcp_servers.web.mine")
    assert story.read("config.yaml") == before
    assert story.lock.parked == waits
    assert not story.lock.approved


def test_what_waits_is_said_to_stay_and_how_to_let_it_go(home: Path) -> None:
    story = installed(home, OPEN)
    story.edit("config.yaml", "redact_pii: false", "redact_pii: true")
    outcome, _ = thrown_by(story, "redact_pii")
    assert staying(outcome) == ("config.yaml: privacy.redact_pii",)
    with pytest.raises(DistError, match="stays until you approve what comes back") as caught:
        thrown_by(story, "redact_pii")
    assert "approve bot redact_pii" in caught.value.hint


def test_a_protection_goes_at_once_if_that_is_approved(home: Path) -> None:
    story = installed(home, OPEN)
    story.edit("config.yaml", "redact_pii: false", "redact_pii: true")
    outcome, _ = thrown_by(story, all_=True, request=GO)
    assert not outcome.waiting
    assert story.read("config.yaml") == OPEN["config.yaml"]


def test_a_protection_goes_back_to_what_was_approved_before_and_that_is_shown(home: Path) -> None:
    story = installed(home, LOOSE)
    story.edit("config.yaml", "mode: 'off'", "mode: smart")
    outcome, _ = thrown_by(story, all_=True)
    assert outcome.proposal is not None
    assert [effect.key for effect in outcome.proposal.plan.effects] == ["approvals.mode"]
    assert story.read("config.yaml") == LOOSE["config.yaml"]


def test_where_something_waits_the_old_state_comes_back_and_it_waits_on(home: Path) -> None:
    story = installed(home, STRICT)
    story.ship({"config.yaml": LOOSE["config.yaml"]})
    story.update(Request())
    waits = story.lock.parked
    assert waits
    story.edit("config.yaml", "mode: manual", "mode: smart")
    thrown_by(story, "approvals.mode", request=GO)
    assert story.read("config.yaml") == STRICT["config.yaml"]
    assert story.lock.parked == waits
    approve(story.ctx, BOT, Request(), yes)
    assert story.read("config.yaml") == LOOSE["config.yaml"]


def test_approving_what_comes_back_approves_nothing_else(home: Path) -> None:
    server = "mcp_servers:\n  web:\n    command: uvx\n    args: [web]\n"
    story = Story(home, {**FIRST, "config.yaml": LOOSE["config.yaml"] + server})
    installing.install(story.ctx, story.url, Request(), yes, name="bot")
    waits = {effect.key for effect in story.lock.parked}
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99")
    thrown_by(story, all_=True, request=Request(choices=Choices(allow_effects=True)))
    assert {effect.key for effect in story.lock.parked} == waits


JOB = json.dumps(
    {"jobs": [{"id": "ab12", "name": "daily", "prompt": "Say hi.", "schedule": "0 9 * * *"}]}
)


def test_jobs_and_servers_go_back_where_the_home_stores_them(home: Path) -> None:
    servers = json.dumps({"mcpServers": {"web": {"command": "uvx", "args": ["web"]}}})
    story = installed(home, {**FIRST, "mcp.json": servers, "cron/jobs.json": JOB})
    before = story.files()
    story.edit("cron/jobs.json", "Say hi.", "Say ho.")
    config = story.read("config.yaml")
    assert "uvx" in config
    story.write("config.yaml", config.replace("uvx", "npx"))
    with pytest.raises(DistError, match=r"stored in config\.yaml"):
        thrown_by(story, "mcp.json")
    thrown_by(story, "mcp_servers.web.command")
    assert story.read("config.yaml") == config
    # The prompt alone is another effect than the whole job that was approved.
    outcome, _ = thrown_by(story, "cron/jobs.json")
    assert len(outcome.waiting) == 1
    assert "Say ho." in story.read("cron/jobs.json")
    with pytest.raises(DistError, match="waits for your approval"):
        thrown_by(story, "cron/jobs.json")
    approve(story.ctx, BOT, Request(), yes)
    assert story.files() == before
    assert not edits(story)


def test_on_layers_the_home_gets_what_they_make_together(home: Path) -> None:
    story = Stack(home)
    story.install()
    before = story.files()
    for path in ("SOUL.md", "skills/find/SKILL.md"):
        story.write(path, story.read(path) + "Mine.\n")
    (story.home / "skills/hello/SKILL.md").unlink()
    story.edit("config.yaml", "max_turns: 20", "max_turns: 99")
    layers = story.lock.layers
    thrown_by(story, all_=True)
    assert story.files() == before
    assert story.lock.layers == layers
    story.release(story.base, "1.1.0", {"SOUL.md": "# Team\nBe kinder.\n"})
    story.update()
    assert "Be kinder." in story.read("SOUL.md")
    assert not story.lock.conflicts


def test_killed_at_any_change_it_is_done_wholly_or_not_at_all(story: Story, tmp_path: Path) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.edit("config.yaml", "max_tokens: 1", "max_tokens: 99")
    (story.home / "skills/bye/SKILL.md").unlink()
    story.write("mine.md", "Mine.\n")
    edited = story.files()
    saved = tmp_path / "saved"
    shutil.copytree(story.root, saved, symlinks=True)

    def discarded() -> None:
        thrown_by(story, all_=True)

    def ends_well() -> None:
        """Whoever looks next finishes what was begun, or finds nothing changed; then it can be done and undone."""
        verify(story.ctx, BOT)
        found = story.files()
        assert found in (edited, {**edited, **received})
        if found == edited:
            discarded()
        assert story.files() == {**edited, **received}
        undo(story.ctx, BOT, Request(), yes, lambda _: None)
        assert story.files() == edited

    total = changes_of(discarded)
    received = {path: data for path, data in story.files().items() if path != "mine.md"}
    for at in moments(total):
        shutil.rmtree(story.root)
        shutil.copytree(saved, story.root, symlinks=True)
        assert killed(discarded, at), at
        ends_well()


TEXT = st.sampled_from(
    [SOUL, "", "Other.\n", SOUL + "More.\n", "# Bot\r\n" + LINES, SOUL.replace("Rule 3", "Law 3")]
)
CONFIG = st.sampled_from(
    [
        FIRST["config.yaml"],
        "# mine\nmodel:\n  default: mine\n  max_tokens: 1\ntoolsets: [web, shell]\n",
        "model: {default: small, max_tokens: 5}   # short\ntoolsets:\n- web\n",
        "toolsets: [web]\n",
        "# ours\nmodel:\n  default: small\n  max_tokens: 1\n  own: {a: 1}\ntoolsets: [web]\nmore: {b: [1]}\n",
        "# ours\nmodel:\n  default: small\n  max_tokens: 1\ntoolsets: [web]\nmcp_servers:\n  own: {command: x}\n",
    ]
)
GONE = st.sets(st.sampled_from(["SOUL.md", "skills/hello/SKILL.md", "skills/bye/SKILL.md"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TEXT, CONFIG, GONE, st.data())
def test_law_nothing_differs_there_the_rest_stays_and_undo_brings_all_back(
    story: Story, text: str, config: str, gone: set[str], data: st.DataObject
) -> None:
    for path, content in {**FIRST, "SOUL.md": text, "config.yaml": config}.items():
        (story.home / path).unlink(missing_ok=True)
        if path not in gone and path != "distribution.yaml":
            (story.home / path).parent.mkdir(parents=True, exist_ok=True)
            (story.home / path).write_bytes(content.encode())
    story.write("mine.md", "Mine.\n")
    story.write("distribution.yaml", FIRST["distribution.yaml"])
    before, there = story.files(), sorted(edits(story))
    if not there:
        return
    words = data.draw(st.lists(st.sampled_from(there), min_size=1, unique=True))
    thrown_by(story, *words, request=GO)
    assert edits(story) == set(there) - set(words)
    files = {word.partition(": ")[0] for word in words}
    after = story.files()
    assert {p: d for p, d in after.items() if p not in files} == {
        p: d for p, d in before.items() if p not in files
    }
    left = {
        f"{one.change.path}: {key.key}" for one in diff(story.ctx, BOT).files for key in one.keys
    }
    assert not left & set(words)
    undo(story.ctx, BOT, Request(), yes, lambda _: None)
    assert story.files() == before
