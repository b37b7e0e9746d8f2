from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import yaml
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.leaving.leaks import Private, find_leaks
from hermes_dist.decide.placement.capture import Captured, capture
from hermes_dist.decide.placement.jobs import JOBS, definition, jobs_by_id
from hermes_dist.decide.placement.place import CONFIG, place
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.tree import Tree
from hermes_dist.voice.notes import sentences

OWN_JOB = {
    "id": "feedfeedfeed",
    "name": "mine",
    "prompt": "own",
    "schedule": {"kind": "interval", "minutes": 5},
    "enabled": True,
    "last_run_at": "x",
}
PACKAGE: dict[str, object] = {
    "SOUL.md": "soul\n",
    "config.yaml": "# mine\nmodel: {default: m}  # why\nmcp_servers:\n  # first\n  a: {command: x}\n",
    "mcp.json": '{"mcpServers": {\n  "b":   {"type": "sse", "url": "https://h/sse"},\n  "c": {"command": ["npx", "-y", "c"]}\n}}\n',
    "cron/daily.yaml": "# each day\nprompt: look\nschedule: every 2h   # often\nskill: s\n",
    "cron/jobs.json": '{"jobs":[{"id":"0123456789ab","prompt":"p","schedule":"0 9 * * 1","enabled":true}]}',
    "skills/x/SKILL.md": "---\nname: x\n---\nx\n",
}


def taken(shelf: Shelf, home: Tree, placed: object, **how: object) -> Captured:
    captured = capture(home, placed.tree, placed.shipped, shelf.read, **how)  # type: ignore[attr-defined,arg-type]
    shelf.update(captured.blobs)
    return captured


def rewritten(shelf: Shelf, home: Tree) -> Tree:
    """The home after the agent wrote its own files again: comments gone, order changed, run state in."""
    config = yaml.safe_load(shelf.text(home, "config.yaml"))
    for server in config["mcp_servers"].values():
        server["enabled"] = True
    jobs = [
        {**j, "enabled": True, "state": "scheduled", "last_run_at": "2027-01-01"}
        for j in shelf.jobs(home)
    ]
    files = {
        "config.yaml": yaml.safe_dump({"_config_version": 33, **config}, sort_keys=True),
        "cron/jobs.json": {"jobs": jobs, "updated_at": "now"},
    }
    return home.with_entries(shelf.tree(files))


def test_an_untouched_home_captures_to_exactly_the_package() -> None:
    shelf = Shelf()
    package = shelf.tree(PACKAGE)
    placed = shelf.place(package)
    assert taken(shelf, placed.tree, placed).tree == package
    captured = taken(shelf, rewritten(shelf, placed.tree), placed)
    assert captured.tree == package
    assert (sentences(captured.notes), captured.variables) == ((), ())


def edited(
    shelf: Shelf,
    home: Tree,
    config: Mapping[str, object] = {},
    jobs: Mapping[str, Mapping[str, object]] = {},
) -> Tree:
    data = yaml.safe_load(shelf.text(home, "config.yaml"))
    for dotted, value in config.items():
        *before, last = dotted.split(".")
        spot = data
        for step in before:
            spot = spot.setdefault(step, {})
        if value is None:
            del spot[last]
        else:
            spot[last] = value
    rows = [{**job, **jobs.get(str(job["name"]), {})} for job in shelf.jobs(home)]
    files = {"config.yaml": yaml.safe_dump(data), "cron/jobs.json": {"jobs": rows}}
    return home.with_entries(shelf.tree(files))


def test_edits_go_back_to_where_and_how_the_author_wrote() -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    home = edited(
        shelf,
        placed.tree,
        {
            "model.default": "new",
            "mcp_servers.a.command": "run",
            "mcp_servers.b.url": "https://i/sse",
            "mcp_servers.c.args": ["-y", "d"],
        },
        {
            "daily": {
                "prompt": "look again",
                "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
            }
        },
    )
    home = home.with_entries(shelf.tree({"SOUL.md": "soul, edited\n"}))
    files = shelf.files(taken(shelf, home, placed).tree)
    assert files == {
        **PACKAGE,
        "SOUL.md": "soul, edited\n",
        "config.yaml": "# mine\nmodel: {default: new}  # why\nmcp_servers:\n  # first\n  a: {command: run}\n",
        "mcp.json": '{"mcpServers": {\n  "b":   {"type": "sse", "url": "https://i/sse"},\n  "c": {"command": ["npx", "-y", "d"]}\n}}\n',
        "cron/daily.yaml": "# each day\nprompt: look again\nschedule: every 60m   # often\nskill: s\n",
    }


