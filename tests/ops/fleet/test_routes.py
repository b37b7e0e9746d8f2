"""Routes written into the default home's config, every other byte kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from hermes_dist.agents.generation import NEWEST, V0_19, V0_22
from hermes_dist.brand import HERMES
from hermes_dist.errors import Busy, DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet import routes as ops
from hermes_dist.ops.fleet.routes import Where
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import home_lock

CONFIG = """\
# my machine
model: one   # the best
gateway:
  # who answers where
  profile_routes:
    - name: first     # keep me
      platform: discord
      guild_id: "1"
      profile: coder
toolsets: [a]
"""


@pytest.fixture
def ctx(home: Path) -> Context:
    for name in ("coder", "ops"):
        (home / ".hermes/profiles" / name).mkdir(parents=True)
    ctx = Context.from_environment(HERMES)
    ctx.agent_version = "0.19.0"
    ctx.generation = V0_19
    return ctx


def config(home: Path) -> Path:
    return home / ".hermes/config.yaml"


def test_a_route_is_added_with_quoted_ids_and_nothing_else_moves(ctx: Context, home: Path) -> None:
    config(home).write_text(CONFIG)
    route, on = ops.add(
        ctx,
        ProfileName("ops"),
        Where(platform="discord", guild="", channel="111", thread=""),
        name="",
        multiplex=False,
    )
    text = config(home).read_text()
    assert (route.number, on) == (2, False)
    loaded = yaml.safe_load(text)["gateway"]["profile_routes"]
    assert loaded[1] == {
        "name": "ops-111",
        "platform": "discord",
        "chat_id": "111",
        "profile": "ops",
    }
    assert [line for line in CONFIG.splitlines() if line not in text.splitlines()] == []
    found = ops.answer_to(ctx, Where(platform="discord", guild="", channel="111", thread=""))
    assert (found.route, found.profile, found.reader.multiplex) == (None, "default", False)
    assert [why for _, why in found.others][
        -1
    ] == "it would win if gateway.multiplex_profiles were on"


def test_multiplexing_is_switched_on_when_asked(ctx: Context, home: Path) -> None:
    config(home).write_text(CONFIG)
    ops.add(
        ctx,
        ProfileName("ops"),
        Where(platform="discord", guild="", channel="1", thread=""),
        name="",
        multiplex=True,
    )
    assert yaml.safe_load(config(home).read_text())["gateway"]["multiplex_profiles"] is True
    found = ops.answer_to(ctx, Where(platform="discord", guild="1", channel="1", thread="5"))
    assert (found.profile, found.exists, found.reader.multiplex) == ("ops", True, True)


def test_a_home_without_a_config_gets_one(ctx: Context, home: Path) -> None:
    ops.add(
        ctx,
        ProfileName("ops"),
        Where(platform="discord", guild="9", channel="", thread=""),
        name="x",
        multiplex=True,
    )
    assert (
        yaml.safe_load(config(home).read_text())["gateway"]["profile_routes"][0]["guild_id"] == "9"
    )


def test_a_route_is_removed_by_exactly_the_ids_that_it_was_added_with(
    ctx: Context, home: Path
) -> None:
    def at(channel: str, guild: str = "") -> Where:
        return Where(platform="discord", channel=channel, guild=guild)

    for where in (at("2"), at("2", guild="3")):
        ops.add(ctx, ProfileName("ops"), where, name="", multiplex=True)
    with pytest.raises(DistError, match="no route matches exactly discord chat 4"):
        ops.remove(ctx, at("4"))
    assert ops.remove(ctx, at("2")).ids == {"chat_id": "2"}
    assert [dict(r.ids) for r in ops.list_routes(ctx)[0]] == [{"guild_id": "3", "chat_id": "2"}]
    with pytest.raises(DistError, match="no route matches exactly"):
        ops.remove(ctx, at("2"))


def test_the_same_place_twice_is_refused_and_nothing_changes(ctx: Context, home: Path) -> None:
    config(home).write_text(CONFIG)
    with pytest.raises(DistError, match="route 1 matches discord guild 1 already"):
        ops.add(
            ctx,
            ProfileName("ops"),
            Where(platform="discord", guild="1", channel="", thread=""),
            name="",
            multiplex=False,
        )
    assert config(home).read_text() == CONFIG


def test_a_route_is_removed_by_number_or_name(ctx: Context, home: Path) -> None:
    config(home).write_text(CONFIG)
    ops.add(
        ctx,
        ProfileName("ops"),
        Where(platform="discord", guild="", channel="2", thread=""),
        name="two",
        multiplex=False,
    )
    assert ops.remove(ctx, "first").profile == "coder"
    assert [r.name for r in ops.list_routes(ctx)[0]] == ["two"]
    assert ops.remove(ctx, "1").name == "two"
    with pytest.raises(DistError, match="no route is called"):
        ops.remove(ctx, "1")
    assert "# my machine" in config(home).read_text()


def test_lint_quotes_ids_and_converts_the_older_proposal(ctx: Context, home: Path) -> None:
    config(home).write_text(
        "gateway:\n  multiplex_profiles: true\n  profile_routes:\n  - {platform: discord, chat_id: 5, profile: ops}\n"
        "discord:\n  token: x\n  profile_routing:\n    enabled: true\n    channels:\n      7: coder\n"
    )
    assert len(ops.lint(ctx, fix=False)[0]) == 2
    assert ops.lint(ctx, fix=True) == ([], True)
    assert [r.ids for r in ops.list_routes(ctx)[0]] == [{"chat_id": "5"}, {"chat_id": "7"}]
    assert yaml.safe_load(config(home).read_text())["discord"] == {"token": "x"}


def test_a_missing_profile_falls_back_to_the_gateways_own(ctx: Context, home: Path) -> None:
    config(home).write_text(
        "multiplex_profiles: true\nprofile_routes:\n- {platform: discord, chat_id: '5', profile: gone}\n"
    )
    found = ops.answer_to(ctx, Where(platform="discord", guild="", channel="5", thread=""))
    assert (found.profile, found.exists) == ("default", False)


def test_newer_agents_answer_nobody_whose_route_leads_nowhere(ctx: Context, home: Path) -> None:
    ctx.agent_version = "0.22.0"
    ctx.generation = V0_22
    config(home).write_text(
        "profile_routes:\n- {platform: discord, chat_id: 5, profile: gone}\n- {platform: discord, chat_id: '6', profile: ops}\n"
    )
    found = ops.answer_to(ctx, Where(platform="discord", channel="5"))
    assert (found.profile, found.exists, found.reader.multiplex) == ("", False, True)
    assert ops.answer_to(ctx, Where(platform="discord", channel="7")).profile == "default"
    assert ops.answer_to(ctx, Where(platform="discord", channel="6")).profile == "ops"
    (home / ".hermes/profiles/ops/config.yaml").write_text("gateway: {standalone: true}\n")
    assert ops.answer_to(ctx, Where(platform="discord", channel="6")).profile == ""
    told = [text for _, text in ops.lint(ctx, fix=False)[0]]
    assert [text.partition(";")[2].strip() for text in told] == ["such messages get no answer"] * 2


def test_a_person_with_several_ids_is_known_by_what_the_login_learned(
    ctx: Context, home: Path
) -> None:
    ctx.agent_version = "0.22.0"
    ctx.generation = V0_22
    config(home).write_text(
        "profile_routes:\n- {platform: whatsapp, chat_id: '4917', profile: ops}\n"
    )
    login = home / ".hermes/platforms/whatsapp/session"
    login.mkdir(parents=True)
    (login / "lid-mapping-4917.json").write_text('"999@lid"')
    (login / "lid-mapping-999_reverse.json").write_text('"4917"')
    assert ops.answer_to(ctx, Where(platform="whatsapp", channel="999@lid")).profile == "ops"
    assert ops.answer_to(ctx, Where(platform="whatsapp", channel="998@lid")).profile == "default"


def test_the_same_route_again_switches_multiplexing_on_as_its_hint_says(
    ctx: Context, home: Path
) -> None:
    where, ops_ = Where(platform="discord", channel="111"), ProfileName("ops")
    first, on = ops.add(ctx, ops_, where, name="", multiplex=False)
    assert not on
    with pytest.raises(DistError, match="matches discord chat 111 already"):
        ops.add(ctx, ops_, where, name="", multiplex=False)
    with pytest.raises(DistError, match="sends it to ops"):
        ops.add(ctx, ProfileName("coder"), where, name="", multiplex=True)
    again, on = ops.add(ctx, ops_, where, name="", multiplex=True)
    assert (again, on) == (first, True)
    assert ops.list_routes(ctx) == ([first], True)
    before = config(home).read_bytes()
    assert ops.add(ctx, ops_, where, name="", multiplex=True) == (first, True)
    assert config(home).read_bytes() == before


def test_without_the_agent_every_verb_assumes_the_newest_generation(
    ctx: Context, home: Path
) -> None:
    fresh = Context.from_environment(HERMES)
    fresh.agent_version = None
    where = Where(platform="discord", channel="111")
    assert ops.add(fresh, ProfileName("ops"), where, name="", multiplex=False)[1] is True
    assert ops.list_routes(fresh)[1] is True
    assert ops.lint(fresh, fix=False) == ([], False)
    found = ops.answer_to(fresh, where)
    assert (found.profile, found.reader) == (
        "ops",
        ops.Reader(agent=None, generation=NEWEST.name, is_on=False, multiplex=True),
    )
    ops.add(fresh, ProfileName("ops"), where, name="", multiplex=True)
    assert ops.reader(fresh).is_on


HERE = Where(platform="discord", channel="111")


def test_a_route_is_written_under_the_lock_of_the_default_profile(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(home).write_text(CONFIG)
    monkeypatch.setattr(ops, "PATIENCE", 0)
    with home_lock(home / ".hermes"):
        for change in (
            lambda: ops.add(ctx, ProfileName("ops"), HERE, name="", multiplex=False),
            lambda: ops.remove(ctx, "first"),
        ):
            with pytest.raises(Busy, match="another command is changing this home"):
                change()
        # What changes nothing needs no lock.
        assert ops.lint(ctx, fix=True)[1] is False
    assert config(home).read_text() == CONFIG
    ops.remove(ctx, "first")


@pytest.mark.parametrize("times", [1, 3])
def test_a_route_goes_on_top_of_what_the_agent_writes_at_that_moment(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    config(home).write_text(CONFIG)
    exchange, left = RealFs.exchange, [*range(times)]

    def overtaken(fs: RealFs, one: str, other: str) -> None:
        if left:
            count = left.pop()
            text = CONFIG.replace("model: one", f"model: agents-{count}")
            (home / ".new").write_text(text)
            (home / ".new").replace(config(home))
        exchange(fs, one, other)

    monkeypatch.setattr(RealFs, "exchange", overtaken)
    ops.add(ctx, ProfileName("ops"), HERE, name="", multiplex=True)
    found = yaml.safe_load(config(home).read_text())
    assert found["model"] == "agents-0"
    assert [route["profile"] for route in found["gateway"]["profile_routes"]] == ["coder", "ops"]


def test_another_route_that_took_the_number_is_not_removed(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(home).write_text(CONFIG)
    edit = ops.edit_private

    def late(path: Path, change: Callable[[bytes], bytes]) -> bool:
        path.write_text(CONFIG.replace("name: first", "name: other"))
        return edit(path, change)

    monkeypatch.setattr(ops, "edit_private", late)
    with pytest.raises(Busy, match="in the meantime"):
        ops.remove(ctx, "1")
    assert "name: other" in config(home).read_text()
