"""The page's requests: the same data as the commands print, and nothing is written that was not shown."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from asking import Page
from story import BOT, FIRST, Story

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.conflicts import each
from hermes_dist.ops.homes import OtherState, state_of
from hermes_dist.ops.package.history import hold
from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.world.disk.locks import home_lock

SERVER = FIRST["config.yaml"] + "mcp_servers:\n  web: {command: run-web}\n"  # type: ignore[operator]  # text
TOKEN = "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"
NEW = {
    "distribution.yaml": "name: bot\nversion: 1.1.0\n",
    "SOUL.md": FIRST["SOUL.md"].replace("Rule 3 stands", "Rule 3 is new"),
    "config.yaml": FIRST["config.yaml"].replace("small", "large"),
}


def conflict(story: Story) -> None:
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is mine")
    story.edit("config.yaml", "default: small", "default: mine  # cheap")
    story.ship(NEW)


def test_each_request_of_the_table_has_its_handler() -> None:
    for row in REQUESTS.values():
        module = import_module(f"hermes_dist.page.requests.{row.module}")
        assert callable(getattr(module, row.function)), row


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("status", "status"),
        ("info", "info"),
        ("diff", "diff"),
        ("history", "history"),
        ("kept", "kept"),
        ("conflicts", "conflicts"),
        ("consents", "consents"),
        ("outdated", "outdated"),
    ],
)
def test_what_reads_gives_the_object_of_its_command(page: Page, name: str, schema: str) -> None:
    assert page.data(name)["schema"] == f"hermes-dist/{schema}/1"


def test_the_machine_is_asked_without_a_profile(page: Page) -> None:
    rows = page.data("list", profile="")["profiles"]
    assert [row["name"] for row in rows] == ["default", "bot"]
    found = page.data("status", profile="", all=True)["profiles"]
    assert [row["profile"] for row in found] == ["bot"]
    assert page.data("outdated", profile="")["profiles"][0]["state"] == "current"


def test_an_update_is_shown_and_then_carried_out(page: Page, story: Story) -> None:
    story.ship(NEW)
    before = story.files()
    preview = page.ask("update", dry_run=True)
    assert preview.body["data"]["dry_run"]
    assert {step["path"] for step in preview.body["data"]["steps"]} == set(NEW)
    assert story.files() == before
    done = page.data("update", plan=preview.body["plan"])
    assert done["done"]
    assert story.lock.pin.version == "1.1.0"
    assert "writing" in page.heard


def test_an_input_is_answered_and_its_answer_belongs_to_what_was_shown(
    page: Page, story: Story
) -> None:
    story.ship(
        {
            "distribution.yaml": "name: bot\nversion: 1.1.0\ninputs: {team: {}}\n",
            "SOUL.md": "For ${input:team}.\n",
        }
    )
    shown = page.ask("update", dry_run=True, set={"team": "fire"}).body
    assert shown["data"]["inputs"] == [{"name": "team", "value": "fire", "secret": False}]
    [ask] = shown["data"]["asks"]
    assert (ask["type"], ask["answered"], ask["value"]) == ("string", True, "fire")
    [open_] = page.ask("update", dry_run=True).body["data"]["asks"]
    assert (open_["answered"], open_["value"]) == (False, None)
    missing = page.ask("update", plan=shown["plan"])
    assert missing.status == 422
    assert page.ask("update", plan=shown["plan"], set={"team": "sea"}).status == 409
    page.data("update", plan=shown["plan"], set={"team": "fire"})
    assert story.read("SOUL.md") == "For fire.\n"


def test_a_plan_that_is_another_one_by_now_is_shown_anew_and_nothing_is_written(
    page: Page, story: Story
) -> None:
    story.ship(NEW)
    first = page.ask("update", dry_run=True).body["plan"]
    story.ship({"SOUL.md": "# Bot\nAnother.\n"})
    before = story.files()
    reply = page.ask("update", plan=first)
    assert (reply.status, story.files()) == (409, before)
    assert reply.body["changed"]["schema"] == "hermes-dist/outcome/1"
    assert reply.body["plan"] not in ("", first)
    assert page.data("update", plan=reply.body["plan"])["done"]


def test_a_plan_holds_for_the_files_as_they_were_shown(page: Page, story: Story) -> None:
    story.ship(NEW)
    plan = page.ask("update", dry_run=True).body["plan"]
    story.edit("SOUL.md", "Rule 20 stands", "Rule 20 is mine")
    before = story.files()
    assert page.ask("update", plan=plan).status == 409
    assert story.files() == before


def test_a_plan_of_which_nothing_is_left_writes_no_variable(page: Page, story: Story) -> None:
    story.ship(NEW)
    plan = page.ask("update", dry_run=True, env={"KEY": "fortytwo"}).body["plan"]
    story.ship({path: FIRST[path] for path in NEW})
    story.update()
    page.data("status")
    reply = page.ask("update", plan=plan, env={"KEY": "fortytwo"})
    assert reply.status == 409
    assert "fortytwo" not in (story.home / ".env").read_text()


def test_a_state_that_is_an_old_one_by_now_writes_nothing(page: Page, story: Story) -> None:
    old = page.state
    assert page.data("hold")["held"]
    before = (story.home / "distribution.lock").read_bytes()
    reply = page.ask("unhold", state=old)
    assert reply.status == 409
    assert [row["verb"] for row in reply.body["changed"]] == ["hold"]
    assert reply.body["state"] == page.state
    assert (story.home / "distribution.lock").read_bytes() == before


def test_a_change_between_the_look_and_the_write_is_refused(story: Story) -> None:
    """The state is compared once more with what is about to be replaced."""
    shown = story.ctx.showing({BOT: state_of(story.ctx, BOT)})
    hold(story.ctx, BOT, on=True)
    with pytest.raises(OtherState):
        hold(shown, BOT, on=False)
    assert story.lock.held == "*"


def test_a_profile_made_again_under_the_same_name_is_another_one(page: Page, story: Story) -> None:
    other = story.root / "profiles" / "other"
    story.home.rename(other)
    shutil.copytree(other, story.home)
    assert page.ask("hold").status == 409


def test_a_renamed_profile_says_its_new_name(page: Page, story: Story) -> None:
    story.home.rename(story.root / "profiles" / "other")
    reply = page.ask("hold")
    assert (reply.status, reply.body["renamed"]) == (404, "other")
    reply = page.ask("status", state=page.state)
    assert (reply.status, reply.body["renamed"]) == (404, "other")


def test_a_deleted_profile_says_how_it_comes_back(page: Page) -> None:
    assert start(HERMES, ["delete", "bot", "-y"], prog="hermes-dist", profile=None) == 0
    reply = page.ask("hold")
    assert reply.status == 404
    assert "restore bot" in reply.body["error"]["error"]["hint"]


def test_conflicts_are_listed_and_shown_from_all_sides(page: Page, story: Story) -> None:
    conflict(story)
    page.carry_out("update")
    found = page.data("conflicts")["conflicts"]
    assert [(c["path"], c["key"]) for c in found] == [
        ("SOUL.md", ""),
        ("config.yaml", "model.default"),
    ]
    soul = page.data("conflict", place="SOUL.md")
    assert soul["value"] is None
    assert "Rule 3 stands" in soul["text"]["base"]
    assert "Rule 3 is mine" in soul["text"]["ours"]
    assert "Rule 3 is new" in soul["text"]["theirs"]
    assert soul["text"]["marked"]
    assert "<<<<<<< yours" in soul["text"]["merged"]
    key = page.data("conflict", place="config.yaml: model.default")["value"]
    assert (key["base"], key["ours"], key["theirs"]) == ("small", "mine", "large")
    assert key["comments"] == {"base": [], "ours": ["# cheap"], "theirs": []}
    assert key["whole"] == {}


def test_a_value_of_several_lines_is_shown_on_its_lines_without_secrets(
    page: Page, story: Story
) -> None:
    key = "ghp_" + "Ab3dEf6hIj9K" * 3
    path = "data/hours.json"
    values = '"note": {0}, "hours": {1}, "day": {2}'

    def file(note: str, hours: str, day: str) -> str:
        return "{" + values.format(json.dumps(note), hours, day) + "}\n"

    story.ship({path: file("One.\nTwo.\n", '[{"from": 8}]', '{"a": 1}')})
    page.carry_out("update")
    story.write(path, file(f"One.\nMine, with {key}.\n", '[{"from": 9}]', '{"b": 1}'))
    story.ship({path: file("One.\nTheirs.\n", '[{"from": 10}]', "7")})
    page.carry_out("update")

    def whole(key: str) -> Any:
        return page.data("conflict", place=f"{path}: {key}")["value"]["whole"]

    note = whole("note")
    assert note["base"] == "One.\nTwo."
    assert note["theirs"] == "One.\nTheirs."
    assert note["ours"].startswith("One.\nMine, with ${")
    assert key not in str(note)
    assert whole("hours")["theirs"] == json.dumps([{"from": 10}], indent=2)


def test_an_edited_text_is_checked_before_it_is_saved(page: Page, story: Story) -> None:
    conflict(story)
    page.carry_out("update")
    shown = page.data("conflict", place="SOUL.md")["text"]
    before = story.files()
    reply = page.ask("resolve", place="SOUL.md", text=shown["merged"], dry_run=True)
    assert reply.status == 422
    assert "marker is left in line" in reply.body["error"]["error"]["message"]
    reply = page.ask("resolve", place="config.yaml", text="model: [", dry_run=True)
    assert reply.status == 422
    assert "could not be read" in reply.body["error"]["error"]["message"]
    assert story.files() == before
    done = page.carry_out("resolve", place="SOUL.md", text="# Bot\nRule 3 is ours.\n")
    assert done["done"]
    assert story.read("SOUL.md") == "# Bot\nRule 3 is ours.\n"
    assert [c["path"] for c in page.data("conflicts")["conflicts"]] == ["config.yaml"]


def test_line_ends_stay_as_the_file_has_them(home: Path) -> None:
    first = {**FIRST, "SOUL.md": "a\r\nb\r\nc\r\n"}
    story = Story(home, first)
    story.install()
    story.write("SOUL.md", "")
    (story.home / "SOUL.md").write_bytes(b"a\r\nmine\r\nc\r\n")
    story.ship({"SOUL.md": b"a\r\nnew\r\nc\r\n"})
    story.update()
    page = Page(story)
    page.data("status")
    page.carry_out("resolve", place="SOUL.md", text="a\nboth\nc\n")
    assert (story.home / "SOUL.md").read_bytes() == b"a\r\nboth\r\nc\r\n"


def test_a_secret_is_not_shown_and_not_lost_when_its_file_is_edited(
    page: Page, story: Story
) -> None:
    story.write(".env", f"MODEL_KEY={TOKEN}\n")
    story.edit("SOUL.md", "Rule 9 stands", f"The key is {TOKEN}")
    conflict(story)
    page.carry_out("update")
    shown = page.data("conflict", place="SOUL.md")
    assert shown["editable"]
    assert TOKEN not in json.dumps(shown)
    assert "The key is ${MODEL_KEY}." in shown["text"]["ours"]
    text = shown["text"]["ours"].replace("Rule 3 is mine", "Rule 3 is ours")
    page.carry_out("resolve", place="SOUL.md", text=text)
    assert f"The key is {TOKEN}." in story.read("SOUL.md")
    assert "Rule 3 is ours" in story.read("SOUL.md")


def test_a_side_is_taken_by_key_and_for_all(page: Page, story: Story) -> None:
    conflict(story)
    page.carry_out("update")
    page.carry_out("resolve", place="model.default", side="theirs")
    assert "default: large" in story.read("config.yaml")
    page.carry_out("resolve", side="ours")
    assert page.data("conflicts")["conflicts"] == []


def test_what_was_approved_before_is_told_beside_what_waits(page: Page, story: Story) -> None:
    story.ship({**NEW, "config.yaml": SERVER})
    page.carry_out("update")
    page.carry_out("approve")
    assert page.data("consents")["changed"] == []
    story.ship({"config.yaml": SERVER.replace("run-web", "run-other")})
    page.carry_out("update")
    [row] = page.data("consents")["changed"]
    assert row["place"].startswith("config.yaml: mcp_servers.web.")
    assert "run-web" in row["before"]
    assert "run-other" in row["after"]


def test_each_conflict_gets_a_side_of_its_own(page: Page, story: Story) -> None:
    conflict(story)
    page.carry_out("update")
    places = {
        f"{each['path']}: {each['key']}" if each["key"] else each["path"]
        for each in page.data("conflicts")["conflicts"]
    }
    assert len(places) > 1
    sides = {place: "theirs" if place.endswith("model.default") else "ours" for place in places}
    page.carry_out("resolve", sides=sides)
    assert "default: large" in story.read("config.yaml")
    assert page.data("conflicts")["conflicts"] == []


def test_hundreds_of_conflicts_are_settled_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a large file; each names itself, so the home is not looked through again for each of them."""
    numbers, path = range(250), "templates/many.yaml"

    def config(value: str) -> str:
        return "many:\n" + "".join(f"  k{n}: {value}\n" for n in numbers)

    story = Story(home, {**FIRST, path: config("old")})
    story.install()
    page = Page(story)
    page.data("status")
    story.write(path, config("mine"))
    story.ship({path: config("new")})
    page.carry_out("update")
    monkeypatch.setattr(each, "open_conflicts", lambda *_: pytest.fail("looked through again"))
    sides = {f"{path}: many.k{n}": "theirs" if n % 2 else "ours" for n in numbers}
    page.carry_out("resolve", sides=sides)
    said = story.read(path)
    assert (said.count(": mine"), said.count(": new")) == (125, 125)
    assert page.data("conflicts")["conflicts"] == []


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2009"])
def test_a_file_whose_name_has_an_odd_space_is_settled(home: Path, space: str) -> None:
    path = f"skills/own/a{space}b.md"
    story = Story(home, {**FIRST, path: "one\n"})
    story.install()
    page = Page(story)
    page.data("status")
    story.write(path, "mine\n")
    story.ship({path: "theirs\n"})
    page.carry_out("update")
    assert page.data("conflict", place=path)["text"]["ours"] == "mine\n"
    page.carry_out("resolve", place=path, side="theirs")
    assert story.read(path) == "theirs\n"


