"""The commands as users run them: no value shows anywhere, two at once lose nothing, and the example is valid."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import forked
from fleet import PROGRAM
from teams import package

from hermes_dist.decide.team.file import load_team
from hermes_dist.errors import ExitCode

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "team.toml"
ASKS = "name: bot\nversion: 1.0.0\ninputs:\n  token: {secret: true, env: DESK_TOKEN}\n"
VALUES = (b"sk-first-value", b"sk-second-value", b"sk-third-value", b"sk-fourth-value")


def run(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    base = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_COLOR": "1"}
    return forked.said([str(PROGRAM), *words], {**base, **env}, home)


def tool(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def test_no_value_is_anywhere_but_in_the_env_file(tmp_path: Path) -> None:
    package(tmp_path / "bot", "bot", **{"distribution.yaml": ASKS})
    tools = tmp_path / "tools"
    tool(tools / "op", "printf sk-first-value\n")
    tool(tools / "pass", "printf 'sk-second-value\\n'\n")
    (tmp_path / "key").write_text("sk-third-value\n")
    file = tmp_path / "team.toml"
    file.write_text(
        'format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n'
        'inputs = { token = "op://Team/Desk/token" }\n'
        'variables = { A = "pass:a", B = "file:key", C = "env:C", D = "op://Team/Broken/x" }\n'
    )
    home = tmp_path / "home"
    path = {"PATH": f"{tools}:{os.environ['PATH']}", "C": "sk-fourth-value"}
    said = [run(home, "apply", str(file), "-n", **path)]
    # One tool that fails after it has told a part of a value; then all of them work.
    tool(
        tools / "op",
        'case "$3" in *Broken*) echo sk-fourth-value >&2; exit 9;; esac\nprintf sk-first-value\n',
    )
    said.append(run(home, "apply", str(file), "-y", "-vv", **path))
    assert said[-1].returncode == 1, said[-1]
    tool(tools / "op", "printf sk-first-value\n")
    said.append(run(home, "apply", str(file), "-y", "--json", "-vv", **path))
    assert said[-1].returncode == 0, said[-1]
    said.append(run(home, "apply", str(file), "--set-again", "-y", "-vv", **path))
    said.append(run(home, "snapshot", "--bundle", str(home / "team.bundle"), **path))
    assert said[-1].returncode == 0, said[-1]
    for each in said:
        assert not [v for v in VALUES if v.decode() in each.stdout + each.stderr], each
    env = home / ".hermes" / "profiles" / "bot" / ".env"
    assert [value for value in VALUES if value in env.read_bytes()] == list(VALUES)
    others = [one for one in home.rglob("*") if one.is_file() and one != env]
    assert not [one for one in others if any(value in one.read_bytes() for value in VALUES)]


def test_two_at_once_make_one_machine(tmp_path: Path) -> None:
    names = [f"bot{number}" for number in range(4)]
    for name in names:
        package(tmp_path / name, name)
    file = tmp_path / "team.toml"
    rows = (f'[[profiles]]\nname = "{n}"\nsource = "./{n}"\naliases = ["{n}"]\n' for n in names)
    file.write_text("format = 1\n" + "".join(rows))
    home = tmp_path / "home"
    run(home, "list")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: run(home, "apply", str(file), "-y"), range(2)))
    # One does it, and the other waits and finds nothing to do; if it waits in vain, it says so and changes nothing.
    assert sorted(one.returncode for one in both) in ([0, 0], [0, ExitCode.BUSY]), both
    assert "Nothing to do" in run(home, "apply", str(file)).stdout
    assert sorted(one.name for one in (home / ".hermes" / "profiles").iterdir()) == names


def test_the_example_is_valid_and_names_every_field() -> None:
    schema = ROOT / "schema" / "team.schema.json"
    words = ("--schemafile", str(schema), str(EXAMPLE))
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    team = load_team(EXAMPLE.read_bytes(), "team.toml", str(EXAMPLE.parent))
    assert team.policies
    assert {name for one in team.profiles for name in one.inputs}
