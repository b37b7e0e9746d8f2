"""What is to be done follows from the file and the facts alone, in a fixed order, and is nothing once it is done."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.team.plan import (
    ActionKind,
    Have,
    HaveProfile,
    Pinned,
    actions_for,
    missing_variables,
    route_key,
)
from hermes_dist.decide.team.wanted import (
    Team,
    WantedApproval,
    WantedLayer,
    WantedProfile,
    WantedRegistry,
    WantedRoute,
)
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Digest

SOURCE = "https://github.com/team/bot"
COMMIT = "a" * 40
ONE, TWO = Digest("11" * 32), Digest("22" * 32)
TOOLS = WantedLayer(source="https://github.com/team/tools")
WANT = WantedProfile(
    name=ProfileName("bot"),
    source=SOURCE,
    layers=(TOOLS,),
    keep=("SOUL.md", "model.default"),
    held=True,
    approve=(WantedApproval(at="a", digest=ONE),),
    variables={"KEY": "env:KEY", "OTHER": ""},
    aliases=("b",),
    gateway=True,
)
ROUTE = WantedRoute(profile=WANT.name, channel="1", bot="default")
TEAM = Team(registries=(WantedRegistry(name="r", place="/r"),), profiles=(WANT,), routes=(ROUTE,))
THERE = HaveProfile(
    base=WantedLayer(source=SOURCE, base=True),
    packs=(TOOLS,),
    layered=True,
    pins={SOURCE: Pinned(COMMIT)},
    held=True,
    kept=frozenset({"SOUL.md", "config.yaml: model.default"}),
    variables=frozenset({"KEY", "OTHER"}),
    aliases=frozenset({"b", "more"}),
    running=True,
)


def have(profile: HaveProfile | None = THERE, **more: object) -> Have:
    known = {"bot": profile} if profile else {}
    facts = {"registries": {"r": "/r"}, "routes": frozenset([route_key(ROUTE)]), **more}
    return Have(profiles=known, **facts)  # type: ignore[arg-type]


def kinds(team: Team, now: Have, **more: bool) -> list[str]:
    return [str(action.kind) for action in actions_for(team, now, **more)]


def test_an_empty_machine_gets_all_in_order() -> None:
    assert kinds(TEAM, Have()) == [
        "registry",
        "install",
        "layers",
        "keep",
        "hold",
        "variables",
        "alias",
        "route",
        "gateway",
    ]
    assert missing_variables(TEAM, Have()) == (("bot", "OTHER"),)


def test_a_machine_as_the_file_says_needs_nothing() -> None:
    assert kinds(TEAM, have()) == []
    assert missing_variables(TEAM, have()) == ()


def test_each_difference_is_one_action() -> None:
    def only(**facts: object) -> list[str]:
        return kinds(TEAM, have(replace(THERE, **facts)))

    assert only(kept=frozenset()) == ["keep"]
    assert only(held=False) == ["hold"]
    assert only(parked=frozenset([ONE, TWO])) == ["approve"]
    assert only(parked=frozenset([TWO])) == []
    assert only(variables=frozenset()) == ["variables"]
    assert only(aliases=frozenset()) == ["alias"]
    assert only(running=False) == ["gateway"]
    assert only(packs=()) == ["layers"]
    assert only(held=False, news=True) == ["update", "hold"]
    assert kinds(TEAM, have(registries={})) == ["registry"]
    assert kinds(TEAM, have(routes=frozenset())) == ["route"]
    assert kinds(TEAM, have(), again=True) == ["variables"]


def test_who_is_held_is_not_updated_unless_the_file_releases_it() -> None:
    now = have(replace(THERE, news=True))
    assert kinds(TEAM, now) == []
    quiet = replace(TEAM, profiles=(replace(WANT, held=None),))
    assert kinds(quiet, now) == []
    released = replace(TEAM, profiles=(replace(WANT, held=False),))
    assert kinds(released, now) == ["unhold", "update"]


def test_another_source_is_followed_and_a_commit_that_is_there_already_is_the_same() -> None:
    plain = replace(WANT, layers=())
    bare = replace(THERE, packs=(), layered=False)
    for source, expected in (
        (f"{SOURCE}#v2", ["follow"]),
        ("https://github.com/team/other", ["follow"]),
        (f"{SOURCE}#{COMMIT}", []),
        (f"{SOURCE}#{'b' * 40}", ["follow"]),
    ):
        team = replace(TEAM, profiles=(replace(plain, source=source),))
        assert kinds(team, have(bare)) == expected, source


def test_layers_change_at_once_with_what_comes_and_what_goes() -> None:
    newer = WantedLayer(source=f"{TOOLS.source}#v2")
    team = replace(TEAM, profiles=(replace(WANT, layers=(newer,)),))
    (action,) = actions_for(team, have())
    assert (action.things, action.gone, action.base) == ((newer.source,), (TOOLS.source,), None)
    other = replace(WANT, source="https://github.com/team/base2")
    (action,) = actions_for(replace(TEAM, profiles=(other,)), have())
    assert action.base == other.base
    assert action.gone == (SOURCE,)


def test_a_profile_without_a_package_is_made_and_one_that_is_there_left_alone() -> None:
    team = Team(profiles=(WantedProfile(name=ProfileName("lab")),))
    assert kinds(team, Have()) == ["create"]
    assert kinds(team, Have(profiles={"lab": THERE})) == []


def test_others_go_only_when_asked_and_last_of_all() -> None:
    now = have(replace(THERE, running=False), others=(ProfileName("old"),))
    assert kinds(TEAM, now) == ["gateway"]
    assert kinds(TEAM, now, prune=True) == ["gateway", "trash"]


def test_a_profile_that_cannot_be_looked_at_is_left_alone() -> None:
    assert kinds(TEAM, have(None, troubles={"bot": DistError("broken")})) == []


def test_multiplexing_is_switched_on_by_a_route() -> None:
    team = replace(TEAM, multiplex=True)
    (action,) = actions_for(team, have())
    assert action.kind is ActionKind.ROUTE
    assert kinds(team, have(multiplex=True)) == []