def test_deletions_are_captured_and_parts_that_never_arrived_are_not() -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    config = edited(shelf, placed.tree, {"mcp_servers.a": None, "mcp_servers.b": None})
    home = config.with_entries(shelf.tree({"cron/jobs.json": {"jobs": []}}))
    files = shelf.files(taken(shelf, home, placed).tree)
    assert "cron/daily.yaml" not in files
    assert json.loads(files["cron/jobs.json"]) == {"jobs": []}
    assert list(json.loads(files["mcp.json"])["mcpServers"]) == ["c"]
    assert yaml.safe_load(files["config.yaml"]) == {"model": {"default": "m"}, "mcp_servers": {}}
    less = shelf.place(
        {"SOUL.md": "soul\n"}, keep_containers=placed.tree
    ).tree  # such as: everything else waits
    captured = capture(less, less, placed.shipped, shelf.read, theirs=placed.tree)
    assert captured.tree == shelf.tree(PACKAGE)


def test_what_is_the_users_own_comes_along_only_when_asked() -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    home = edited(shelf, placed.tree, {"mcp_servers.own": {"command": "o", "enabled": True}})
    home = home.with_entries(shelf.tree({"cron/jobs.json": {"jobs": [*shelf.jobs(home), OWN_JOB]}}))
    assert shelf.files(taken(shelf, home, placed).tree) == PACKAGE
    files = shelf.files(taken(shelf, home, placed, own=True).tree)
    assert json.loads(files["mcp.json"])["mcpServers"]["own"] == {"command": "o"}
    assert json.loads(files["cron/jobs.json"])["jobs"][1] == {
        "id": "feedfeedfeed",
        "name": "mine",
        "prompt": "own",
        "schedule": {"kind": "interval", "minutes": 5},
    }
    assert {k: v for k, v in files.items() if k not in ("mcp.json", "cron/jobs.json")} == {
        k: v for k, v in PACKAGE.items() if k not in ("mcp.json", "cron/jobs.json")
    }


def test_a_home_that_no_package_made_captures_into_config_and_jobs() -> None:
    shelf = Shelf()
    home = shelf.tree(
        {
            "config.yaml": "model: m\nmcp_servers: {o: {command: x, enabled: true}}\n",
            "cron/jobs.json": [OWN_JOB],
        }
    )
    files = shelf.files(taken(shelf, home, shelf.place({}), own=True).tree)
    assert yaml.safe_load(files["config.yaml"]) == {
        "model": "m",
        "mcp_servers": {"o": {"command": "x"}},
    }
    assert set(json.loads(files["cron/jobs.json"])["jobs"][0]) == {
        "id",
        "name",
        "prompt",
        "schedule",
    }


def test_secrets_of_the_user_become_variables_and_the_authors_text_stays() -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    home = edited(
        shelf,
        placed.tree,
        {
            "providers.openrouter.api_key": "hunter2horse",
            "mcp_servers.b.headers": {"Authorization": "Bearer abcd1234efgh"},
            "mcp_servers.a.env": {"GITHUB_TOKEN": "ghp_" + "a1B2c3D4e5" * 4, "PLAIN": "yes"},
        },
        {"daily": {"prompt": "use ghp_" + "Zx9Yw8Vu7T" * 4 + " now"}},
    )
    captured = taken(shelf, home, placed)
    text = "".join(shelf.files(captured.tree).values())
    assert not any(
        secret in text for secret in ("hunter2horse", "abcd1234efgh", "a1B2c3D4e5", "Zx9Yw8Vu7T")
    )
    assert set(captured.variables) == {
        "OPENROUTER_API_KEY",
        "B_AUTHORIZATION",
        "GITHUB_TOKEN",
        "DAILY_PROMPT_TOKEN",
    }
    files = shelf.files(captured.tree)
    assert json.loads(files["mcp.json"])["mcpServers"]["b"]["headers"] == {
        "Authorization": "Bearer ${B_AUTHORIZATION}"
    }
    assert yaml.safe_load(files["config.yaml"])["mcp_servers"]["a"]["env"] == {
        "GITHUB_TOKEN": "${GITHUB_TOKEN}",
        "PLAIN": "yes",
    }


