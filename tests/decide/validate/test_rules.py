"""Every rule of ``validate``: what it says, of which file and line; and what honest packages never hear."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.validate.problems import Level, Problem, Subject, steps_of
from hermes_dist.decide.validate.rules import RULES, validate
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, line_at, load_manifest_data, parse
from hermes_dist.model.paths import RelPath
from hermes_dist.voice.problems import hint_words, problem_words
from hermes_dist.world.load import breaches, load_manifest

GOOD: dict[str, object] = {
    "distribution.yaml": "# a\nname: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\nenv_requires:\n"
    "  - name: WEB_KEY\n    description: For the web.\n",
    "SOUL.md": "You are a bot.\n",
    "config.yaml": "model:\n  default: m\n",
    "mcp.json": '{"mcpServers": {"web": {"command": "npx", "env": {"K": "${WEB_KEY}"}}}}\n',
    "cron/daily.yaml": "prompt: look\nschedule: every 2h\nskill: hello\n",
    "skills/talk/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\n---\nSay hello.\n",
    "README.md": "Read me.\n",
}


def subject(files: dict[str, object], *, own: str = "") -> Subject:
    shelf = Shelf()
    tree = shelf.tree({path: text for path, text in files.items() if text is not None})
    manifest, unreadable, found = None, None, []
    if "distribution.yaml" in tree:
        data = shelf.read(tree[RelPath("distribution.yaml")].digest)
        try:
            manifest = load_manifest(data)
        except Invalid as err:
            unreadable = err
        try:
            found = breaches(load_manifest_data(data), "distribution")
        except Invalid:
            found = []
    return Subject(
        tree=tree,
        read=shelf.read,
        manifest=manifest,
        unreadable=unreadable,
        violations=found,
        own=own,
    )


def problems(changes: dict[str, object], own: str = "") -> tuple[Problem, ...]:
    return validate(subject({**GOOD, **changes}, own=own))


def said(changes: dict[str, object], own: str = "") -> list[str]:
    return [f"{p.path}:{p.line}: {p.level}: {problem_words(p)}" for p in problems(changes, own)]


def test_a_good_package_hears_nothing() -> None:
    assert said({}) == []


def manifest(more: str = "", **fields: str) -> str:
    known = {"name": "bot", "version": "1.0.0", "description": "A bot.", "license": "MIT"}
    lines = [f"{key}: {value}" for key, value in {**known, **fields}.items() if value]
    return (
        "\n".join(lines) + "\nenv_requires: [{name: WEB_KEY, description: For the web.}]\n" + more
    )


ODD_MANIFESTS = {
    "a name with spaces": (
        manifest(name="Exo Executive Agent"),
        "distribution.yaml:1: error: name: 'Exo Executive Agent' is not small letters",
    ),
    "a name in capitals": (
        manifest(name="Bot"),
        "distribution.yaml:1: error: name: 'Bot' is not small letters",
    ),
    "a reserved name": (
        manifest(name="hermes"),
        "distribution.yaml:1: error: name: 'hermes' is not small letters",
    ),
    "a version that is a number": (
        manifest(version="1.10"),
        "distribution.yaml:2: error: version: it must be text",
    ),
    "no version": (manifest(version=""), "distribution.yaml:1: error: version is missing"),
    "a strange version": (
        manifest(version="newest"),
        "distribution.yaml:2: error: version: 'newest' is not a version",
    ),
    "desc for description": (
        manifest("desc: A bot.\n", description=""),
        "distribution.yaml:5: warning: desc: it is read as description",
    ),
    "no description": (
        manifest(description=""),
        "distribution.yaml:0: warning: description is missing",
    ),
    "a license of its own": (
        manifest(license="my own!"),
        "distribution.yaml:4: error: license: 'my own!' is not an SPDX expression",
    ),
    "a strange requirement": (
        manifest("hermes_requires: soon\n"),
        "distribution.yaml:6: error: hermes_requires: 'soon' is not versions",
    ),
    "post_install": (
        manifest("post_install: ./x.sh\n"),
        "distribution.yaml:6: warning: the field 'post_install' is never run",
    ),
    "another field": (
        manifest("mood: good\n"),
        "distribution.yaml:6: warning: the field 'mood' is kept, but has no effect",
    ),
    "the agent's stamps": (
        manifest("installed_at: now\n"),
        "distribution.yaml:6: error: installed_at: it can't be here: written by the agent",
    ),
    "a map of variables": (
        manifest().replace(
            "[{name: WEB_KEY, description: For the web.}]", "{WEB_KEY: For the web.}"
        ),
        "distribution.yaml:5: error: env_requires: it must be a list",
    ),
    "variables as words": (
        manifest().replace("[{name: WEB_KEY, description: For the web.}]", "[WEB_KEY]"),
        "distribution.yaml:5: error: env_requires[0]: it must be a map",
    ),
    "a variable with spaces": (
        manifest().replace("[{", "[{name: MY KEY, description: x}, {"),
        "distribution.yaml:5: error: env_requires[0].name: 'MY KEY' is not a name of capital letters",
    ),
    "a default that steers": (
        manifest().replace("[{", "[{name: LD_PRELOAD, description: x, default: y}, {"),
        "distribution.yaml:5: error: env_requires[0].default: it can't be here",
    ),
    "owned as text": (
        manifest("distribution_owned: SOUL.md\n"),
        "distribution.yaml:6: error: distribution_owned: it must be a list",
    ),
    "a glob": (
        manifest("distribution_owned: ['skills/*/x']\n"),
        "distribution.yaml:6: error: distribution_owned[0]: 'skills/*/x' is not a path",
    ),
    "an owned path that is missing": (
        manifest("distribution_owned:\n  - SOUL.md\n  - docs/\n"),
        "distribution.yaml:8: warning: distribution_owned names docs, which does not exist",
    ),
    "an owned path of the machine": (
        manifest("distribution_owned:\n  - SOUL.md\n  - workspace\n"),
        "distribution.yaml:8: error: workspace belongs to each machine and is never installed",
    ),
    "payload left out": (
        manifest("distribution_owned: [SOUL.md]\n"),
        "distribution.yaml:6: warning: distribution_owned leaves out skills, so it is not installed",
    ),
    "no map": ("- a\n- b\n", "distribution.yaml:1: error: not a map of fields"),
    "no YAML": ("name: [\n", "distribution.yaml:2: error: "),
    "no name": ("version: 1.0.0\n", "distribution.yaml:1: error: the name is missing"),
    "a list for a name": (
        "version: 1.0.0\nname: [a]\n",
        "distribution.yaml:2: error: the name must be text",
    ),
    "an empty name": (
        "version: 1.0.0\nname:\n",
        "distribution.yaml:2: error: the name is empty",
    ),
    "a long description": (
        manifest(description="word " * 200),
        "distribution.yaml:3: error: description: it has 999 characters, and 300 is the most",
    ),
    "many keywords": (
        manifest(f"keywords: [{', '.join(f'k{n}' for n in range(21))}]\n"),
        "distribution.yaml:6: error: keywords: it has 21 items, and 20 is the most",
    ),
    "a policy that is none": (
        manifest(f"merge:\n  SOUL.md: {'x' * 300}\n"),
        f"distribution.yaml:7: error: merge.SOUL.md: '{'x' * 77}…' is not one of ['keep', 'theirs', 'merge']",
    ),
    "twice the same field": (manifest("name: again\n"), "distribution.yaml:6: error: "),
    "9 kB of comments and an alias": (
        "# x\n" * 2500 + manifest("keywords: &a [x]\nmerge: *a\n"),
        "distribution.yaml:2507: error: ",
    ),
    "an escape code": (
        manifest(description='"a\\e[31m"'),
        "distribution.yaml:3: error: description: 'a\\x1b[31m' is not one line without control",
    ),
}


@pytest.mark.parametrize("case", ODD_MANIFESTS)
def test_odd_manifests_hear_something_that_helps(case: str) -> None:
    text, sentence = ODD_MANIFESTS[case]
    lines = said({"distribution.yaml": text})
    assert any(line.startswith(sentence) for line in lines), lines


def test_a_name_is_given_one_that_would_do() -> None:
    hints = [
        hint_words(p)
        for p in problems({"distribution.yaml": manifest(name="Exo Executive Agent")})
        if p.path == "distribution.yaml"
    ]
    assert "write name: exo-executive-agent" in hints


KEY = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
CASES: dict[str, tuple[dict[str, object], str]] = {
    "no manifest": (
        {"distribution.yaml": None},
        "distribution.yaml:0: error: there is no manifest",
    ),
    "no soul": ({"SOUL.md": None}, "SOUL.md:0: warning: it is missing"),
    "an empty soul": ({"SOUL.md": "\n"}, "SOUL.md:1: warning: it is empty"),
    "a config of asterisks": (
        {"config.yaml": "model: x\n***\n"},
        "config.yaml:2: error: it can't be read as YAML",
    ),
    "a config that is a list": (
        {"config.yaml": "- a\n"},
        "config.yaml:1: error: it is not a map of settings",
    ),
    "the agent's own version": (
        {"config.yaml": "a: 1\n_config_version: 3\n"},
        "config.yaml:2: warning: _config_version belongs to the agent",
    ),
    "servers as a list": (
        {"config.yaml": "a: 1\nmcp_servers: [a]\n"},
        "config.yaml:2: error: mcp_servers is not a map of servers",
    ),
    "a server without a command": (
        {"config.yaml": "mcp_servers:\n  web:\n    x: 1\n"},
        "config.yaml:2: error: the server web has neither command nor url",
    ),
    "a secret in a setting": (
        {"config.yaml": "model:\n  api_key: hunter2hunter2\n"},
        "config.yaml:2: error: a value that looks like a secret",
    ),
    "no JSON": ({"mcp.json": "{\n  nope\n}\n"}, "mcp.json:2: error: it can't be read as JSON"),
    "a server in JSON without a command": (
        {"mcp.json": '{"mcpServers": {\n  "web": {"x": 1}\n}}'},
        "mcp.json:2: error: web has neither command nor url",
    ),
    "no servers at all": ({"mcp.json": "{}"}, "mcp.json:1: warning: it names no server"),
    "a shape nobody knows": (
        {"mcp.json": '{"a": 1}'},
        "mcp.json:1: error: it contains no MCP servers",
    ),
    "a secret of a server": (
        {
            "mcp.json": '{"mcpServers": {"web": {"command": "x",\n "env": {"API_KEY": "hunter2hunter2"}}}}'
        },
        "mcp.json:2: error: a value that looks like a secret",
    ),
    "a bad schedule": (
        {"cron/daily.yaml": "prompt: look\nschedule: sometimes\n"},
        "cron/daily.yaml:1: error: 'sometimes' is not a valid schedule",
    ),
    "a bad schedule in a list": (
        {
            "cron/jobs.json": '{"jobs": [\n {"prompt": "a", "schedule": "every 2h"},\n {"prompt": "b", "schedule": "61 * * * *"}\n]}'
        },
        "cron/jobs.json:3: error: jobs[1]: '61' is not a valid minute",
    ),
    "a job of nothing": (
        {"cron/x.yaml": "schedule: every 2h\n"},
        "cron/x.yaml:1: error: the job has neither prompt, script nor skills",
    ),
    "a job once from now": (
        {"cron/daily.yaml": "prompt: x\nschedule: 30m\n"},
        "cron/daily.yaml:1: warning: ",
    ),
    "a job with a skill that is not there": (
        {"cron/daily.yaml": "prompt: x\nschedule: every 2h\nskill: gone\n"},
        "cron/daily.yaml:1: warning: it uses skills that are not shipped: gone",
    ),
    "a job file that is not read": (
        {"cron/deep/x.yaml": "prompt: x\n"},
        "cron/deep/x.yaml:0: warning: no job is read from here",
    ),
    "a job file that is no JSON": (
        {"cron/jobs.json": '{"jobs": [\n'},
        "cron/jobs.json:2: error: it can't be read",
    ),
    "a skill without front matter": (
        {"skills/x/SKILL.md": "# X\n"},
        "skills/x/SKILL.md:1: error: it has no front matter",
    ),
    "front matter that is no YAML": (
        {"skills/x/SKILL.md": "---\nname: x\ndescription: [\n---\n"},
        "skills/x/SKILL.md:4: error: its front matter can't be read",
    ),
    "a skill without a description": (
        {"skills/x/SKILL.md": "---\nname: x\n---\nX\n"},
        "skills/x/SKILL.md:2: error: its description is missing",
    ),
    "a skill of another name": (
        {"skills/x/SKILL.md": "---\ndescription: y\nname: y\n---\nX\n"},
        "skills/x/SKILL.md:3: warning: its name 'y' differs from the name of its folder, 'x'",
    ),
    "a description too long": (
        {"skills/x/SKILL.md": f"---\nname: x\ndescription: {'y' * 1025}\n---\nX\n"},
        "skills/x/SKILL.md:3: error: its description is longer than 1024",
    ),
    "two skills of one name": (
        {"skills/z/hello/SKILL.md": "---\nname: hello\ndescription: y\n---\nX\n"},
        "skills/z/hello/SKILL.md:2: warning: skills/talk/hello/SKILL.md has the same name",
    ),
    "a skill of nothing": (
        {"skills/x/SKILL.md": "---\nname: x\ndescription: y\n---\n"},
        "skills/x/SKILL.md:0: warning: nothing follows its front matter",
    ),
    "a folder without a skill": (
        {"skills/notes/a.md": "x\n"},
        "skills/notes:0: warning: it has no SKILL.md",
    ),
    "a hook without its handler": (
        {"hooks/x/HOOK.yaml": "name: x\n"},
        "hooks/x:0: warning: without handler.py the agent does not load it",
    ),
    "a plugin without its manifest": (
        {"plugins/x/__init__.py": ""},
        "plugins/x:0: warning: without plugin.yaml the agent does not load it",
    ),
    "a placeholder nobody is asked for": (
        {"config.yaml": "a: 1\nb: ${OTHER_KEY}\n"},
        "config.yaml:2: error: ${OTHER_KEY} is missing from env_requires",
    ),
    "a script that reads the environment": (
        {"scripts/x.py": "import os\nos.environ['OTHER_KEY']\n"},
        "scripts/x.py:2: warning: it reads OTHER_KEY, which is missing from env_requires",
    ),
    "a skill that asks": (
        {
            "skills/talk/hello/SKILL.md": "---\nname: hello\ndescription: Hi.\nrequired_environment_variables:\n  - name: OTHER_KEY\n---\nHi.\n"
        },
        "skills/talk/hello/SKILL.md:5: warning: it reads OTHER_KEY",
    ),
    "two templates": (
        {".env.EXAMPLE": "A=\n", ".env.template": "A=\n"},
        ".env.template:0: warning: only .env.EXAMPLE serves",
    ),
    "a token in a text": (
        {"README.md": f"a\nb {KEY}\n"},
        "README.md:2: error: it looks like a secret: GitHub token",
    ),
    "a token in the name of a folder": (
        {f"skills/{KEY}/SKILL.md": "---\nname: a\ndescription: Does.\n---\nDo.\n"},
        f"skills/{KEY}/SKILL.md:0: error: it looks like a secret: GitHub token, in its name",
    ),
    "a hidden character": (
        {"SOUL.md": "a\nb \u202e c\n"},
        "SOUL.md:2: error: hidden characters (U+202E)",
    ),
    "an invisible character": (
        {"SOUL.md": "a\nb\u200bc\n"},
        "SOUL.md:2: warning: an invisible character, U+200B",
    ),
    "a place on a machine": (
        {"SOUL.md": "a\nread /home/lovelace/x\n"},
        "SOUL.md:2: warning: '/home/lovelace' is a path on one particular machine",
    ),
    "a place on Windows": (
        {"SOUL.md": "C:\\Users\\lovelace\\x\n"},
        "SOUL.md:1: warning: 'C:\\\\Users\\\\lovelace'",
    ),
    "a large file": ({"assets/a.bin": "x" * (6 << 20)}, "assets/a.bin:0: warning: it has 6 MiB"),
    "a file of the machine": (
        {".env": "A=b\n"},
        ".env:0: warning: it is not installed: belongs to each machine",
    ),
    "an unknown file at the root": (
        {"run.sh": "x\n"},
        "run.sh:0: warning: it is not installed: an unknown file at the root",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_rule_names_file_and_line(case: str) -> None:
    changes, sentence = CASES[case]
    lines = said(changes)
    assert any(line.startswith(sentence) for line in lines), lines


HARMLESS: dict[str, object] = {
    "scripts/x.py": "import os\nos.environ.get('MAYBE')\nos.environ['HOME']\nos.getenv('HERMES_HOME')\n",
    "scripts/x.sh": "#!/bin/sh\necho $HOME ${PATH} $WEB_KEY\n",
    "docs/a.md": "Put it in /home/user/x, /Users/you/y or C:\\Users\\you; see https://x.example/home/page and ~/x and $HOME/home/ada.\n",
    "skills/talk/DESCRIPTION.md": "About talking.\n",
    "config.yaml": "model:\n  api_key: ${WEB_KEY}\n  other: ${NOT_NEEDED:-x}\n",
    "SOUL.md": "Ein Fähnchen: 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f and a family 👨\u200d👩\u200d👧.\n",
    "logo.png": b"\x89PNG\0/home/lovelace/\0",
}


def test_what_is_ordinary_hears_nothing() -> None:
    assert said(HARMLESS) == []


def test_the_home_of_whoever_looks_counts_whatever_its_name() -> None:
    assert said({"SOUL.md": "see /home/user/x\n"}, own="/home/user") == [
        "SOUL.md:1: warning: '/home/user' is a path on one particular machine"
    ]
    assert said({"SOUL.md": "see /srv/people/ada/x\n"}, own="/srv/people/ada") == [
        "SOUL.md:1: warning: '/srv/people/ada' is a path on one particular machine"
    ]


def test_problems_come_in_order_and_once() -> None:
    found = problems({"SOUL.md": "\u202e\n\u202e\n", "skills/x/SKILL.md": "# X\n"})
    assert list(found) == sorted(set(found))
    assert all(p.level in (Level.ERROR, Level.WARNING) and p.rule for p in found)
    assert len(RULES) >= 10


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("env_requires[0].name", 7),
        ("env_requires[0]", 7),
        ("env_requires[9].name", 6),
        ("nowhere", 1),
        ("", 1),
    ],
)
def test_places_of_the_schema_have_lines(place: str, line: int) -> None:
    assert isinstance(GOOD["distribution.yaml"], str)
    assert line_at(parse(GOOD["distribution.yaml"].encode(), Kind.YAML), steps_of(place)) == line


ASKED = "name: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\ninputs:\n"


def asking(rows: str, **more: object) -> list[str]:
    """What ``validate`` says about a package that asks for something; ``team`` is used in its SOUL.md."""
    head = f"{ASKED}  team: {{}}\n{rows}"
    files: dict[str, object] = {**GOOD, "mcp.json": None, "SOUL.md": "For ${input:team}.\n"}
    found = validate(subject({**files, "distribution.yaml": head, **more}))
    return [f"{p.rule} {p.path}:{p.line}: {p.level}: {problem_words(p)}" for p in found]


class TestInputs:
    """The rule ``inputs``: the field of the manifest, and the placeholders."""

    def test_what_is_used_says_nothing(self) -> None:
        assert asking("") == []
        assert asking("  city: {env: DESK_CITY}\n") == []

    @pytest.mark.parametrize(
        ("row", "line", "why"),
        [
            ("  spare: {}\n", 7, "nothing uses the answer to spare"),
            ("  it: {type: integer, pattern: a}\n", 7, "nothing about the type integer"),
            ("  it: {pattern: '(a+)+'}\n", 7, "too complicated"),
            ("  it: {secret: true}\n", 7, "a secret needs `env`"),
            ("  it: {env: LD_PRELOAD}\n", 7, "no input may set LD_PRELOAD"),
            ("  it: {env: MY_API_KEY}\n", 7, "say `secret: true`"),
            ("  it: {type: integer, maximum: 3, default: 4}\n", 7, "it is more than 3"),
        ],
    )
    def test_a_field_that_is_odd_is_told_with_its_line(self, row: str, line: int, why: str) -> None:
        [found] = [one for one in asking(row) if one.startswith("inputs ")]
        assert found.startswith(f"inputs distribution.yaml:{line}: ")
        assert why in found

    @pytest.mark.parametrize(
        ("path", "text", "said"),
        [
            (
                "SOUL.md",
                "${input:team}\n\n${input:taem}\n",
                "SOUL.md:3: warning: no input is called taem",
            ),
            (
                "scripts/a.sh",
                "echo ${input:team}\n",
                "scripts/a.sh:1: warning: files of this kind get no answers",
            ),
            (
                "SOUL.md",
                "${input:team} ${input:key}\n",
                "SOUL.md:1: error: the input key is a secret",
            ),
        ],
    )
    def test_a_placeholder_that_stays_is_told_with_its_line(
        self, path: str, text: str, said: str
    ) -> None:
        found = asking("  key: {secret: true, env: DESK_TOKEN}\n", **{path: text})
        assert any(one.startswith(f"inputs {said}") for one in found), found

    def test_what_breaks_the_schema_is_told_once(self) -> None:
        found = asking("  it: {typ: string}\n")
        assert len([one for one in found if "inputs" in one]) == 1, found

    @pytest.mark.parametrize(
        "schedule",
        [
            "${input:team}",
            "0 ${input:team} * * *",
            "every ${input:team}",
            "${input:team} ${input:more} * * *",
            "${input:team}T08:00",
        ],
    )
    def test_an_input_in_a_schedule_is_no_bad_schedule(self, schedule: str) -> None:
        job = {"cron/daily.yaml": f"prompt: look\nschedule: '{schedule}'\nskill: hello\n"}
        rows = "  more: {}\n" if "more" in schedule else ""
        assert asking(rows, **job) == []

    def test_a_schedule_that_no_answer_makes_one_is_told(self) -> None:
        job = {"cron/daily.yaml": "prompt: look\nschedule: 'on ${input:team}'\nskill: hello\n"}
        assert any("not a valid schedule" in one for one in asking("", **job))
