"""Our tables against the real agent: its defaults, the files it keeps for itself, its dump of a manifest."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from partners import Generation

from hermes_dist.agents.models import PROVIDERS
from hermes_dist.agents.names import RESERVED
from hermes_dist.agents.places import STANDARD_FOLDERS
from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.consent.floor.asks import UNKNOWN, asks, leaves, row_for
from hermes_dist.decide.ownership import Owner, is_credential, is_machine, owner_of
from hermes_dist.model.documents.api import ABSENT, load_manifest_data
from hermes_dist.model.keypath import format_key
from hermes_dist.model.manifest import same_as_dumped
from hermes_dist.model.paths import RelPath

Runs = Callable[..., subprocess.CompletedProcess[str]]

DIFFERING = {
    "curator.archive_after_days",
    "curator.backup.keep",
    "curator.prune_builtins",
    "curator.stale_after_days",
    "discord.bots_require_inline_mention",
    "sessions.auto_prune",
}
"""Keys whose default is not the same in every release: the looser one asks."""
KEYS = Path(__file__).parents[1] / "data" / "agent-config-keys.tsv"
NAMED = re.compile(r"""(?<=["'])[\w.-]+(?=["'])|\b\w+(?=[=:])""")
SHARED_BY_BOTH = {"SOUL.md", "config.yaml", "mcp.json", "skills", "cron", "distribution.yaml"}


@pytest.fixture
def ask(agent_venv: Path, run: Runs) -> Callable[[str], object]:
    """Evaluate an expression in the agent's own interpreter."""

    def ask(code: str) -> object:
        program = f"import json\n{code}\nprint('\\n' + json.dumps(answer, default=str))"
        return json.loads(run(agent_venv / "bin" / "python", "-c", program).stdout.splitlines()[-1])

    return ask


def test_the_agents_defaults_spelled_out_ask_for_no_yes(ask: Callable[[str], object]) -> None:
    defaults = ask("from hermes_cli.config import DEFAULT_CONFIG as answer")
    assert isinstance(defaults, dict)
    assert len(defaults) > 30
    asked = [format_key(key) for key, value in leaves(defaults) if asks(key, ABSENT, value)]
    assert set(asked) <= DIFFERING


def test_every_name_that_chooses_a_provider_is_known(ask: Callable[[str], object]) -> None:
    names = ask("from hermes_cli.models import _KNOWN_PROVIDER_NAMES as n; answer = sorted(n)")
    assert isinstance(names, list)
    assert len(names) > 100
    assert set(names) <= PROVIDERS


def test_every_key_of_the_agents_defaults_is_in_a_class(ask: Callable[[str], object]) -> None:
    defaults = ask("from hermes_cli.config import DEFAULT_CONFIG as d\nanswer = d")
    keys = [key for key, value in leaves(defaults) if not isinstance(value, dict)]
    assert len(keys) > 500
    assert [format_key(key) for key in keys if row_for(key) is UNKNOWN] == []


def test_the_keys_of_the_agents_defaults_are_those_of_the_list(
    ask: Callable[[str], object], generation: Generation
) -> None:
    defaults = ask("from hermes_cli.config import DEFAULT_CONFIG as d\nanswer = d")
    keys = {format_key(key) for key, _ in leaves(defaults)}
    assert keys == listed(generation, "default")


def test_a_key_that_is_listed_as_read_is_named_in_the_agents_sources(
    agent_venv: Path, generation: Generation
) -> None:
    keys = listed(generation, "read")
    assert len(keys) > 300
    words = named_in(next(agent_venv.glob("lib/python3*/site-packages")))
    assert [
        key for key in sorted(keys) if not {step for step in key.split(".") if step != "*"} <= words
    ] == []


def listed(generation: Generation, how: str) -> set[str]:
    """The keys that the list has for a generation, as a default or as read by the sources."""
    lines = [
        line.split("\t")
        for line in KEYS.read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    column = lines[0].index(generation.name)
    return {line[0] for line in lines[1:] if line[column] == how}


def named_in(site: Path) -> set[str]:
    """The words that the agent's modules hold as text, or as the name of an argument."""
    folders = [
        site / name
        for name in (
            "agent",
            "cron",
            "gateway",
            "hermes_cli",
            "plugins",
            "providers",
            "tools",
            "tui_gateway",
        )
    ]
    files = [file for folder in folders for file in folder.rglob("*.py")] + list(site.glob("*.py"))
    return {word for file in files for word in NAMED.findall(file.read_text("utf-8", "replace"))}


def test_what_the_agent_never_shares_is_the_machines(ask: Callable[[str], object]) -> None:
    names = ask(
        "from hermes_cli.profile_distribution import USER_OWNED_EXCLUDE as a\n"
        "from hermes_cli.profiles import _DEFAULT_EXPORT_EXCLUDE_ROOT as b, _CLONE_ALL_STRIP as c\n"
        "answer = sorted({*a, *b, *c})"
    )
    assert isinstance(names, list)
    assert len(names) > 30
    assert [name for name in names if not is_machine(RelPath(name))] == []


def test_each_store_of_credentials_that_the_agent_knows_stays_on_the_machine(
    ask: Callable[[str], object],
) -> None:
    answer = ask(
        "from hermes_cli.profiles import PROFILE_CREDENTIAL_PATHS as a, _EXPORT_CREDENTIAL_FILES as b\nanswer = [[*a], [*b]]"
    )
    assert isinstance(answer, list)
    root, anywhere = answer
    assert len(root) > 40
    assert len(anywhere) > 8
    paths = {path for store in root for path in (store, f"{store}/x", store.upper())}
    paths |= {
        path
        for store in anywhere
        for path in (f"skills/a/{store}", f"skills/a/b/{store}/x", f"skills/a/{store.upper()}")
    }
    assert [
        path
        for path in sorted(paths)
        if not (is_machine(RelPath(path)) and is_credential(RelPath(path)))
    ] == []


def test_each_copy_that_the_agent_takes_for_a_store_stays_on_the_machine(
    ask: Callable[[str], object],
) -> None:
    names = [
        f"{name}{end}"
        for name in (".env", "auth.json", "config.yaml", "SOUL.md", "AUTH.JSON")
        for end in (
            "",
            ".bak",
            ".bak.1",
            ".bak-20260101T000000Z",
            ".bak-20260101T000000Z.2",
            ".bak-mine",
            ".bak-pre-migrate-33",
            ".old",
            ".corrupt",
            ".corrupt.20260101",
            "-note",
        )
    ]
    private = ask(
        "from hermes_cli.profiles import profile_path_is_private as p\n"
        f"answer = [name for name in {names!r} if p((name,))]"
    )
    assert isinstance(private, list)
    assert {
        ".env",
        ".env.bak",
        "auth.json.old",
        "config.yaml.bak.1",
        "config.yaml.corrupt.20260101",
    } <= set(private)
    assert "SOUL.md.bak" not in private
    assert [
        name for name in private if not (is_machine(RelPath(name)) and is_credential(RelPath(name)))
    ] == []


def test_what_the_agent_shares_is_shared(ask: Callable[[str], object]) -> None:
    owned = ask(
        "from hermes_cli.profile_distribution import DEFAULT_DIST_OWNED as d\nanswer = list(d)"
    )
    assert set(owned) == SHARED_BY_BOTH  # type: ignore[call-overload]  # a list of names
    for name in SHARED_BY_BOTH:
        assert owner_of(RelPath(name if "." in name else f"{name}/x")) is Owner.SHARED


def test_reserved_names_and_standard_folders_are_the_agents(ask: Callable[[str], object]) -> None:
    names = ask(
        "from hermes_cli import profiles as p\nanswer = [sorted(p._RESERVED_NAMES), sorted(p._PROFILE_DIRS)]"
    )
    assert names == [sorted(RESERVED), sorted(STANDARD_FOLDERS)]


@pytest.mark.parametrize(
    "inside", ["", ".hermes/profiles/bot", "elsewhere", "elsewhere/profiles/bot", ".hermes/inner"]
)
def test_the_root_is_where_the_agent_has_it(
    agent_venv: Path, run: Runs, home: Path, inside: str
) -> None:
    value = str(home / inside) if inside else ""
    code = "from hermes_constants import get_default_hermes_root as root; print(root())"
    theirs = run(agent_venv / "bin" / "python", "-c", code, HERMES_HOME=value).stdout.strip()
    assert str(Layout.locate(HERMES, home, value)[0].root) == theirs


MANIFESTS = [
    "name: bot\n",
    "name: bot\nversion: 1.10\ndescription: |\n  two\n  lines\nauthor: Ä ✓\nlicense: MIT\n# comment\npost_install: x\n",
    "name: bot\nversion: 2025-01-01\nenv_requires:\n- {name: A, default: 8080, required: no}\n- {name: B, default: true, desc: x}\n",
    "name: bot\nversion: 0\ndistribution_owned: [SOUL.md, /skills/, ' cron/ ', '']\nenv_requires: []\nhermes_requires: '>=0.18'\n",
]


@pytest.mark.parametrize("authors", MANIFESTS)
def test_the_agents_own_dump_is_known_as_the_authors(
    agent_venv: Path, run: Runs, home: Path, authors: str
) -> None:
    (home / "distribution.yaml").write_text(authors, "utf-8")
    code = (
        "from pathlib import Path\nfrom hermes_cli.profile_distribution import read_manifest, write_manifest\n"
        "m = read_manifest(Path('.')); m.name = 'other'; m.source = 'github.com/x/y'; m.installed_at = 'now'\n"
        "write_manifest(Path('.'), m)"
    )
    run(agent_venv / "bin" / "python", "-c", code)
    dumped = (home / "distribution.yaml").read_bytes()
    assert dumped.decode() != authors
    assert same_as_dumped(load_manifest_data(authors.encode()), load_manifest_data(dumped))
    edited = yaml.safe_load(dumped) | {"author": "Eve"}
    assert not same_as_dumped(load_manifest_data(authors.encode()), edited)