@pytest.mark.parametrize("config", ["***\n", "a: [\n"])
def test_a_config_that_is_none_is_taken_as_it_is(config: str) -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    home = placed.tree.with_entries(
        shelf.tree({"config.yaml": config, "cron/jobs.json": "{ broken"})
    )
    captured = taken(shelf, home, placed)
    assert shelf.files(captured.tree) == {**PACKAGE, "config.yaml": config}
    assert len(sentences(captured.notes)) == 2
    odd = shelf.place({"config.yaml": config})
    assert taken(shelf, odd.tree, odd).tree == odd.tree


@pytest.mark.parametrize("config", ["just text\n", "- a\n", "5\n"])
def test_what_is_no_map_of_settings_deletes_none(config: str) -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    home = placed.tree.with_entries(shelf.tree({"config.yaml": config}))
    captured = taken(shelf, home, placed)
    assert shelf.files(captured.tree) == {**PACKAGE, "config.yaml": config}
    assert [note.kind for note in captured.notes] == [NoteKind.SETTINGS_TAKEN_WHOLE]


_ROWS = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)
_NO_LIST = _ROWS.filter(lambda rows: rows != [])


@given(odd=_NO_LIST | _NO_LIST.map(lambda rows: {"jobs": rows}))
def test_what_is_no_list_of_jobs_deletes_none(odd: object) -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    home = placed.tree.with_entries(shelf.tree({"cron/jobs.json": json.dumps(odd)}))
    captured = taken(shelf, home, placed)
    assert captured.tree == taken(shelf, placed.tree, placed).tree
    assert [note.kind for note in captured.notes] == [NoteKind.HOME_JOBS_UNREADABLE]


@pytest.mark.parametrize("none", ["[]", "{}", '{"jobs": []}', '{"jobs": {}}'])
def test_a_list_without_jobs_is_a_choice(none: str) -> None:
    shelf = Shelf()
    placed = shelf.place(PACKAGE)
    captured = taken(shelf, placed.tree.with_entries(shelf.tree({"cron/jobs.json": none})), placed)
    assert json.loads(shelf.files(captured.tree)["cron/jobs.json"]) == {"jobs": []}
    assert captured.notes == ()


def test_tied_configs_are_written_again_whole() -> None:
    shelf = Shelf()
    placed = shelf.place({"config.yaml": "x: &x {k: 1}\ny: *x\nz: 1\n"})
    home = placed.tree.with_entries(shelf.tree({"config.yaml": "x: {k: 2}\ny: {k: 1}\nz: 1\n"}))
    files = shelf.files(taken(shelf, home, placed).tree)
    assert yaml.safe_load(files["config.yaml"]) == {"x": {"k": 2}, "y": {"k": 1}, "z": 1}


# ---------------------------------------------------------------------------------------------- laws

