"""Plans of a profile's life, without a disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml
from msgspec.structs import replace

from hermes_dist.agents.generation import V0_19, V0_22
from hermes_dist.decide.profiles.lifecycle import (
    Kept,
    Move,
    described,
    hosts_renamed,
    kept_id,
    left_out,
    named_before,
    new_name,
    of_a_clone,
    paused_jobs,
    read_id,
    routes,
    routes_renamed,
    routes_without,
    service_renamed,
)
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.paths import ProfileName

CODER, DEV = ProfileName("coder"), ProfileName("dev-bot")
HOMES = ("/home/a/.hermes/profiles/coder", "/home/a/.hermes/profiles/dev-bot")


def test_a_move_survives_its_journal() -> None:
    move = Move(
        verb="rename",
        name="coder",
        to="dev-bot",
        source="profiles/coder",
        target="profiles/dev-bot",
        inode=7,
        commands={"dev-bot": "dev-bot"},
        drop=("coder",),
        sticky="dev-bot",
        services={"/x": None, "/y": "text"},
        enabled=True,
    )
    assert Move.decode(move.encode()) == move


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format": 1}', b'{"format": 2}', b"\xff"])
def test_a_damaged_or_newer_journal_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        Move.decode(data)


@pytest.mark.parametrize("field", ["source", "target", "record"])
@pytest.mark.parametrize("path", ["/etc", "../x", "profiles/../../x"])
def test_a_journal_that_names_a_place_outside_of_the_root_is_refused(field: str, path: str) -> None:
    move = Move(verb="delete", name="coder", to="", source="profiles/coder", target="trash/coder")
    with pytest.raises(Invalid, match="damaged"):
        Move.decode(replace(move, **{field: path}).encode())


def test_what_is_kept_of_a_profile_is_read_back_and_damage_counts_as_nothing() -> None:
    kept = Kept(profile="coder", commands=("coder", "c"), services={"/x": "text"}, sticky=True)
    assert Kept.decode(kept.encode(), "coder") == kept
    for data in (b"", b"{}", b"[]", b"\xff"):
        assert Kept.decode(data, "coder") == Kept(profile="coder")


def test_names_are_read_in_any_case_and_the_default_one_is_refused() -> None:
    assert new_name(" Coder ", V0_22) == "coder"
    for bad in ("default", "Default", "../x", "", "hermes", "a b"):
        with pytest.raises(Invalid):
            new_name(bad, V0_22)


def test_a_home_out_of_the_way_is_known_by_who_and_when() -> None:
    when = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert read_id(kept_id(DEV, when)) == (DEV, when)
    assert read_id(kept_id(DEV, when) + "-2") == (DEV, when)
    for other in (
        "coder",
        "coder@",
        "coder@20261399T000000Z",
        "coder@20260304T050607Z.json",
        "Coder@20260304T050607Z",
    ):
        assert read_id(other) is None


UNIT = """\
ExecStart=/v/bin/python -m hermes_cli.main --profile coder gateway run
WorkingDirectory=/home/a/.hermes/profiles/coder
Environment="HERMES_HOME=/home/a/.hermes/profiles/coder"
Environment="PATH=/opt/coder/bin:/home/a/.hermes/profiles/coder-2/bin"
Description=of coder
"""
PLIST = """\
<key>Label</key><string>ai.hermes.gateway-coder</string>
<string>--profile</string>
      <string>coder</string>
<string>/home/a/.hermes/profiles/coder/logs/gateway.log</string>
<string>/opt/coder</string>
"""


def test_a_service_starts_the_new_profile_and_nothing_else_in_it_changes() -> None:
    assert service_renamed(UNIT, CODER, DEV, HOMES) == (
        UNIT.replace("--profile coder", "--profile dev-bot")
        .replace("profiles/coder\n", "profiles/dev-bot\n")
        .replace('profiles/coder"', 'profiles/dev-bot"')
    )
    plist = service_renamed(PLIST, CODER, DEV, HOMES)
    assert plist == PLIST.replace("gateway-coder", "gateway-dev-bot").replace(
        "      <string>coder</string>", "      <string>dev-bot</string>"
    ).replace("profiles/coder/", "profiles/dev-bot/")


CONFIG = b"""\
# mine
model: x  # the best
gateway:
  multiplex_profiles: true
  profile_routes:
    - {name: a, platform: discord, guild_id: "1", profile: coder}  # work
    - name: b
      platform: telegram
      chat_id: "2"
      profile: writer
