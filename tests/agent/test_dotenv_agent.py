"""What we write into .env, read by the real agent and by its loader."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from story import BOT, GO, Story, yes

from hermes_dist.decide.environment import dotenv
from hermes_dist.ops.package.uninstall import uninstall

VALUES = {
    "PLAIN": "sk-abc_123.x/y:z=",
    "WORDS": "two words",
    "HASH": "a#b # c",
    "DOLLAR": "$HOME and `id`",
    "SINGLE": "it's",
    "DOUBLE": 'say "hi"',
    "BOTH": 'it\'s "both"',
    "BACKSLASH": "C:\\new\\table",
    "TILDE": "~/x",
    "UNICODE": "Zürich ✓",
    "SPACES": "  around  ",
    "ENDS": "quote'\\",
}
FILES = [
    "",
    "# note\n",
    "A=1",
    "export A='1' # why\r\nB=2\r\n",
    'A="two\nlines=x"\n',
    "\ufeffA=1\n",
    "A=1\nA=2\n",
    "A = 1\n  export B=2\n",
    "A= # nothing\n",
    "not a line\nA=1\n",
    "A=one#two # three\n",
    'A="a\\"b\\\\c" # d\n',
    "A='x' y\nB=1\n",
    'A="open\nB=1\n',
    "A=\n",
]
READ = (
    "import json, os, sys; from dotenv import dotenv_values; from hermes_cli.config import load_env\n"
    "print(json.dumps([dotenv_values(sys.argv[1], interpolate=False), load_env()]))"
)


def loaded(agent_venv: Path, home: Path, data: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """A file as the agent's loader reads it, and as its own commands do."""
    root = home / ".hermes"
    root.mkdir(exist_ok=True)
    (root / ".env").write_bytes(data)
    done = subprocess.run(
        [str(agent_venv / "bin" / "python"), "-c", READ, str(root / ".env")],
        env={
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "HERMES_HOME": str(root),
            "LANG": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    loader, own = json.loads(done.stdout)
    return loader, own


def test_every_value_is_read_back_by_the_agent(agent_venv: Path, home: Path) -> None:
    loader, own = loaded(agent_venv, home, dotenv.assign(b"# mine\nOLD='x' # y\n", VALUES))
    assert {name: loader[name] for name in VALUES} == VALUES
    assert {name: own[name] for name in VALUES} == VALUES


@pytest.mark.parametrize("text", FILES)
def test_files_are_read_as_the_agents_loader_reads_them(
    agent_venv: Path, home: Path, text: str
) -> None:
    loader, _ = loaded(agent_venv, home, text.removeprefix("\ufeff").encode())
    assert dotenv.read(text.encode()) == {
        name: value for name, value in loader.items() if value and not value.startswith("#")
    }


SEED = (
    "import json, os\n"
    "from hermes_cli.profiles import backfill_profile_envs\n"
    "from hermes_cli.env_loader import load_hermes_dotenv\n"
    "seeded = backfill_profile_envs(quiet=True)\n"
    "load_hermes_dotenv()\n"
    "print(json.dumps([list(seeded), os.environ.get('OPENROUTER_API_KEY')]))"
)


def test_an_installed_profile_does_not_get_the_keys_of_the_default_one(
    agent_venv: Path, home: Path
) -> None:
    """The agent copies the default profile's .env into every profile without one; ours has one from the start."""
    story = Story(home)
    story.install()
    (story.root / ".env").write_text("OPENROUTER_API_KEY=of-default\n")
    bare = story.root / "profiles" / "bare"
    bare.mkdir()
    (bare / "config.yaml").write_text("{}\n")

    def seen_in(profile: Path) -> list[object]:
        done = subprocess.run(
            [str(agent_venv / "bin" / "python"), "-c", SEED],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "HERMES_HOME": str(profile)},
            capture_output=True,
            text=True,
            check=True,
        )
        return list(json.loads(done.stdout))

    assert seen_in(story.home) == [["bare"], None]
    assert seen_in(bare) == [[], "of-default"]
    uninstall(story.ctx, BOT, GO, yes)
    assert (story.home / ".env").stat().st_mode & 0o777 == 0o600
    assert seen_in(story.home) == [[], None]


ENVIRONMENT = (
    "import json, os; from hermes_cli.env_loader import load_hermes_dotenv\n"
    "load_hermes_dotenv(); print(json.dumps([os.environ.get(n) for n in ('A', 'WORD', 'B')]))"
)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_the_agent_reads_every_encoding_as_we_do(agent_venv: Path, home: Path, coding: str) -> None:
    root = home / ".hermes"
    root.mkdir()
    data = "# Größe\r\nA=1\r\nWORD='Zürich'\r\n".encode(coding)
    if coding != "utf-16":
        data = dotenv.assign(data, {"B": "zwölf"})
    (root / ".env").write_bytes(data)
    done = subprocess.run(
        [str(agent_venv / "bin" / "python"), "-c", ENVIRONMENT],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "HERMES_HOME": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    values = dotenv.read(data)
    assert json.loads(done.stdout) == [values.get(name) for name in ("A", "WORD", "B")]
    assert values["WORD"] == "Zürich"