WORDS = st.text("abcxyz", min_size=1, max_size=4)
SERVERS = st.dictionaries(
    WORDS,
    st.fixed_dictionaries(
        {"command": WORDS},
        optional={"args": st.lists(WORDS, max_size=2), "timeout": st.integers(1, 9)},
    ),
    max_size=3,
)
SCHEDULES = st.sampled_from(
    ["every 2h", "0 9 * * 1", "2027-01-31T09:00:00", {"kind": "interval", "minutes": 7}]
)
JOB = st.fixed_dictionaries(
    {"prompt": WORDS, "schedule": SCHEDULES},
    optional={
        "name": WORDS,
        "id": st.sampled_from(["0" * 12, "1" * 12]),
        "skills": st.lists(WORDS, max_size=2),
        "repeat": st.integers(1, 3),
        "skill": WORDS,
    },
)
MCP_FILES = st.one_of(
    st.builds(lambda s: {"mcpServers": s}, SERVERS),
    SERVERS,
    st.builds(lambda s: [{"name": n, **v} for n, v in s.items()], SERVERS),
)
SETTINGS = st.dictionaries(
    WORDS.map("s_{}".format),
    st.one_of(st.integers(-9, 9), WORDS, st.dictionaries(WORDS, WORDS, max_size=2)),
    max_size=3,
)
PACKAGES = st.fixed_dictionaries(
    {},
    optional={
        "mcp.json": MCP_FILES.map(json.dumps),
        "config.yaml": st.builds(
            lambda a, s: yaml.safe_dump({**a, "mcp_servers": s} if s else a), SETTINGS, SERVERS
        ),
        "cron/jobs.json": st.lists(JOB, max_size=3).map(lambda jobs: json.dumps({"jobs": jobs})),
        "cron/a.yaml": JOB.map(yaml.safe_dump),
        "cron/b.json": st.lists(JOB, max_size=2).map(json.dumps),
        "SOUL.md": WORDS,
    },
)


@settings(max_examples=examples(400), deadline=None)
@given(PACKAGES)
def test_capturing_what_was_placed_gives_the_package(package: dict[str, str]) -> None:
    shelf = Shelf()
    tree = shelf.tree(package)
    placed = shelf.place(tree)
    assert taken(shelf, placed.tree, placed).tree == tree
    assert place(tree, shelf.read, name="bot", keep_containers=placed.tree).tree == placed.tree


def _changed_config(shelf: Shelf, home: Tree, more: dict[str, object], drop: int) -> Tree:
    if CONFIG not in home:
        return home
    config = yaml.safe_load(shelf.text(home, "config.yaml")) or {}
    servers = config.get("mcp_servers") or {}
    for name in list(servers)[:drop]:
        servers[name] = {**servers[name], "timeout": 77, "command": "edited", "enabled": True}
    for name in list(servers)[drop + 1 :]:
        del servers[name]
    return home.with_entries(shelf.tree({"config.yaml": yaml.safe_dump({**config, **more})}))


def _changed_jobs(shelf: Shelf, home: Tree, schedule: str, drop: int) -> Tree:
    if JOBS not in home:
        return home
    jobs = shelf.jobs(home)
    parsed = {"kind": "cron", "expr": schedule, "display": schedule}
    kept = [
        {
            **job,
            "prompt": "edited",
            "schedule": parsed,
            "schedule_display": schedule,
            "skills": [],
            "skill": None,
        }
        for job in jobs[:drop]
    ]
    return home.with_entries(shelf.tree({"cron/jobs.json": {"jobs": kept + jobs[drop + 1 :]}}))


@settings(max_examples=examples(400), deadline=None)
@given(PACKAGES, SETTINGS, st.integers(0, 3), st.integers(0, 3))
def test_placing_what_was_captured_gives_the_home(
    package: dict[str, str], more: dict[str, object], servers: int, jobs: int
) -> None:
    shelf = Shelf()
    placed = shelf.place(package)
    home = _changed_jobs(
        shelf, _changed_config(shelf, placed.tree, more, servers), "1 2 3 4 5", jobs
    )
    captured = taken(shelf, home, placed)
    again = shelf.place(captured.tree, keep_containers=placed.tree)
    for path in home:
        if path == JOBS:
            one, two = (
                jobs_by_id(load_data(shelf[tree[path].digest], Kind.JSON))
                for tree in (home, again.tree)
            )
            assert {k: definition(v) for k, v in one.items()} == {
                k: definition(v) for k, v in two.items()
            }
        elif path == CONFIG:
            one, two = (_settled(shelf, tree) for tree in (home, again.tree))
            assert one == two
        else:
            assert home[path] == again.tree[path]
    assert not [path for path in again.tree if path not in home]