@pytest.mark.parametrize("value", ["x" * 4000, "میخواهم \u200c\u200d\u00a0", "👩\u200d👧"])
def test_a_value_is_as_long_and_in_any_script_as_its_owner_wants(
    page: Page, story: Story, value: str
) -> None:
    story.ship(
        {**NEW, "distribution.yaml": "name: bot\nversion: 1.1.0\nenv_requires: [{name: A_NAME}]\n"}
    )
    page.carry_out("update", env={"A_NAME": value})
    assert value.strip() in story.read(".env")


def test_what_waits_is_shown_approved_and_revoked(page: Page, story: Story) -> None:
    story.ship({**NEW, "config.yaml": SERVER})
    page.carry_out("update")
    [waiting] = page.data("consents")["waiting"]
    assert page.data("effect", things=[waiting["name"]])["things"] == [waiting]
    done = page.carry_out("approve", things=[waiting["name"]])
    assert done["done"]
    assert page.data("consents")["waiting"] == []
    page.carry_out("revoke", things=[waiting["name"]])
    assert len(page.data("consents")["waiting"]) == 1


def test_an_approval_covers_only_what_was_shown(page: Page, story: Story) -> None:
    story.ship({**NEW, "config.yaml": SERVER})
    page.carry_out("update")
    plan = page.ask("approve", dry_run=True).body["plan"]
    story.ship({"config.yaml": SERVER.replace("run-web", "run-worse")})
    story.update(Request())
    page.data("status")
    assert page.ask("approve", plan=plan).status == 409
    assert len(page.data("consents")["waiting"]) == 1


