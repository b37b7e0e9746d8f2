"""The action for GitHub: its host takes it, and its steps do on a stand-in runner what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fleet import PROGRAM

FOLDER = Path(__file__).parent.parent.parent / "integrations" / "github-action"
ACTION: dict[str, Any] = yaml.safe_load((FOLDER / "action.yml").read_text("utf-8"))


def test_github_takes_the_action() -> None:
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.github-actions",
            str(FOLDER / "action.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_input_is_put_into_a_script() -> None:
    """What is between ``${{`` and ``}}`` is text before a shell reads it: a title of a branch could be a command."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


class Runner:
    """Runs the steps of the action as a runner of GitHub does; the package index is a program that says what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temp = folder / "temp"
        tools = folder / "tools"
        for made in (self.temp, tools):
            made.mkdir()
        self.asked = folder / "asked"
        # python3 -m venv FOLDER, and FOLDER/bin/python -m pip install …; all else is the real one.
        python = tools / "python3"
        python.write_text(
            "#!/bin/sh\n"
            'if [ "$2" = venv ]; then\n'
            '  mkdir -p "$3/bin"\n'
            f'  printf \'#!/bin/sh\\necho "$@" >> {self.asked}\\n\' > "$3/bin/python"\n'
            f'  printf \'#!/bin/sh\\nexec {PROGRAM} "$@"\\n\' > "$3/bin/hermes-dist"\n'
            '  chmod +x "$3/bin/python" "$3/bin/hermes-dist"\n'
            "else\n"
            f'  exec {sys.executable} "$@"\n'
            "fi\n"
        )
        python.chmod(0o755)
        self._path = f"{tools}:{os.environ['PATH']}"

    def run(self, **inputs: str) -> tuple[int, str, dict[str, str]]:
        """Run it; returns the exit code of the last step, what was said, and the outputs of the action."""
        given = {
            name: inputs.get(name, one.get("default")) for name, one in ACTION["inputs"].items()
        }
        outputs: dict[str, str] = {}
        said = ""

        def value(expression: str) -> str:
            kind, *words = expression.split(".")
            return (
                given[words[0]] if kind == "inputs" else outputs.get(f"{words[0]}.{words[2]}", "")
            )

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: value(found[1]), text)

        for step in ACTION["runs"]["steps"]:
            if "if" in step:
                left, _, right = step["if"].partition(" != ")
                assert right == "''"
                if value(left) == "":
                    continue
            told = self.folder / "output"
            told.write_text("")
            env = {
                **os.environ,
                "PATH": self._path,
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_OUTPUT": str(told),
                **{name: filled(text) for name, text in step["env"].items()},
            }
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            said += done.stdout + done.stderr
            for line in told.read_text().splitlines():
                name, _, text = line.partition("=")
                outputs[f"{step['id']}.{name}"] = text
            if done.returncode:
                return done.returncode, said, {}
        return 0, said, {name: filled(one["value"]) for name, one in ACTION["outputs"].items()}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    bot = tmp_path / "my bot"
    bot.mkdir()
    (bot / "distribution.yaml").write_text(
        "name: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\n"
    )
    (bot / "SOUL.md").write_text("# Bot\nBe kind.\n")
    (tmp_path / "team.toml").write_text(
        'format = 1\n[[profiles]]\nname = "bot"\nsource = "./my bot"\nvariables = { KEY = "env:NOT_HERE" }\n'
    )
    return Runner(tmp_path)


def test_a_good_package_and_a_team_that_can_be_made(runner: Runner) -> None:
    code, said, outputs = runner.run(
        version="0.2.0", package="my bot", strict="true", team="team.toml"
    )
    assert code == 0, said
    assert runner.asked.read_text().endswith(" hermes-dist==0.2.0\n")
    assert outputs == {
        "program": f"{runner.temp}/hermes-dist/bin/hermes-dist",
        "ships": "2",
        "steps": "2",
    }
    # It looked only: there is no agent.
    assert not (runner.temp / "hermes-home/.hermes/profiles").exists()


def test_what_is_wrong_fails_and_says_what(runner: Runner) -> None:
    soul = runner.folder / "my bot" / "SOUL.md"
    soul.write_text("# Bot\nKey: ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5" + "\n")
    code, said, _ = runner.run(version="0.2.0", package="my bot")
    assert code == 1
    assert "SOUL.md" in said
    team = runner.folder / "team.toml"
    team.write_text(team.read_text().replace("my bot", "no bot"))
    code, said, _ = runner.run(version="0.2.0", team="team.toml")
    assert code not in (0, 10)
    assert "no bot" in said
    for version in ("", "0.2.0; touch oh", "0.2.0 --index-url=x"):
        code, said, _ = runner.run(version=version, team="team.toml")
        assert (code, "::error::version" in said) == (1, True)
    assert not (runner.folder / "oh").exists()
