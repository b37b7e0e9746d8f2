"""Brands, and where everything of one lives."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from hermes_dist.brand import AIGENLABS, BRANDS, HERMES, Brand, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName

USER = Path("/home/ada")
BOT = ProfileName("bot")


def located(override: str, brand: Brand = HERMES) -> tuple[str, str | None]:
    layout, name = Layout.locate(brand, USER, override)
    assert layout.user_home == USER
    assert layout.brand is brand
    return str(layout.root), name


@pytest.mark.parametrize(
    ("override", "root", "name"),
    [
        ("", "/home/ada/.hermes", None),
        ("  ", "/home/ada/.hermes", None),
        ("/home/ada/.hermes", "/home/ada/.hermes", None),
        ("/home/ada/.hermes/", "/home/ada/.hermes", None),
        ("~/.hermes", "/home/ada/.hermes", None),
        ("~/elsewhere", "/home/ada/elsewhere", None),
        ("~", "/home/ada", None),
        ("/opt/data", "/opt/data", None),
        (" /opt/data ", "/opt/data", None),
        ("/opt/data/profiles", "/opt/data/profiles", None),
        ("/opt/data/profiles/bot", "/opt/data", "bot"),
        ("/opt/data/profiles/bot/", "/opt/data", "bot"),
        ("/home/ada/.hermes/profiles/bot", "/home/ada/.hermes", "bot"),
        ("/opt/data/profiles/default", "/opt/data", "default"),
        ("/home/ada/.hermes/inner", "/home/ada/.hermes", None),
    ],
)
def test_the_home_variable_moves_the_root_and_may_name_a_profile(
    override: str, root: str, name: str | None
) -> None:
    assert located(override) == (root, name)


def test_a_home_variable_that_names_no_profile_is_refused_by_its_name() -> None:
    with pytest.raises(Invalid) as caught:
        located("/opt/data/profiles/Bad Name")
    assert caught.value.where == "HERMES_HOME"
    with pytest.raises(Invalid) as caught:
        located("/opt/data/profiles/root", AIGENLABS)
    assert caught.value.where == "AIGENLABS_HOME"


def test_the_default_profile_is_the_root_and_others_lie_below_it() -> None:
    layout, _ = Layout.locate(HERMES, USER, "")
    assert layout.home(DEFAULT_PROFILE) == layout.root
    assert layout.home(BOT) == layout.root / "profiles" / "bot"
    assert layout.lockfile(BOT) == layout.root / "profiles/bot/distribution.lock"
    assert layout.lockfile(DEFAULT_PROFILE) == layout.root / "distribution.lock"
    assert layout.private(BOT) == layout.root / "profiles/bot/.dist"


def test_the_rebranded_fork_has_the_same_layout_under_its_own_names() -> None:
    layout, _ = Layout.locate(AIGENLABS, USER, "")
    assert layout.root == USER / ".aigenlabs"
    assert layout.launcher == USER / ".local/bin/aigenlabs"
    assert AIGENLABS.home_variable == "AIGENLABS_HOME"
    assert AIGENLABS.dist_command == "aigenlabs-dist"
    assert (AIGENLABS.bin_variable, AIGENLABS.exec_variable) == (
        "AIGENLABS_AGENT_BIN",
        "AIGENLABS_DIST_EXEC",
    )


def test_the_variables_of_the_front_door_are_those_of_the_contract() -> None:
    assert (HERMES.bin_variable, HERMES.exec_variable) == ("HERMES_AGENT_BIN", "HERMES_DIST_EXEC")
    assert HERMES.dist_command == "hermes-dist"


def test_no_two_brands_share_a_name_or_a_place() -> None:
    for one, other in combinations(BRANDS, 2):
        for field in (
            "name",
            "title",
            "home_variable",
            "root_name",
            "agent_module",
            "agent_package",
            "label",
        ):
            assert getattr(one, field) != getattr(other, field)
        places = [
            {str(p) for p in _places(Layout.locate(brand, USER, "")[0])} for brand in (one, other)
        ]
        assert not places[0] & places[1]


def _places(layout: Layout) -> list[Path]:
    return [
        layout.root,
        layout.profiles,
        layout.sticky,
        layout.shared,
        layout.store,
        layout.git_cache,
        layout.staging,
        layout.trash,
        layout.archived,
        layout.front_door_state,
        layout.launcher,
        layout.home(BOT),
        *layout.service_files(BOT),
        *layout.service_files(DEFAULT_PROFILE),
        *layout.agent_venvs(),
    ]


def test_every_place_is_another_one_below_the_root_or_the_users_home() -> None:
    layout, _ = Layout.locate(HERMES, USER, "/opt/data")
    places = _places(layout)
    assert len(set(places)) == len(places)
    for place in places:
        assert Path("/opt/data") in [place, *place.parents] or USER in place.parents


def test_service_files_are_those_the_agent_writes() -> None:
    layout, _ = Layout.locate(HERMES, USER, "")
    assert [str(p.relative_to(USER)) for p in layout.service_files(BOT)] == [
        ".config/systemd/user/hermes-gateway-bot.service",
        "Library/LaunchAgents/ai.hermes.gateway-bot.plist",
    ]
    assert [p.name for p in layout.service_files(DEFAULT_PROFILE)] == [
        "hermes-gateway.service",
        "ai.hermes.gateway.plist",
    ]


def test_the_agents_own_installation_is_looked_for_in_its_root() -> None:
    layout, _ = Layout.locate(HERMES, USER, "")
    assert [str(p) for p in layout.agent_venvs()] == [
        "/home/ada/.hermes/hermes-agent/venv/bin/hermes",
        "/home/ada/.hermes/hermes-agent/.venv/bin/hermes",
    ]
    assert layout.alias("bot") == USER / ".local/bin/bot"


def test_the_schema_of_the_manifest_knows_the_variables_of_every_brand() -> None:
    schema = (Path(__file__).parents[1] / "schema" / "distribution.schema.json").read_text()
    for brand in BRANDS:
        assert f"|{brand.name.upper()}_|" in schema


@pytest.mark.parametrize(
    ("prog", "words", "typed"),
    [
        ("", "create bot", "hermes-dist create bot"),
        ("hermes-dist", "gateways check", "hermes-dist gateways check"),
        ("hermes profile", "create bot", "hermes profile create bot"),
        ("hermes", "create bot", "hermes profile create bot"),
        ("hermes", "list", "hermes profile list"),
        ("hermes", "gateways check", "hermes gateways check"),
        ("hermes", "gateway route list", "hermes gateway route list"),
    ],
)
def test_a_command_that_is_named_reaches_us_as_it_was_reached_now(
    prog: str, words: str, typed: str
) -> None:
    assert HERMES.spelled(prog, words) == typed
