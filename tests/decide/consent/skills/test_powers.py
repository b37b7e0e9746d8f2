"""What skills ask of their user: each variable and file is asked for once, before code can read it."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.review import grouped, hands_out, installs_tools
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.facts import fact_value
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind, Plan
from hermes_dist.model.tree import EMPTY, Tree

S = "skills/s/SKILL.md"
ASKS = "---\nname: s\nrequired_environment_variables: [DATABASE_URL]\nversion: 1\n---\nWork.\n"
LESS = "---\nname: s\nversion: 1\n---\nWork.\n"


def asked(
    before: dict[str, object],
    after: dict[str, object],
    *,
    set_here: tuple[str, ...] = (),
    at: tuple[str, ...] = (),
) -> dict[str, list[str]]:
    """The names asked for, by place."""
    shelf = Shelf()
    ours, merged = shelf.tree(before), shelf.tree(after)
    found = find_effects(
        ours,
        merged,
        merged,
        shelf.read,
        known=lambda: frozenset(["openrouter", *set_here]),
        at=lambda: at,
    )
    assert {effect.kind for effect in found} <= {EffectKind.LOOSENS}
    return {effect.place: names(effect) for effect in found}


def names(effect: Effect) -> list[str]:
    ((_, value),) = effect.facts
    found = fact_value(value)
    return found if isinstance(found, list) else [value]


@pytest.mark.parametrize(
    ("front", "key", "found"),
    [
        (
            "required_environment_variables: [DATABASE_URL, STRIPE_API_KEY]",
            "",
            ["DATABASE_URL", "STRIPE_API_KEY"],
        ),
        ("required_environment_variables:\n- name: A\n  prompt: p\n- env_var: B", "", ["A", "B"]),
        ("required_environment_variables: {name: A}", "", ["A"]),
        ('"required_environment\\x5fvariables": [A]', "", ["A"]),
        (
            "setup:\n  collect_secrets:\n  - env_var: A\n    prompt: p",
            "setup.collect_secrets",
            ["A"],
        ),
        ("setup: {collect_secrets: {env_var: A}}", "setup.collect_secrets", ["A"]),
        ("prerequisites: {env_vars: [A], commands: [jq]}", "prerequisites.env_vars", ["A"]),
        ("prerequisites: {env_vars: A}", "prerequisites.env_vars", ["A"]),
        (
            "required_credential_files: [memories/MEMORY.md]",
            "required_credential_files",
            ["memories/MEMORY.md"],
        ),
        (
            "required_credential_files: [{path: a.json, description: d}]",
            "required_credential_files",
            ["a.json"],
        ),
        ("deps: [ffmpeg, ripgrep]", "deps", ["ffmpeg", "ripgrep"]),
        ("deps: ffmpeg", "deps", ["ffmpeg"]),
        ('? "de\\x70s" # so\n: [ffmpeg]', "deps", ["ffmpeg"]),
        (
            "metadata: {hermes: {config: [{key: a, default: 'x ${OPENAI_API_KEY}$B'}, {default: $HOME/c}]}}",
            "metadata.hermes.config",
            ["B", "OPENAI_API_KEY"],
        ),
        ("metadata: {hermes: {config: {key: a, default: $A}}}", "metadata.hermes.config", ["A"]),
        (
            "prerequisites: {env_vars: {env_var: A, B: 1}}",
            "prerequisites.env_vars",
            ["A", "B", "env_var"],
        ),
    ],
)
@pytest.mark.parametrize("path", [S, "skills/s.md"])
def test_a_new_skill_asks_for_what_it_names(
    path: str, front: str, key: str, found: list[str]
) -> None:
    text = f"---\nname: s\n{front}\n---\nWork.\n"
    place = f"{path}: {key or 'required_environment_variables'}"
    assert asked({}, {path: text}) == {place: found}
    assert asked({path: LESS}, {path: text}) == {place: found}


@pytest.mark.parametrize(
    "front",
    [
        "prerequisites: {commands: [jq]}",
        "setup: {help: h}",
        "required_environment_variables: []",
        "required_environment_variables: [OPENAI_API_KEY, {name: GITHUB_TOKEN}]",
        "required_environment_variables: [not a name, 5]",
        "metadata: {required_environment_variables: [A]}",
        "metadata: {deps: [ffmpeg]}",
        "deps: []",
        "metadata: {hermes: {config: [{key: a, default: '${XDG_DATA_HOME}/a'}, {default: 5}, b]}}",
        "description: a: b",
    ],
)
def test_what_hands_out_nothing_asks_nothing(front: str) -> None:
    assert asked({}, {S: f"---\nname: s\n{front}\n---\nWork.\n"}) == {}


@pytest.mark.parametrize(
    "path", ["docs/s.md", "skills/s/references/r.md", "plugins/p/SKILL.md", "skills/s.txt"]
)
def test_a_text_that_is_no_skill_asks_nothing_of_its_own(path: str) -> None:
    shelf = Shelf()
    tree = shelf.tree({S: LESS, path: ASKS})
    found = find_effects(EMPTY, tree, tree, shelf.read)
    assert {effect.kind for effect in found} <= {EffectKind.RUNS}


@pytest.mark.parametrize(
    ("skills", "path"),
    [
        ("external_dirs: [team]", "team/s.md"),
        ("external_dirs: team/", "team/deep/er/s.md"),
        ("external_dirs: [other, ./team]", "Team/s.md"),
        ("create_dir: team/skills", "team/skills/s.md"),
        ("external_dirs: [../bot/team]", "team/s.md"),
        ("external_dirs: [~/.hermes/profiles/bot/team]", "team/s.md"),
        ("external_dirs: ['${HERMES_HOME}/team']", "team/s.md"),
        ("external_dirs: ['$TEAM']", "team/s.md"),
        ("create_dir: .", "team/s.md"),
        ("create_dir: .", "s.md"),
        ("create_dir: .", "SKILL.md"),
    ],
)
def test_a_text_below_a_folder_that_the_settings_name_is_a_skill(skills: str, path: str) -> None:
    settings = {"config.yaml": f"skills: {{{skills}}}\n"}
    place = f"{path}: required_environment_variables"
    assert asked(settings, {**settings, path: ASKS}) == {place: ["DATABASE_URL"]}
    assert asked({}, {path: ASKS}) == {}


@pytest.mark.parametrize(
    "skills",
    [
        "{external_dirs: [team]}",
        "{external_dirs: [/srv/team, ~/.agents/skills, 5, '']}",
        "{create_dir: [5]}",
        "{create_dir: ''}",
        "team",
    ],
)
def test_a_text_that_is_not_below_one_of_them_asks_nothing(skills: str) -> None:
    settings = {"config.yaml": f"skills: {skills}\n"}
    assert asked(settings, {**settings, "docs/team/s.md": ASKS, "teams/s.md": ASKS}) == {}


HOMES = ("/home/u/.hermes/profiles/bot", "/data/u/.hermes/profiles/bot")


@pytest.mark.parametrize(
    "skills",
    [
        "external_dirs: [/home/u/.hermes/profiles/bot]",
        "external_dirs: [/data/u/.hermes/profiles/Bot/]",
        "external_dirs: [/home/u/.hermes/profiles/bot/team/..]",
        "external_dirs: [/home/u]",
        "external_dirs: [/]",
        "external_dirs: [~/.hermes/profiles/bot]",
        "external_dirs: [~/.hermes]",
        "external_dirs: [~u/.hermes/profiles]",
        "external_dirs: ['~']",
        "external_dirs: ['$HOME/.hermes']",
        "external_dirs: ['${HERMES_HOME}']",
        "external_dirs: [../bot]",
        "external_dirs: [..]",
        "create_dir: ../../profiles",
    ],
)
def test_the_home_itself_or_a_folder_above_it_is_one_of_skills(skills: str) -> None:
    settings = {"config.yaml": f"skills: {{{skills}}}\n"}
    place = "docs/s.md: required_environment_variables"
    after = {**settings, "docs/s.md": ASKS}
    assert asked(settings, after, at=HOMES) == {place: ["DATABASE_URL"]}


@pytest.mark.parametrize("folder", ["~/.agents/skills", "/srv/hermes", "/u/.hermes", "../other"])
def test_another_folder_is_none(folder: str) -> None:
    settings = {"config.yaml": f"skills: {{external_dirs: [{folder}]}}\n"}
    assert asked(settings, {**settings, "docs/s.md": ASKS}, at=HOMES) == {}


@pytest.mark.parametrize(("named", "folder"), [("2024", "2024"), ("yes", "True"), ("y", "True")])
def test_a_folder_is_called_what_the_agent_makes_of_its_name(named: str, folder: str) -> None:
    settings = {"config.yaml": f"skills: {{external_dirs: [{named}]}}\n"}
    assert asked(settings, {**settings, f"{folder}/s.md": ASKS}) != {}


def test_a_text_that_becomes_a_skill_asks_whether_it_changes_or_not() -> None:
    before: dict[str, object] = {"team/s.md": ASKS}
    after = {**before, "config.yaml": "skills: {external_dirs: [team]}\n"}
    asks = {
        "config.yaml: skills.external_dirs": ["team"],
        "team/s.md: required_environment_variables": ["DATABASE_URL"],
    }
    assert asked(before, after) == asks
    assert asked(before, {**after, "team/s.md": f"{ASKS}More.\n"}) == asks
    assert asked(after, after | {"SOUL.md": "Be."}) == {}
    reference = "skills/s/references/r.md"
    assert asked({S: LESS, reference: ASKS}, {reference: ASKS}) == {
        f"{reference}: required_environment_variables": ["DATABASE_URL"]
    }


def test_only_what_is_new_is_asked_for() -> None:
    more = ASKS.replace("DATABASE_URL", "DATABASE_URL, MORE")
    assert asked({S: ASKS}, {S: more}) == {f"{S}: required_environment_variables": ["MORE"]}
    assert asked({S: more}, {S: ASKS}) == {}
    assert asked({S: ASKS}, {S: ASKS.replace("Work", "Work hard")}) == {}
    moved = LESS.replace("version: 1", "prerequisites: {env_vars: [DATABASE_URL]}")
    assert asked({S: ASKS}, {S: moved}) == {}


def test_a_variable_of_the_same_name_gives_no_tool() -> None:
    had = LESS.replace("version: 1", "prerequisites: {env_vars: [node]}")
    assert asked({S: had}, {S: had.replace("---\nWork", "deps: [node]\n---\nWork")}) == {
        f"{S}: deps": ["node"]
    }


def test_tools_and_secrets_are_two_questions_each_of_all_skills_at_once() -> None:
    shelf = Shelf()
    more = ASKS.replace("version: 1", "deps: [ffmpeg]")
    tree = shelf.tree({S: more, "skills/t.md": more})
    groups = grouped(find_effects(EMPTY, tree, tree, shelf.read))
    assert {group.name: group.rows for group in groups} == {
        "secrets for the sandbox": (("skills/s", "DATABASE_URL"), ("skills/t.md", "DATABASE_URL")),
        "tools for skills": (("skills/s", "ffmpeg"), ("skills/t.md", "ffmpeg")),
    }
    assert {hands_out(group): installs_tools(group) for group in groups} == {
        True: False,
        False: True,
    }


def test_what_the_manifest_asks_for_is_told_there_unless_it_has_a_value_already() -> None:
    manifest = "name: bot\nenv_requires:\n- name: DATABASE_URL\n- OTHER\n"
    files: dict[str, object] = {S: ASKS, "distribution.yaml": manifest}
    assert asked({}, files) == {}
    assert asked({}, files, set_here=("DATABASE_URL",)) != {}
    assert asked({"distribution.yaml": manifest}, files, set_here=("DATABASE_URL",)) != {}


def test_front_matter_that_cannot_be_read_waits_if_it_may_name_something() -> None:
    (name,) = asked({}, {S: "---\nrequired_environment_variables: [A\n---\n"}).values()
    assert "line 2" in name[0]
    assert asked({}, {S: "---\ndescription: [A\n---\n"}) == {}
    assert asked({}, {S: '---\n"\\x72x": [A\n---\n'}) != {}


def merged(
    before: dict[str, object], after: dict[str, object], **more: object
) -> tuple[Plan, Tree, Shelf]:
    shelf = Shelf()
    ours, theirs = shelf.tree(before), shelf.tree(after)
    plan = reconcile(
        Situation(base=ours, found=ours, theirs=theirs, read=shelf.read),
        Decisions(**more),  # type: ignore[arg-type]
    )
    shelf.update(plan.blobs)
    return plan, plan.after(ours), shelf


def text(tree: Tree, shelf: Shelf) -> str:
    return shelf.bytes_of(tree, RelPath(S)).decode()


def test_while_it_waits_a_new_text_in_a_folder_of_skills_is_there_without_it() -> None:
    settings: dict[str, object] = {"config.yaml": "skills: {external_dirs: [team]}\n"}
    plan, live, shelf = merged(settings, {**settings, "team/s.md": ASKS})
    assert [effect.place for effect in plan.parked] == ["team/s.md: required_environment_variables"]
    assert b"required_" not in shelf.bytes_of(live, RelPath("team/s.md"))


def test_while_it_waits_a_new_skill_is_there_without_it() -> None:
    plan, live, shelf = merged({}, {S: ASKS})
    assert text(live, shelf) == LESS
    assert plan.upstream.keys() == {S}
    (effect,) = plan.parked
    plan, live, shelf = merged({S: LESS}, {S: ASKS}, granted=grant(frozenset([effect.digest])))
    assert text(live, shelf) == ASKS
    assert plan.parked == ()


def test_while_it_waits_the_rest_of_a_changed_skill_arrives() -> None:
    after = ASKS.replace("DATABASE_URL", "DATABASE_URL, MORE").replace("Work", "Work hard")
    plan, live, shelf = merged({S: ASKS}, {S: after})
    assert text(live, shelf) == ASKS.replace("Work", "Work hard")
    assert [names(effect) for effect in plan.parked] == [["MORE"]]


def test_what_cannot_be_taken_apart_waits_as_a_whole() -> None:
    plan, live, _ = merged({}, {S: "---\nrequired_environment_variables: [A\n---\n"})
    assert S not in live
    assert len(plan.parked) == 1


def granted_but(plan: Plan, path: str) -> dict[str, object]:
    """Decisions that approve all that a plan asks for, except in one file."""
    return {"granted": grant(frozenset(e.digest for e in plan.effects if e.path != path))}


@pytest.mark.parametrize("own", [{"team/s.md": ASKS}, {}])
def test_a_folder_waits_for_what_its_texts_ask_for(own: dict[str, object]) -> None:
    packaged = {"team/s.md": ASKS}
    with_folder = {"config.yaml": "skills: {external_dirs: [team]}\n"}
    shelf = Shelf()
    base, ours = shelf.tree({} if own else packaged), shelf.tree(packaged)
    theirs = shelf.tree(with_folder if own else {**packaged, **with_folder})
    situation = Situation(base=base, found=ours, theirs=theirs, read=shelf.read)

    def decided(**how: object) -> tuple[Plan, bool]:
        plan = reconcile(situation, Decisions(**how))  # type: ignore[arg-type]
        shelf.update(plan.blobs)
        live = plan.after(ours)
        return plan, "config.yaml" in live and "team" in shelf.text(live, "config.yaml")

    plan, named = decided()
    assert not named
    assert {effect.path for effect in plan.parked} == {"config.yaml", "team/s.md"}
    less, named = decided(**granted_but(plan, "team/s.md"))
    assert [effect.path for effect in less.parked] == ["team/s.md"]
    assert not named
    more, named = decided(granted=grant(frozenset(), everything=True))
    assert named
    assert more.parked == ()


def test_nothing_arrives_where_nothing_else_keeps_a_text_from_becoming_a_skill() -> None:
    before: dict[str, object] = {S: LESS, "skills/s/references/r.md": ASKS}
    plan, live, _ = merged(before, {"skills/s/references/r.md": ASKS, "SOUL.md": "Be."})
    assert {*live} == {*before}
    assert [effect.path for effect in plan.parked] == ["skills/s/references/r.md"]
    plan, live, _ = merged(
        before,
        {"skills/s/references/r.md": ASKS},
        granted=grant(frozenset(effect.digest for effect in plan.parked)),
    )
    assert S not in live


OFF: dict[str, object] = {"config.yaml": "security: {allow_lazy_installs: false}\n"}
TOOLS = "---\nname: s\ndeps: [ffmpeg]\n---\nWork.\n"


def test_tools_that_are_not_installed_now_are_asked_for_as_that_and_again_once_they_are() -> None:
    shelf = Shelf()
    off, on = shelf.tree({**OFF, S: TOOLS}), shelf.tree({S: TOOLS})
    (later,) = grouped(find_effects(shelf.tree(OFF), off, off, shelf.read))
    assert (later.name, installs_tools(later), installs_tools(later, later=True)) == (
        "tools for skills",
        False,
        True,
    )
    switch, now = grouped(find_effects(off, on, on, shelf.read))
    assert switch.name == "security.allow_lazy_installs"
    assert installs_tools(now)
    assert now.effects[0].digest != later.effects[0].digest
    assert find_effects(on, off, off, shelf.read) == ()
    assert find_effects(off, off, off, shelf.read) == ()


def test_the_switch_waits_for_the_tools() -> None:
    plan, _, _ = merged({**OFF, S: TOOLS}, {S: TOOLS})
    _, live, shelf = merged({**OFF, S: TOOLS}, {S: TOOLS}, **granted_but(plan, S))
    assert b"false" in shelf.bytes_of(live, RelPath("config.yaml"))


def test_all_skills_ask_one_question() -> None:
    shelf = Shelf()
    tree = shelf.tree({f"skills/s{n}/SKILL.md": ASKS for n in range(9)} | {"skills/x.md": ASKS})
    (group,) = grouped(find_effects(EMPTY, tree, tree, shelf.read))
    assert group.name == "secrets for the sandbox"
    assert group.rows[0] == ("skills/s0", "DATABASE_URL")
    assert group.rows[-1] == ("skills/x.md", "DATABASE_URL")