"""


def test_routes_follow_a_rename_and_every_other_byte_stays() -> None:
    edited = routes_renamed(CONFIG, "coder", "dev-bot")
    assert edited == CONFIG.replace(b"profile: coder", b"profile: dev-bot")
    assert routes_renamed(edited, "coder", "dev-bot") == edited
    top = CONFIG + b"profile_routes:\n  - {platform: x, profile: coder}\n"
    assert [route["profile"] for route in routes(load_data(top, Kind.YAML))] == ["coder"]
    assert b"coder" not in routes_renamed(top, "coder", "dev-bot")


@pytest.mark.parametrize(
    "data", [b"", b"- a\n", b"profile_routes: 5\n", b"gateway: {profile_routes: [1, a]}\n"]
)
def test_settings_without_routes_stay_as_they_are(data: bytes) -> None:
    assert routes_renamed(data, "coder", "dev-bot") == data
    assert routes_without(data, {"default"}) == data


def test_routes_to_nobody_are_switched_off() -> None:
    edited = routes_without(CONFIG, {"coder", "default"})
    found = routes(load_data(edited, Kind.YAML))
    assert [route.get("enabled", True) for route in found] == [True, False]
    assert edited.startswith(CONFIG[:60])
    assert routes_without(edited, {"coder", "default"}) == edited


def test_the_block_of_the_memory_service_is_renamed_and_its_peer_keeps_its_name() -> None:
    data = json.dumps(
        {"apiKey": "k", "hosts": {"hermes": {"a": 1}, "hermes_coder": {"enabled": True}}}
    ).encode()
    edited = json.loads(hosts_renamed(data, "hermes", "coder", "dev-bot"))
    assert edited == {
        "apiKey": "k",
        "hosts": {"hermes": {"a": 1}, "hermes_dev-bot": {"enabled": True, "aiPeer": "coder"}},
    }
    for same in (b"{}", b"[", b'{"hosts": {"hermes_other": {}}}'):
        assert hosts_renamed(same, "hermes", "coder", "dev-bot") == same


def test_a_description_is_set_beside_what_is_there() -> None:
    assert load_data(described(None, " Writes code. "), Kind.YAML) == {
        "description": "Writes code.",
        "description_auto": False,
    }
    edited = described(
        b"# mine\ncolour: red\ndescription: old\ndescription_auto: true\n", "new: yes"
    )
    assert edited.startswith(b"# mine\ncolour: red\n")
    assert load_data(edited, Kind.YAML) == {
        "colour": "red",
        "description": "new: yes",
        "description_auto": False,
    }
    assert b"description:" not in described(edited, "")
    with pytest.raises(DistError):
        described(b"- a\n", "x")


PACKAGE = frozenset(["skills/a/SKILL.md", "scripts/x.py", "distribution.yaml", "cron/jobs.json"])


@pytest.mark.parametrize(
    ("path", "config", "everything"),
    [
        ("config.yaml", True, True),
        (".env", True, True),
        ("SOUL.md", True, True),
        ("skills", True, True),
        ("skills/mine/SKILL.md", True, True),
        ("scripts", True, True),
        ("scripts/x.py", True, True),
        ("scripts/own.py", False, True),
        ("distribution.yaml", True, True),
        ("distribution.lock", True, True),
        ("cron", True, True),
        ("cron/jobs.json", True, True),
        ("cron/output", False, True),
        ("memories", False, True),
        ("sessions", False, True),
        ("state.db", False, True),
        ("auth.json", False, True),
        (".dist", False, False),
        (".dist/lock", False, False),
        ("gateway.pid", False, False),
        ("gateway_state.json", False, False),
        ("backups", False, False),
        ("skills/__pycache__", False, False),
        ("x.sock", False, False),
    ],
)
def test_what_a_clone_takes_along(path: str, config: bool, everything: bool) -> None:
    for every, wanted in ((False, config), (True, everything)):
        why = left_out(
            path, every=every, default=False, package=PACKAGE, lockfile="distribution.lock"
        )
        assert (not why) is wanted, (path, every, why)


@pytest.mark.parametrize(
    "path", ["profiles", "profiles/x", "distributions", "hermes-agent", "bin", "active_profile"]
)
def test_a_clone_of_the_default_profile_leaves_what_is_no_home(path: str) -> None:
    assert left_out(
        path, every=True, default=True, package=frozenset(), lockfile="distribution.lock"
    )


def test_a_name_that_sessions_of_the_default_profile_go_by_is_given_to_nobody() -> None:
    with pytest.raises(Invalid, match="reserved"):
        new_name("Main", V0_22)
    assert new_name("main", V0_19) == "main"


def test_what_a_profile_was_called_before_is_noted_once() -> None:
    once = named_before(b"# mine\ndescription: x\n", "old")
    assert once.startswith(b"# mine\ndescription: x\n")
    assert yaml.safe_load(once) == {"description": "x", "previous_names": ["old"]}
    assert named_before(once, "old") == once
    assert yaml.safe_load(named_before(once, "older"))["previous_names"] == ["old", "older"]
    assert yaml.safe_load(named_before(None, "old")) == {"previous_names": ["old"]}


def test_a_clone_is_not_shown_under_the_originals_name() -> None:
    assert yaml.safe_load(
        of_a_clone(b"description: x\ndisplay_name: Boss\nprevious_names: [a]\n")
    ) == {"description": "x"}
    for untouched in (b"description: x\n", b"", b"- a\n", b"{\n"):
        assert of_a_clone(untouched) == untouched


def test_every_job_of_a_clone_is_paused_and_those_that_ran_are_counted() -> None:
    jobs = [
        {
            "id": "a" * 12,
            "name": "on",
            "enabled": True,
            "state": "scheduled",
            "next_run_at": "2030-01-01",
            "prompt": "x",
        },
        {
            "id": "b" * 12,
            "name": "off",
            "enabled": False,
            "state": "paused",
            "paused_reason": "mine",
            "next_run_at": None,
        },
        {"id": "c" * 12, "name": "silent"},
    ]
    data, count = paused_jobs(json.dumps({"jobs": jobs}).encode(), "coder")
    after = json.loads(data)["jobs"]
    assert count == 2
    assert [job["enabled"] for job in after] == [False, False, False]
    assert {job["state"] for job in after} == {"paused"}
    assert [job.get("next_run_at") for job in after] == [None, None, None]
    assert after[1] == jobs[1]
    assert "coder" in after[0]["paused_reason"]
    assert paused_jobs(data, "coder") == (data, 0)


@pytest.mark.parametrize(
    "jobs",
    [
        [{"id": "a"}, {"id": "a", "prompt": "p"}],
        [{"id": 1}, {"id": ["b"]}],
        [{"name": "n"}, 3, {}],
        {"a": {"prompt": "p"}, "b": {"id": "c"}, "d": 3},
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_jobs_that_no_id_tells_apart_are_paused_in_a_clone_too(jobs: object, bare: bool) -> None:
    whole = jobs if bare and isinstance(jobs, list) else {"jobs": jobs, "more": 1}
    data, count = paused_jobs(json.dumps(whole).encode(), "coder")
    after = json.loads(data)
    rows = [row for row in (after["jobs"] if isinstance(after, dict) else after) if row != 3]
    assert count == len(rows) == 2
    assert [(row["enabled"], row["state"]) for row in rows] == [(False, "paused")] * 2
    assert [row.get("prompt") for row in rows].count("p") == str(jobs).count("prompt")
    assert isinstance(after, list) or after["more"] == 1


def test_comments_of_routes_stay_beside_their_routes_when_a_profile_is_renamed_or_deleted() -> None:
    text = (
        b'gateway:\n  profile_routes:\n  # ops\n  - platform: discord   # main\n    guild_id: "1"\n'
        b"    profile: old\n  - {platform: telegram, profile: old} # tg\n  # other\n"
        b"  - platform: slack # s\n    profile: old\n"
    )
    assert routes_renamed(text, "old", "new") == text.replace(b"old", b"new")
    off = routes_without(text, {"x"})
    assert [line for line in off.splitlines() if b"#" in line and b"tg" not in line] == [
        line for line in text.splitlines() if b"#" in line and b"tg" not in line
    ]
    assert off.count(b"enabled: false") == 3
    assert off.count(b"#") == text.count(b"#")


def test_a_route_for_the_bot_of_a_renamed_profile_follows() -> None:
    text = (
        b"profile_routes:\n"
        b"  - {platform: discord, chat_id: '1', bot_profile: old, profile: other}  # mine\n"
        b"  - {platform: discord, chat_id: '2', bot_profile: other, profile: old}\n"
        b"  - {platform: discord, chat_id: '3', bot_profile: older, profile: other}\n"
    )
    assert routes_renamed(text, "old", "new") == (
        b"profile_routes:\n"
        b"  - {platform: discord, chat_id: '1', bot_profile: new, profile: other}  # mine\n"
        b"  - {platform: discord, chat_id: '2', bot_profile: other, profile: new}\n"
        b"  - {platform: discord, chat_id: '3', bot_profile: older, profile: other}\n"
    )
