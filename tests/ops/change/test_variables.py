"""Variables of a package: asked for, given, written into .env, and never shown."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from flatdisk import flatten
from msgspec.structs import replace
from story import BOT, GO, Story, yes

from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.wanted import Given
from hermes_dist.decide.profiles.lifecycle import NEW_ENV
from hermes_dist.errors import Cancelled, DistError
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Questions, Request
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.uninstall import Removing, uninstall
from hermes_dist.ops.profiles.links import follow
from hermes_dist.voice.notes import sentences
from hermes_dist.world.disk.links import Linked

SECRET = "s3cr3t value"


def manifest(*names: str, optional: str = "", version: str = "1.0.0") -> str:
    rows = "".join(f"  - name: {name}\n" for name in names)
    more = f"  - name: {optional}\n    required: false\n" if optional else ""
    return f"name: bot\nversion: {version}\nenv_requires:\n{rows}{more}"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(
        tmp_path,
        {"distribution.yaml": manifest("KEY", "TOKEN", optional="EXTRA"), "SOUL.md": "Soul.\n"},
    )


class Answers:
    """Somebody on a terminal."""

    def __init__(self, values: Mapping[str, str] = {}, *, effects: bool = False) -> None:
        self.values, self.yes = values, effects
        self.asked: list[str] = []
        self.cards: list[tuple[str, ...]] = []

    def request(self, **more: object) -> Request:
        return Request(questions=Questions(effects=self.effects, variables=self.variables), **more)  # type: ignore[arg-type]  # Request's own

    def effects(self, proposal: Proposal) -> bool:
        self.cards.append(tuple(e.place for e in proposal.asked))
        return self.yes

    def variables(self, proposal: Proposal) -> Mapping[str, str]:
        self.asked += [w.var.name for w in proposal.unfilled]
        return {name: value for name, value in self.values.items() if name in self.asked}


def install(story: Story, request: Request) -> Outcome:
    return installing.install(story.ctx, story.url, request, yes, name="bot")


def given(**values: str) -> Given:
    return Given(values)


def missing(outcome: Outcome) -> list[str]:
    assert outcome.proposal is not None
    return [w.var.name for w in outcome.proposal.wanted if w.missing]


def test_missing_required_variables_are_named_and_none_is_written(story: Story) -> None:
    assert missing(install(story, GO)) == ["KEY", "TOKEN"]
    assert dotenv.read((story.home / ".env").read_bytes()) == {}
    assert [w.var.name for w in status(story.ctx, BOT).missing] == ["KEY", "TOKEN"]


def test_a_new_home_has_a_private_file_of_its_own_so_that_no_other_profiles_keys_are_its(
    story: Story,
) -> None:
    install(story, GO)
    assert story.read(".env") == NEW_ENV
    assert stat.S_IMODE((story.home / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["", "# mine\n", "KEY=mine\n", "a link"])
def test_a_home_that_has_one_keeps_it_and_one_that_has_none_gets_one(
    story: Story, tmp_path: Path, there: str
) -> None:
    install(story, GO)
    (story.home / ".env").unlink()
    if there == "a link":
        (story.home / ".env").symlink_to(tmp_path / "nowhere")
    else:
        (story.home / ".env").write_text(there)
    story.ship({"SOUL.md": "Soul 2.\n"})
    installing.install(story.ctx, story.url, GO, yes, name="bot", force=True)
    assert story.read("SOUL.md") == "Soul 2.\n"
    if there == "a link":
        assert (story.home / ".env").is_symlink()
        assert not (tmp_path / "nowhere").exists()
    else:
        assert story.read(".env") == there
    (story.home / ".env").unlink()
    story.ship({"SOUL.md": "Soul 3.\n"})
    installing.install(story.ctx, story.url, GO, yes, name="bot", force=True)
    assert story.read(".env") == NEW_ENV
    assert stat.S_IMODE((story.home / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize("keys", ["", "KEY=mine\n"])
def test_it_stays_when_the_package_goes_and_is_named_if_it_holds_anything(
    story: Story, keys: str
) -> None:
    install(story, GO)
    with (story.home / ".env").open("a") as file:
        file.write(keys)
    before = story.read(".env")
    gone = uninstall(story.ctx, BOT, GO, yes)
    assert story.read(".env") == before
    assert isinstance(gone.proposal, Removing)
    assert (".env" in gone.proposal.staying.machine) is bool(keys)


def test_a_new_home_is_built_with_what_was_given_and_answered_privately(story: Story) -> None:
    answers = Answers({"TOKEN": SECRET})
    outcome = install(story, answers.request(env=given(KEY="plain")))
    assert answers.asked == ["TOKEN"]
    assert story.read(".env") == f"KEY=plain\nTOKEN='{SECRET}'\n"
    assert stat.S_IMODE((story.home / ".env").stat().st_mode) == 0o600
    assert outcome.variables == ("KEY", "TOKEN")
    assert missing(outcome) == []
    assert SECRET not in repr(outcome)
    assert SECRET.encode() not in b"".join(
        p.read_bytes() for p in story.root.rglob("*") if p.is_file() and p.name != ".env"
    )


def test_what_is_skipped_stays_missing(story: Story) -> None:
    outcome = install(story, Answers({"KEY": "x"}).request())
    assert missing(outcome) == ["TOKEN"]
    assert story.read(".env") == "KEY=x\n"


def test_a_no_to_the_content_asks_nothing_more_and_writes_nothing(story: Story) -> None:
    answers = Answers({"KEY": "x"})
    with pytest.raises(Cancelled):
        installing.install(
            story.ctx, story.url, answers.request(env=given(TOKEN="y")), lambda _: False, name="bot"
        )
    assert (answers.asked, answers.cards) == ([], [])
    assert not story.home.exists()


def test_a_dry_run_counts_what_is_given_and_writes_nothing(story: Story) -> None:
    outcome = install(story, Request(dry_run=True, env=given(KEY="x")))
    assert missing(outcome) == ["TOKEN"]
    assert not story.home.exists()


def test_an_existing_file_is_edited_by_key_and_keeps_the_rest(story: Story) -> None:
    install(story, GO)
    (story.home / ".env").write_bytes(b"# mine\r\nexport KEY='old' # note\r\nOTHER=1")
    (story.home / ".env").chmod(0o640)
    story.ship({"SOUL.md": "Soul 2.\n"})
    outcome = story.update(replace(GO, env=given(KEY="new", TOKEN="t")))
    assert story.read("SOUL.md") == "Soul 2.\n"
    assert (
        story.home / ".env"
    ).read_bytes() == b"# mine\r\nexport KEY=new # note\r\nOTHER=1\r\nTOKEN=t\r\n"
    assert stat.S_IMODE((story.home / ".env").stat().st_mode) == 0o640
    assert any("can be read by others" in note for note in sentences(outcome.notes))


def test_a_secret_on_a_disk_without_permissions_is_told_with_what_helps(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    flatten(monkeypatch)
    [note] = [
        n for n in sentences(install(story, replace(GO, env=given(KEY="x"))).notes) if "others" in n
    ]
    assert note.startswith(f"{story.home}/.env can be read by others on this machine")
    assert "Move your profiles to a disk of your own system" in note
    assert "chmod" not in note


def test_variables_are_written_also_when_nothing_is_new_upstream(story: Story) -> None:
    install(story, GO)
    before = story.lock
    outcome = story.update(Request(env=given(KEY="x")))
    assert (outcome.done, outcome.variables) == (False, ("KEY",))
    assert story.read(".env") == f"{NEW_ENV}KEY=x\n"
    assert story.lock == before
    assert not story.update(Request(env=given(KEY="y"), dry_run=True)).variables
    assert story.read(".env") == f"{NEW_ENV}KEY=x\n"


def test_on_update_only_new_wants_are_new_and_asked_for(story: Story) -> None:
    install(story, GO)
    story.ship({"distribution.yaml": manifest("KEY", "TOKEN", "EXTRA", "FRESH", version="2.0.0")})
    answers = Answers({"FRESH": "f"})
    outcome = story.update(answers.request())
    assert outcome.proposal is not None
    assert [w.var.name for w in outcome.proposal.wanted if w.new] == ["EXTRA", "FRESH"]
    assert answers.asked == ["EXTRA", "FRESH"]
    assert story.read(".env") == f"{NEW_ENV}FRESH=f\n"
    story.ship({"SOUL.md": "Soul 3.\n"})
    again = Answers({"KEY": "k"})
    story.update(again.request())
    assert again.asked == []


def test_a_link_is_told_about_and_written_through_only_once_it_is_followed(
    story: Story, tmp_path: Path
) -> None:
    install(story, GO)
    shared = tmp_path / "shared.env"
    shared.write_text("KEY=k\n")
    (story.home / ".env").unlink()
    (story.home / ".env").symlink_to(shared)
    story.ship({"distribution.yaml": manifest("KEY", "FRESH"), "SOUL.md": "Soul 2.\n"})
    with pytest.raises(Linked, match=r"a link that you have not allowed.*shared\.env"):
        story.update(Request(env=given(FRESH="f")))
    assert story.read("SOUL.md") == "Soul.\n"
    answers = Answers({"FRESH": "f"})
    assert missing(story.update(answers.request())) == ["FRESH"]
    assert answers.asked == []
    assert shared.read_text() == "KEY=k\n"
    follow(story.ctx, BOT, ".env")
    story.update(Request(env=given(FRESH="f")))
    assert shared.read_text() == "KEY=k\nFRESH=f\n"


def test_a_file_that_can_not_be_edited_is_refused_before_anything_is_done(story: Story) -> None:
    install(story, GO)
    (story.home / ".env").write_text("A='open\n")
    story.ship({"SOUL.md": "Soul 2.\n"})
    before = story.files()
    with pytest.raises(DistError, match="not closed") as err:
        story.update(Request(env=given(KEY=SECRET)))
    assert SECRET not in f"{err.value} {err.value.hint}"
    assert story.files() == before


def test_a_value_that_can_not_be_written_when_it_is_answered_is_told_and_the_rest_is_done(
    story: Story,
) -> None:
    """What is typed at the question comes last, when everything else was agreed to."""
    install(story, GO)
    story.ship({"SOUL.md": "Soul 2.\n", "distribution.yaml": manifest("KEY", "TOKEN", "NEW")})
    (story.home / ".env").write_text("A='open\n")
    outcome = story.update(Answers({"NEW": SECRET}, effects=True).request())
    assert outcome.done
    assert outcome.variables == ()
    assert any("not written" in note and "not closed" in note for note in sentences(outcome.notes))
    assert SECRET not in repr(outcome)
    assert story.read(".env") == "A='open\n"
    assert story.read("SOUL.md") == "Soul 2.\n"


def test_what_the_package_does_not_ask_for_is_written_and_said(story: Story) -> None:
    outcome = install(story, Request(env=given(KYE="x")))
    assert outcome.proposal is not None
    assert any(note.startswith("KYE is written") for note in sentences(outcome.proposal.notes))


MCP = '{"mcpServers": {"web": {"command": "npx", "args": ["web-server"]}}}'


def test_a_yes_to_the_card_releases_what_it_showed(tmp_path: Path) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n", "mcp.json": MCP})
    answers = Answers(effects=True)
    outcome = install(story, answers.request())
    assert answers.cards == [
        ("config.yaml: mcp_servers.web.args", "config.yaml: mcp_servers.web.command")
    ]
    assert outcome.proposal is not None
    assert outcome.proposal.plan.parked == ()
    assert story.lock.parked == ()
    assert "enabled: true" in story.read("config.yaml")


def test_a_no_to_the_card_leaves_it_parked_and_the_next_update_asks_only_about_what_is_new(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n", "mcp.json": MCP})
    install(story, Answers(effects=False).request())
    assert len(story.lock.parked) == 2
    story.ship(
        {"mcp.json": MCP.replace('"web-server"', '"web-server", "--all"'), "SOUL.md": "Soul.\n"}
    )
    answers = Answers(effects=False)
    story.update(answers.request())
    assert answers.cards == [("config.yaml: mcp_servers.web.args",)]
    story.ship({"SOUL.md": "Soul 2.\n"})
    story.update(answers.request())
    assert len(answers.cards) == 1
    assert "enabled: false" in story.read("config.yaml")


@pytest.mark.parametrize("name", [".env.EXAMPLE", ".env.example", ".env.template"])
def test_a_shipped_template_serves_and_follows_the_package_while_nobody_edits_it(
    tmp_path: Path, name: str
) -> None:
    story = Story(tmp_path, {"distribution.yaml": manifest("KEY"), name: "CITY=one\n"})
    install(story, GO)
    assert story.read(".env.EXAMPLE") == "CITY=one\n"
    story.ship({name: "CITY=two\n"})
    story.update()
    assert story.read(".env.EXAMPLE") == "CITY=two\n"
    assert status(story.ctx, BOT).clean
    assert status(story.ctx, BOT).own == ()
    story.write(".env.EXAMPLE", "KEY=mine\n")
    story.ship({name: "KEY=three\n"})
    story.update()
    assert story.read(".env.EXAMPLE") == "KEY=mine\n"


def test_without_one_it_is_made_of_what_the_manifest_wants_and_follows_that(tmp_path: Path) -> None:
    story = Story(tmp_path, {"distribution.yaml": manifest("KEY")})
    install(story, GO)
    assert "KEY=\n" in story.read(".env.EXAMPLE")
    assert ".env.EXAMPLE" not in story.lock.base
    story.ship({"distribution.yaml": manifest("KEY", "FRESH")})
    story.update()
    assert "FRESH=\n" in story.read(".env.EXAMPLE")
    story.ship({"distribution.yaml": "name: bot\n"})
    story.update()
    assert not (story.home / ".env.EXAMPLE").exists()


def test_a_template_that_the_user_removed_stays_away_and_one_of_the_users_own_is_not_touched(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, {"distribution.yaml": manifest("KEY")})
    install(story, GO)
    (story.home / ".env.EXAMPLE").unlink()
    story.ship({"distribution.yaml": manifest("KEY", "FRESH")})
    story.update()
    assert not (story.home / ".env.EXAMPLE").exists()
    other = story.root / "profiles" / "other"
    other.mkdir(parents=True)
    (other / ".env.EXAMPLE").write_text("mine\n")
    installing.install(story.ctx, story.url, GO, yes, name="other", force=True)
    assert (other / ".env.EXAMPLE").read_text() == "mine\n"


def test_an_unreadable_or_huge_file_of_variables_is_an_error_that_says_which(
    story: Story, tmp_path: Path
) -> None:
    from hermes_dist.ops.change.variables import gather

    (tmp_path / "vars").write_text("KEY='two words'\nbad-name=1\n")
    found = gather(story.ctx, ["TOKEN=t"], str(tmp_path / "vars"))
    assert found.values == {"KEY": "two words", "TOKEN": "t"}
    assert len(found.warnings) == 1
    (tmp_path / "huge").write_bytes(b"A=" + b"x" * 2**20)
    for name in ("none", "huge", "."):
        with pytest.raises(DistError) as err:
            gather(story.ctx, [], str(tmp_path / name))
        assert str(tmp_path) in err.value.where