def test_back_and_undone(page: Page, story: Story) -> None:
    story.ship(NEW)
    page.carry_out("update")
    page.carry_out("undo")
    assert story.read("SOUL.md") == FIRST["SOUL.md"]
    page.carry_out("rollback", number=2)
    assert story.read("SOUL.md") == NEW["SOUL.md"]
    assert page.data("history", number=3)["generations"][0]["verb"] == "undo"


def test_edits_are_discarded(page: Page, story: Story) -> None:
    story.write("SOUL.md", "Mine.\n")
    page.carry_out("discard", places=["SOUL.md"])
    assert story.read("SOUL.md") == FIRST["SOUL.md"]


def test_places_are_kept_and_kept_no_longer(page: Page) -> None:
    assert page.data("keep", places=["SOUL.md"])["kept"] == ["SOUL.md"]
    assert page.data("kept")["kept"] == ["SOUL.md"]
    assert page.data("unkeep", all=True)["kept"] == []


@pytest.mark.parametrize(
    ("name", "more", "where"),
    [
        ("status", {"profile": ""}, "fields: all"),
        ("status", {"all": "yes"}, "fields: all"),
        ("status", {"unknown": 1}, "fields"),
        ("list", {}, "profile"),
        ("history", {"number": True}, "fields: number"),
        ("history", {"number": "1"}, "fields: number"),
        ("diff", {"place": "a\nb"}, "fields: place"),
        ("diff", {"place": "x" * 1001}, "fields: place"),
        ("hold", {"state": ""}, "state"),
        ("hold", {"plan": "x"}, "plan"),
        ("update", {}, "plan"),
        ("update", {"dry_run": True, "plan": "x"}, "plan"),
        ("update", {"conflict": "ask", "dry_run": True}, "fields: conflict"),
        ("update", {"env": {"A B": "x"}, "dry_run": True}, "fields: env"),
        ("update", {"env": {"A": "x\ny"}, "dry_run": True}, "fields: env"),
        ("resolve", {"dry_run": True}, "fields"),
        ("resolve", {"side": "mine", "dry_run": True}, "fields: side"),
        ("resolve", {"sides": {}, "dry_run": True}, "fields: sides"),
        ("resolve", {"sides": {"SOUL.md": "mine"}, "dry_run": True}, "fields: sides"),
        ("resolve", {"sides": {"a\nb": "ours"}, "dry_run": True}, "fields: sides"),
        ("resolve", {"sides": {"a": "ours"}, "place": "a", "dry_run": True}, "fields: place"),
        ("resolve", {"sides": {"a": "ours"}, "side": "ours", "dry_run": True}, "fields"),
        ("resolve", {"text": "\ud800", "dry_run": True}, "fields: text"),
        ("effect", {}, "fields: things"),
        ("effect", {"things": "x"}, "fields: things"),
        ("status", {"profile": "../bot"}, "profile"),
        ("status", {"profile": "Bot!"}, "profile"),
    ],
)
def test_wrong_fields_are_refused_by_name(
    page: Page, name: str, more: dict[str, Any], where: str
) -> None:
    reply = page.ask(name, **more)
    assert reply.status == 400, reply.body
    assert reply.body["error"]["error"]["where"].startswith(where)


def test_an_unknown_request_and_profile_are_not_found(page: Page) -> None:
    assert page.ask("nothing").status == 404
    assert page.ask("status", profile="nobody").status == 404


def test_a_busy_profile_says_so(page: Page, story: Story) -> None:
    with home_lock(story.home):
        assert page.ask("hold").status == 423
    assert page.data("hold")["done"]


def test_a_fault_of_ours_is_a_reply_that_names_its_log(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_job: object) -> None:
        raise ValueError(TOKEN)

    monkeypatch.setattr("hermes_dist.page.requests.profile.info", broken)
    reply = page.ask("info")
    assert reply.status == 500
    assert "crashes" in reply.body["error"]["error"]["hint"]
    assert TOKEN not in json.dumps(reply.body)
