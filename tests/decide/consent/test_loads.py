"""The card of what does not run yet tells how many files its yes covers, and where they lie."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.review import grouped, loads_of
from hermes_dist.model.facts import LOADS
from hermes_dist.model.tree import EMPTY

SERVER = {"command": "python", "args": ["scripts/web/run.py"], "enabled": False}


def test_a_waiting_server_tells_the_files_that_it_can_load_beside_its_command() -> None:
    shelf = Shelf()
    files = {
        "config.yaml": {"mcp_servers": {"web": SERVER}},
        "scripts/web/run.py": "x",
        "scripts/web/lib/a.py": "y",
    }
    there = shelf.tree(files)
    (group,) = grouped(find_effects(EMPTY, there, there, shelf.read))
    assert group.line == "python scripts/web/run.py"
    assert loads_of(group) == ((2, "scripts/web"),)


def test_what_loads_nothing_of_the_package_says_nothing() -> None:
    shelf = Shelf()
    there = shelf.tree(
        {
            "config.yaml": {
                "mcp_servers": {"web": {"command": "npx", "args": ["-y", "web"], "enabled": False}}
            }
        }
    )
    (group,) = grouped(find_effects(EMPTY, there, there, shelf.read))
    assert loads_of(group) == ()
    assert all(name != LOADS for effect in group.effects for name, _ in effect.facts)


def test_a_server_elsewhere_finds_nothing_in_the_home_unless_it_has_a_command_too() -> None:
    shelf = Shelf()

    def loads(**server: object) -> tuple[tuple[int, str], ...]:
        config = {"mcp_servers": {"web": {"enabled": False, **server}}}
        there = shelf.tree({"config.yaml": config, "package.json": "{}"})
        groups = grouped(find_effects(EMPTY, there, there, shelf.read))
        assert [group.name for group in groups][1:] == ["code of the agent itself"]
        return loads_of(groups[0])

    assert loads(url="https://x.example") == ()
    assert loads(url="https://x.example", command="npx") == loads(command="npx")
    assert [number for number, _ in loads(command="npx")] == [1]


def test_a_hook_tells_what_it_loads_beside_its_own_folder() -> None:
    shelf = Shelf()
    there = shelf.tree({"hooks/x/run.py": "open('scripts/web/a.py')", "scripts/web/a.py": ""})
    (group,) = grouped(find_effects(EMPTY, there, there, shelf.read))
    assert loads_of(group) == ((1, "scripts/web"),)


def changed_code(
    command: list[str], files: dict[str, object], news: dict[str, object]
) -> list[str]:
    """The files whose change an approved server asks about."""
    shelf = Shelf()
    server = {"mcp_servers": {"web": {"command": command[0], "args": command[1:]}}}
    before: dict[str, object] = {"config.yaml": server, **files}
    after = {**before, **news}
    if "config.yaml" in news:
        after["config.yaml"] = {**server, "display": {"compact": True}}
    ours, merged = shelf.tree(before), shelf.tree(after)
    return [effect.path for effect in find_effects(ours, merged, merged, shelf.read)]


@pytest.mark.parametrize("path", ["plugins/run.py", "hooks/run.py", "cron/run.py", "cron/a/run.py"])
def test_what_lies_beside_hooks_plugins_and_jobs_is_code_of_what_names_it(path: str) -> None:
    assert changed_code(["python", path], {path: "1"}, {path: "2"}) == [path]
    script = {"scripts/a.py": f"exec(open('../{path}').read())", path: "1"}
    assert changed_code(["python", "scripts/a.py"], script, {path: "2"}) == [path]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("config.yaml", ""),
        ("cron/jobs.json", '{"jobs": [], "x": 1}'),
        ("distribution.yaml", "a: 1"),
    ],
)
def test_a_file_with_effects_of_its_own_is_code_of_a_command_that_itself_names_it(
    path: str, text: str
) -> None:
    files: dict[str, object] = {"cron/jobs.json": {"jobs": []}, "distribution.yaml": "name: bot"}
    assert changed_code(["bash", path], files, {path: text}) == [path]
    script: dict[str, object] = {"scripts/a.sh": f"cat ../{path}\n"}
    assert changed_code(["bash", "scripts/a.sh"], {**files, **script}, {path: text}) == []


def test_a_skin_outside_of_its_folder_is_code_of_the_setting() -> None:
    shelf = Shelf()
    config = {"config.yaml": "display: {skin: ../docs/mine}\n"}
    ours = shelf.tree({**config, "docs/mine.yaml": "name: x\n"})
    merged = shelf.tree({**config, "docs/mine.yaml": "name: x\ncustomCSS: y\n"})
    (effect,) = find_effects(ours, merged, merged, shelf.read)
    assert effect.path == "docs/mine.yaml"


def test_a_change_of_the_package_covers_what_the_package_runs_and_not_the_users_edit_of_it() -> (
    None
):
    shelf = Shelf()

    def config(script: str, **env: str) -> dict[str, object]:
        return {"mcp_servers": {"web": {"command": "python", "args": [script], "env": env}}}

    code = {"scripts/web/run.py": "x", "scripts/web/lib/a.py": "y"}
    ours = shelf.tree({"config.yaml": config("tools/mine.py"), **code})
    merged = shelf.tree({"config.yaml": config("tools/mine.py", A="1"), **code})
    shipped = shelf.tree({"config.yaml": config("scripts/web/run.py", A="1"), **code})
    (group,) = grouped(find_effects(ours, merged, shipped, shelf.read))
    assert loads_of(group) == ((2, "scripts/web"),)


def test_a_change_of_a_job_covers_the_script_that_the_package_gives_it() -> None:
    shelf = Shelf()

    def jobs(script: str, prompt: str) -> dict[str, object]:
        job = {"id": "0" * 12, "name": "n", "schedule": {}, "script": script, "prompt": prompt}
        return {"jobs": [job]}

    code = {"scripts/web/run.py": "x", "scripts/web/lib/a.py": "y"}
    ours = shelf.tree({"cron/jobs.json": jobs("mine/m.py", "1"), **code})
    merged = shelf.tree({"cron/jobs.json": jobs("mine/m.py", "2"), **code})
    shipped = shelf.tree({"cron/jobs.json": jobs("web/run.py", "2"), **code})
    (group,) = grouped(find_effects(ours, merged, shipped, shelf.read))
    assert loads_of(group) == ((2, "scripts/web"),)
