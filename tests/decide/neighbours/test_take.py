"""Sources of other kinds as packages: what comes, where it goes, and what is said of the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import yaml

from hermes_dist.decide.neighbours.kinds import Neighbour, Taken, check_label
from hermes_dist.decide.neighbours.take import take
from hermes_dist.errors import Invalid
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together

SKILL = "---\nname: find\ndescription: Finds.\n---\nFind.\n"
PLUGIN = json.dumps({"name": "tools", "version": "1.2.0", "description": "Tools."})


def tree_of(files: Mapping[str, str]) -> tuple[Tree, Read]:
    blobs = {Digest.of(text.encode()): text.encode() for text in files.values()}

    def none(digest: Digest) -> bytes:
        raise Invalid(f"no {digest}")

    entries = {RelPath(path): Entry(Digest.of(text.encode())) for path, text in files.items()}
    return Tree(entries), together(blobs, none)


def taken(files: Mapping[str, str], called: str = "it") -> Taken:
    found = take(*tree_of(files), called, "HERMES_HOME")
    assert found is not None
    return found


def paths(found: Taken) -> set[str]:
    return {str(path) for path in found.tree} - {"distribution.yaml"}


def whys(found: Taken) -> dict[str, Why]:
    return {left.path: left.why for left in found.left_out}


def text(found: Taken, files: Mapping[str, str], path: str) -> str:
    return together(found.blobs, tree_of(files)[1])(found.tree[RelPath(path)].digest).decode()


def test_a_plugin_brings_skills_and_commands_and_says_what_stays() -> None:
    files = {
        ".claude-plugin/plugin.json": PLUGIN,
        "skills/find/SKILL.md": SKILL,
        "skills/find/helper.py": "print()\n",
        "skills/shared.md": "Shared.\n",
        "commands/git/commit.md": "---\ndescription: Commits.\n---\nCommit $ARGUMENTS.\n",
        "commands/status.md": "Say !`git status`.\n",
        "commands/README.md": "Read.\n",
        "agents/judge.md": "Judge.\n",
        "hooks/hooks.json": "{}",
        "docs/a.md": "A.\n",
        "README.md": "Read me.\n",
        "CLAUDE.md": "Rules.\n",
    }
    found = taken(files)
    assert found.kind is Neighbour.PLUGIN
    assert found.label == "plugin/1"
    assert paths(found) == {
        "skills/find/SKILL.md",
        "skills/find/helper.py",
        "skills/shared.md",
        "skills/git-commit/SKILL.md",
        "README.md",
    }
    assert whys(found) == {
        "commands/status.md": Why.COMMAND_FORM,
        "commands/": Why.NO_PART,
        "agents/": Why.OTHER_AGENTS,
        "hooks/": Why.OTHER_HOOKS,
        "docs/": Why.NO_PART,
        "CLAUDE.md": Why.NO_PART,
    }
    manifest = yaml.safe_load(text(found, files, "distribution.yaml"))
    assert manifest == {"name": "tools", "version": "1.2.0", "description": "Tools."}
    assert text(found, files, "skills/git-commit/SKILL.md") == (
        "---\nname: git-commit\ndescription: Commits.\n---\nCommit $ARGUMENTS.\n"
    )


def test_every_file_is_brought_or_named() -> None:
    files = {
        "plugin.json": PLUGIN,
        "skills/a/SKILL.md": SKILL,
        "more/b/SKILL.md": SKILL,
        "src/x/y.py": "",
        "uv.lock": "",
        ".github/ci.yml": "",
        "tests/skills/t/SKILL.md": SKILL,
    }
    found = taken(files)
    used = {"plugin.json"}
    brought = len(paths(found))
    named = sum(left.files for left in found.left_out)
    assert brought + named + len(used) == len(files)
    assert whys(found)["more/"] is Why.NOT_OF_PLUGIN


def test_the_same_files_give_the_same_package() -> None:
    files = {"plugin.json": PLUGIN, "skills/a/SKILL.md": SKILL, "commands/b.md": "B.\n"}
    again = dict(reversed(files.items()))
    assert taken(files) == taken(again)
    assert taken(files).tree.digest == taken(again).tree.digest


def test_a_plugin_names_more_places_but_none_outside() -> None:
    data = {"name": "p", "skills": ["./more", "../../etc", "/abs"], "commands": "./cmds/go.md"}
    files = {
        "plugin.json": json.dumps(data),
        "skills/a/SKILL.md": SKILL,
        "more/b/SKILL.md": SKILL,
        "cmds/go.md": "Go.\n",
    }
    found = taken(files)
    assert paths(found) == {"skills/a/SKILL.md", "skills/b/SKILL.md", "skills/go/SKILL.md"}
    assert whys(found) == {
        "plugin.json: ../../etc": Why.UNSAFE_NAME,
        "plugin.json: /abs": Why.UNSAFE_NAME,
    }


def test_a_skill_and_a_command_of_one_name_never_mix() -> None:
    found = taken({"plugin.json": PLUGIN, "skills/go/SKILL.md": SKILL, "commands/go.md": "Go.\n"})
    assert paths(found) == {"skills/go/SKILL.md"}
    assert whys(found) == {"commands/": Why.NAME_TAKEN}


def test_servers_that_start_files_bring_them() -> None:
    servers = {
        "mcpServers": {
            "own": {"command": "node", "args": ["${CLAUDE_PLUGIN_ROOT}/server/index.js"]},
            "far": {"type": "http", "url": "https://x.example/mcp", "headers": {"A": "${X_KEY}"}},
            "dflt": {"command": "npx", "args": ["x"], "env": {"LEVEL": "${LEVEL:-low}"}},
            "odd": {"command": "x", "args": ["${user_config.key}", "${CLAUDE_PROJECT_DIR}"]},
            "bad": "text",
        }
    }
    files = {
        ".claude-plugin/plugin.json": PLUGIN,
        ".mcp.json": json.dumps(servers),
        "server/index.js": "1\n",
        "package.json": "{}",
        "README.md": "R.\n",
        "hooks/run.sh": "rm\n",
        "skills/a/SKILL.md": SKILL,
    }
    found = taken(files)
    assert paths(found) == {
        "mcp.json",
        "scripts/tools/server/index.js",
        "scripts/tools/package.json",
        "skills/a/SKILL.md",
        "README.md",
    }
    made = json.loads(text(found, files, "mcp.json"))["mcpServers"]
    assert set(made) == {"own", "far", "dflt"}
    assert made["own"]["args"] == ["${HERMES_HOME}/scripts/tools/server/index.js"]
    assert made["dflt"]["env"] == {"LEVEL": "${LEVEL}"}
    manifest = yaml.safe_load(text(found, files, "distribution.yaml"))
    assert manifest["env_requires"] == [
        {"name": "LEVEL", "required": False, "default": "low"},
        {"name": "X_KEY", "required": True},
    ]
    assert whys(found) == {
        "hooks/": Why.OTHER_HOOKS,
        "mcp.json: bad": Why.SERVER_FORM,
        "mcp.json: odd": Why.SERVER_FORM,
    }


def test_servers_in_the_manifest_itself() -> None:
    data = {
        "$schema": "https://agent-plugins.org/schemas/1.0.0/plugin.schema.json",
        "name": "p",
        "mcpServers": {"s": {"command": "./bin/s", "args": ["${PLUGIN_DATA}"]}},
    }
    files = {"plugin.json": json.dumps(data), "bin/s": "#!/bin/sh\n"}
    found = taken(files)
    made = json.loads(text(found, files, "mcp.json"))["mcpServers"]
    assert made == {
        "s": {"command": "${HERMES_HOME}/scripts/p/bin/s", "args": ["${HERMES_HOME}/workspace"]}
    }
    assert "scripts/p/bin/s" in paths(found)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (["skills/a/SKILL.md"], {"skills/a/SKILL.md"}),
        (["b/SKILL.md", "b/x.py"], {"skills/b/SKILL.md", "skills/b/x.py"}),
        (["eng/debug/SKILL.md"], {"skills/eng/debug/SKILL.md"}),
        ([".claude/skills/a/SKILL.md"], {"skills/a/SKILL.md"}),
        (["skills/a/SKILL.md", ".claude/skills/a/SKILL.md"], {"skills/a/SKILL.md"}),
        (
            ["skills/a/SKILL.md", "skills/a/b/SKILL.md"],
            {"skills/a/SKILL.md", "skills/a/b/SKILL.md"},
        ),
        (["SKILL.md", "scripts/x.py"], {"skills/find/SKILL.md", "skills/find/scripts/x.py"}),
        (["SKILL.md", "skills/b/SKILL.md"], {"skills/find/SKILL.md", "skills/b/SKILL.md"}),
        (["skills/a/SKILL.md", "tests/t/SKILL.md"], {"skills/a/SKILL.md"}),
        (["skills/a/SKILL.md", "a/SKILL.md"], {"skills/a/SKILL.md"}),
        (["a/SKILL.md", "main.py"], {"skills/a/SKILL.md"}),
    ],
)
def test_a_collection_of_skills(files: list[str], wanted: set[str]) -> None:
    found = taken(dict.fromkeys(files, SKILL), "repo")
    assert found.kind is Neighbour.SKILLS
    assert paths(found) == wanted
    assert sum(left.files for left in found.left_out) == len(files) - len(wanted)


def test_a_plain_profile_brings_what_the_agent_reads() -> None:
    files = {
        "SOUL.md": "Soul.\n",
        "config.yaml": "model: {}\n",
        ".mcp.json": "{}",
        "skills/a/SKILL.md": SKILL,
        "cron/a.yaml": "prompt: x\n",
        "src/main.py": "",
        "memories/MEMORY.md": "M\n",
        ".env": "A=b\n",
        ".env.example": "A=\n",
        "README.md": "R.\n",
    }
    found = taken(files, "bot")
    assert found.kind is Neighbour.PROFILE
    assert paths(found) == {
        "SOUL.md",
        "config.yaml",
        "mcp.json",
        "skills/a/SKILL.md",
        "cron/a.yaml",
        ".env.example",
        "README.md",
    }
    assert whys(found) == {
        "src/": Why.NO_PART,
        "memories/": Why.EACH_MACHINE,
        ".env": Why.EACH_MACHINE,
    }


def test_settings_beside_skills_are_a_profile_and_other_settings_are_not() -> None:
    skill = {"skills/a/SKILL.md": SKILL}
    assert taken({**skill, "config.yaml": "model: {default: x}\n"}).kind is Neighbour.PROFILE
    assert taken({**skill, "config.yaml": "title: My blog\n"}).kind is Neighbour.SKILLS


@pytest.mark.parametrize(
    "files",
    [
        {"main.py": ""},
        {"plugin.json": '{"name": "chart", "type": "panel"}', "src/x.js": ""},
        {"plugin.json": "[" * 100_000, "skills": ""},
        {"a/.claude-plugin/plugin.json": PLUGIN, "b/.claude-plugin/plugin.json": PLUGIN},
        {"a/SOUL.md": "A", "b/SOUL.md": "B"},
        {"a/distribution.yaml": "name: a\n", "skills/x/SKILL.md": SKILL},
        {"plugins/a/.claude-plugin/plugin.json": PLUGIN, "skills/x/SKILL.md": SKILL},
        {"tests/a/SKILL.md": SKILL},
    ],
)
def test_what_is_nothing_or_several_things_is_not_guessed(files: dict[str, str]) -> None:
    assert take(*tree_of(files), "it", "HERMES_HOME") is None


def test_a_market_of_one_plugin_is_that_plugin() -> None:
    row = {"name": "solo", "source": "./", "description": "Alone."}
    market = {"name": "m", "plugins": [row]}
    files = {".claude-plugin/marketplace.json": json.dumps(market), "skills/a/SKILL.md": SKILL}
    found = taken(files)
    assert (found.kind, found.sign) == (Neighbour.PLUGIN, ".claude-plugin/marketplace.json")
    two = {"name": "m", "plugins": [row, {**row, "name": "duo"}]}
    files[".claude-plugin/marketplace.json"] = json.dumps(two)
    assert taken(files).kind is Neighbour.SKILLS


def test_names_cannot_break_out_of_the_manifest() -> None:
    data = {"name": "x\nextends: //evil", "description": "a\nb: c", "keywords": ["k", 1, "x" * 999]}
    files = {"plugin.json": json.dumps(data), "skills/a/SKILL.md": SKILL}
    manifest = yaml.safe_load(text(taken(files), files, "distribution.yaml"))
    assert manifest["name"] == "x\nextends: //evil"
    assert set(manifest) == {"name", "description", "keywords"}
    assert [len(word) for word in manifest["keywords"]] == [1, 80]


def test_a_huge_plugin_is_read_once() -> None:
    files = {f"skills/s{n}/SKILL.md": SKILL for n in range(3000)}
    files |= {f"src/{n}.py": "" for n in range(3000)} | {"plugin.json": PLUGIN}
    found = taken(files)
    assert len(paths(found)) == 3000
    assert [(left.path, left.files) for left in found.left_out] == [("src/", 3000)]


@pytest.mark.parametrize("label", ["plugin/2", "theme/1", "x"])
def test_rules_of_another_version_are_refused(label: str) -> None:
    with pytest.raises(Invalid, match="rules that this version does not know"):
        check_label(label)
    check_label("")
    check_label("skills/1")