def _settled(shelf: Shelf, tree: Tree) -> object:
    data = load_data(shelf.bytes_of(tree, "config.yaml"), Kind.YAML) or {}
    assert isinstance(data, dict)
    servers = data.get("mcp_servers") or {}
    # An empty map says nothing to the agent, so it is no setting that a package takes over.
    return {
        **{key: value for key, value in data.items() if value != {}},
        "mcp_servers": {
            n: {k: v for k, v in s.items() if k != "enabled"} for n, s in servers.items()
        },
    }


AUTHORS = "# about\n\n# why m\nmodel: m\na: 1\nb: [x]  # list\n"


@pytest.mark.parametrize(
    ("here", "published"),
    [
        # Only comments and blank lines: as they are.
        ("# about me\n\n\n# why m\nmodel: m # new\na: 1\nb: [x]  # list\n", None),
        # With an edit, they come along with their entries.
        (AUTHORS.replace("a: 1", "# why 2\na: 2"), None),
        (AUTHORS + "# own\nown: 1 # too\n", None),
        (AUTHORS.replace("# why m\n", "# other\n").replace("a: 1\n", ""), None),
        # The agent drops all comments when it writes the file anew; the author's stay.
        ("a: 2\nb:\n- x\nmodel: m\n", AUTHORS.replace("a: 1", "a: 2")),
        ("a: 1\nb:\n- x\nmodel: m\n", AUTHORS),
        ("a: 1\nmodel: m\n", AUTHORS.replace("b: [x]  #", "#")),
    ],
)
def test_comments_that_the_author_wrote_here_are_published_and_none_is_dropped(
    here: str, published: str | None
) -> None:
    shelf = Shelf()
    placed = shelf.place({"config.yaml": AUTHORS})
    home = placed.tree.with_entries(shelf.tree({"config.yaml": here}))
    files = shelf.files(taken(shelf, home, placed).tree)
    assert files["config.yaml"] == (here if published is None else published)


def test_a_comment_that_leaves_is_searched_for_secrets() -> None:
    shelf = Shelf()
    placed = shelf.place({"config.yaml": AUTHORS})
    key = "sk-ant-" + "api03-" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz" * 3
    here = shelf.tree({"config.yaml": AUTHORS.replace("a: 1", f"a: 2 # it was {key}")})
    captured = taken(shelf, placed.tree.with_entries(here), placed)
    leaks = find_leaks(captured.tree, placed.tree, shelf.read, Private())
    assert [(leak.path, leak.line) for leak in leaks] == [("config.yaml", 5)]


def test_an_empty_map_of_the_user_is_no_setting_of_the_package() -> None:
    shelf = Shelf()
    placed = shelf.place({"config.yaml": "m: 1\n"})
    home = placed.tree.with_entries(shelf.tree({"config.yaml": "m: 1\nempty: {}\n"}))
    captured = taken(shelf, home, placed)
    assert _settled(shelf, home) == _settled(shelf, captured.tree)


@pytest.mark.parametrize(
    ("authors", "homes", "published"),
    [
        ("model: x\n", "model: x\nplugins:\n  enabled: [hermes-dist-chat]\n", "model: x\n"),
        (
            "plugins:\n  enabled: [mine]  # why\n",
            "plugins:\n  enabled: [mine, hermes-dist-chat]  # why\n",
            "plugins:\n  enabled: [mine]  # why\n",
        ),
        (
            "plugins:\n  enabled: [mine]\n",
            "plugins:\n  enabled: [mine, other, hermes-dist-packages]\n",
            "plugins:\n  enabled: [mine, other]\n",
        ),
        (
            "plugins:\n  enabled: [hermes-dist-chat]\n",
            "plugins:\n  enabled: [hermes-dist-chat]\nmodel: y\n",
            "plugins:\n  enabled: [hermes-dist-chat]\nmodel: y\n",
        ),
    ],
)
def test_a_plugin_that_we_enabled_on_this_machine_is_not_published(
    authors: str, homes: str, published: str
) -> None:
    shelf = Shelf()
    placed = shelf.place({"config.yaml": authors})
    home = placed.tree.with_entries(shelf.tree({"config.yaml": homes}))
    assert shelf.text(taken(shelf, home, placed).tree, "config.yaml") == published
