"""The collection for Ansible: two machines over ssh, one profile on this one, and what its pages say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from fleet import PROGRAM
from leftout import ANSIBLE
from servers import free_port, sshd

ROOT = Path(__file__).parent.parent.parent
COLLECTION = ROOT / "integrations" / "ansible"
MODULES = ("hermes_profile", "hermes_team")
SECRET = "tick-4711-very-secret"


class Control:
    """The machine that Ansible runs on, with the collection installed, for once as its users do."""

    def __init__(self, folder: Path, *, as_users_do: bool = False) -> None:
        self.folder = folder
        self._home = folder / "control"
        self._home.mkdir()
        if not as_users_do:
            shutil.copytree(COLLECTION, folder / "ansible_collections/hermes/dist")
            return
        self.run("ansible-galaxy", "collection", "build", str(COLLECTION))
        (built,) = folder.glob("hermes-dist-*.tar.gz")
        self.run("ansible-galaxy", "collection", "install", "--offline", str(built))

    def run(self, program: str, *words: str, code: int = 0) -> str:
        """Run a program of Ansible; returns all that it said."""
        env = {
            **os.environ,
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(self._home),
            # Else it is below the home that the table of users names, and not below HOME.
            "ANSIBLE_REMOTE_TMP": str(self.folder / "remote"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=no",
            "ANSIBLE_RETRIES": "0",
        }
        done = subprocess.run(
            [str(ANSIBLE / program), *words],
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said

    def play(self, *words: str, code: int = 0) -> Play:
        return Play(self.run("ansible-playbook", "-i", "hosts.yml", *words, code=code))

    def write(self, name: str, data: object) -> None:
        text = data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False)
        (self.folder / name).write_text(text, "utf-8")


class Play:
    """What a run of a playbook said with ``-v``."""

    def __init__(self, said: str) -> None:
        self.said = said

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """The numbers at the end, for each host."""
        rows = re.findall(r"^(\w+) +: (ok=.*)$", self.said, re.MULTILINE)
        return {
            host: {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", numbers)}
            for host, numbers in rows
        }

    def result(self, task: str, host: str) -> dict[str, Any]:
        """What a task said of a host."""
        section = self._section(task)
        found = re.search(rf"^\w+: \[{host}\].* => (?=\{{)", section, re.MULTILINE)
        assert found, section
        result: dict[str, Any]
        result, _ = json.JSONDecoder().raw_decode(section[found.end() :])
        return result

    def diff(self, task: str, profile: str) -> str:
        """The difference that a task showed, of the first host."""
        shown = re.split(r"^(?:changed|ok): ", self._section(task), maxsplit=1, flags=re.MULTILINE)
        return "".join(re.findall(rf"^(?:{profile}: |  \S).*\n", shown[0], re.MULTILINE))

    def _section(self, task: str) -> str:
        return self.said.split(f"TASK [{task}] ", 1)[1].split("\nTASK [", 1)[0]


@pytest.fixture
def control(tmp_path: Path, request: pytest.FixtureRequest) -> Control:
    return Control(tmp_path, as_users_do="machines" in request.fixturenames)


def package(folder: Path, **files: str) -> Path:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    return folder


def contents(home: Path) -> Mapping[str, bytes]:
    """The files of the agents on a machine."""
    root = home / ".hermes" / "profiles"
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Mapping[str, Path]]:
    """Two machines: an ssh server for each, with a home of its own; described in ``hosts.yml``."""
    homes = {name: tmp_path / name for name in ("one", "two")}
    hosts: dict[str, dict[str, object]] = {}
    with ExitStack() as stack:
        for name, home in homes.items():
            home.mkdir()
            url, _ = stack.enter_context(sshd(tmp_path / f"ssh-{name}", {"HOME": str(home)}))
            place = urlsplit(url)
            hosts[name] = {
                "ansible_host": place.hostname,
                "ansible_port": place.port,
                "ansible_user": place.username,
                "ansible_ssh_common_args": f"-F {tmp_path}/ssh-{name}/ssh_config",
            }
        hosts["broken"] = {**hosts["two"], "hermes_team_executable": "/nowhere/hermes-dist"}
        hosts["down"] = {**hosts["two"], "ansible_port": free_port()}
        every = {
            "ansible_python_interpreter": str(ANSIBLE / "python"),
            "ansible_pipelining": True,
            "hermes_team_executable": str(PROGRAM),
        }
        text = yaml.safe_dump({"all": {"vars": every, "hosts": hosts}})
        (tmp_path / "hosts.yml").write_text(text, "utf-8")
        yield homes


@pytest.mark.needs("ansible")
def test_two_machines_over_ssh(control: Control, machines: Mapping[str, Path]) -> None:
    writer = package(
        control.folder / "writer",
        **{
            "distribution.yaml": "name: writer\nversion: 1.0.0\n",
            "SOUL.md": "# Writer\nBe kind.\nBe brief.\nBe right.\n",
            "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["web"]}}}',
        },
    )
    control.write("team.toml", f'format = 1\n[[profiles]]\nname = "writer"\nsource = "{writer}"\n')
    words = (
        "hermes.dist.apply",
        "-e",
        f"hermes_team_file={control.folder}/team.toml",
        "-v",
        "--diff",
    )
    task = "hermes.dist.hermes_team : Apply the file of the team"

    # Check mode says what would be done, and does nothing.
    would = control.play(*words, "--check", "--limit", "one,two")
    assert [contents(home) for home in machines.values()] == [{}, {}]
    # One machine can't be reached and one lacks the program: the others are done all the same.
    did = control.play(*words, code=4)
    assert did.recap["down"]["unreachable"] == 1
    assert did.recap["broken"]["failed"] == 1
    assert "/nowhere/hermes-dist is not on this machine" in did.said
    for name, home in machines.items():
        assert did.recap[name]["changed"] == would.recap[name]["changed"] == 1
        foreseen, done = would.result(task, name), did.result(task, name)
        assert [{**step, "state": "done"} for step in foreseen["steps"]] == done["steps"]
        assert sorted(done["steps"][0]["changes"]["files"]) == [
            "SOUL.md",
            "config.yaml",
            "distribution.yaml",
        ]
        assert (home / ".hermes/profiles/writer/SOUL.md").read_text() == (
            writer / "SOUL.md"
        ).read_text()
    assert would.diff(task, "writer") == did.diff(task, "writer")
    assert "  ~ SOUL.md\n" in did.diff(task, "writer")

    # The second run changes nothing, also not a byte.
    before = [contents(home) for home in machines.values()]
    again = control.play(*words, "--limit", "one,two")
    assert {name: again.recap[name]["changed"] for name in machines} == {"one": 0, "two": 0}
    assert [contents(home) for home in machines.values()] == before

    # One table of all of them.
    soul = machines["one"] / ".hermes/profiles/writer/SOUL.md"
    soul.write_text(soul.read_text() + "I learned to ask first.\n")
    report = control.folder / "report.txt"
    control.play("hermes.dist.status", "-e", f"hermes_report={report}")
    titles, *rows = [re.split(r"  +", row) for row in report.read_text("utf-8").splitlines()]
    assert titles[:7] == [
        "Machine",
        "Profile",
        "Version",
        "Upstream",
        "Edited",
        "Conflicts",
        "To approve",
    ]
    assert [row[0] for row in rows] == ["broken", "down", "one", "two"]
    assert "not found" in rows[0][-1]
    assert "ssh" in rows[1][-1].lower()
    assert rows[2][1:7] == ["writer", "1.0.0", "current", "1", "0", "2"]
    assert rows[3][1:7] == ["writer", "1.0.0", "current", "0", "0", "2"]


@pytest.mark.needs("ansible")
def test_one_profile_through_its_life(control: Control, home: Path) -> None:
    desk = package(
        control.folder / "desk",
        **{
            "distribution.yaml": (
                "name: desk\nversion: 1.0.0\ninputs:\n  team: {}\n"
                "  token: {secret: true, env: DESK_TOKEN}\n"
            ),
            "SOUL.md": "You work for ${input:team}.\nBe brief.\nBe right.\n",
        },
    )
    log = control.folder / "asked"
    program = control.folder / "hermes-dist"
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {PROGRAM} "$@"\n')
    program.chmod(0o755)
    control.write(
        "hosts.yml",
        {
            "all": {
                "hosts": {
                    "here": {
                        "ansible_connection": "local",
                        "ansible_python_interpreter": str(ANSIBLE / "python"),
                    }
                }
            }
        },
    )

    def profile(name: str, check: bool = False, **options: object) -> dict[str, object]:
        more = {"name": "desk", "executable": str(program), **options}
        return {"name": name, "hermes.dist.hermes_profile": more, "check_mode": check}

    wanted: dict[str, object] = {
        "source": str(desk),
        "set": {"team": "search and rescue"},
        "set_secret": {"token": SECRET},
        "variables": {"DESK_KEY": SECRET},
        "held": False,
    }
    others = {**wanted, "variables": {"DESK_KEY": f"{SECRET}-2"}, "keep": ["SOUL.md"]}
    another = {**others, "set_secret": {"token": f"{SECRET}-3"}}
    says = str(desk / "SOUL.md")
    news = {
        "name": "news",
        "ansible.builtin.shell": {"cmd": f"sed -i.old s/brief/short/ {says} && rm {says}.old"},
        "changed_when": False,
        "check_mode": False,
    }
    tasks = [
        profile("foreseen", check=True, **wanted),
        profile("first", **wanted),
        profile("second", **wanted),
        news,
        profile("stays", **wanted),
        profile("latest", state="latest", **wanted),
        profile("other foreseen", check=True, **others),
        profile("other", **others),
        profile("another token", **another),
        profile("another token again", **another),
        profile("gone foreseen", check=True, state="absent"),
        profile("gone", state="absent"),
        profile("gone again", state="absent"),
        {**profile("wrong", source=f"{desk}-not-there"), "ignore_errors": True},
        {**profile("relative", source="./desk"), "ignore_errors": True},
        {**profile("mistyped", source=str(desk), approve=["abc"]), "ignore_errors": True},
        {**profile("unanswered", source=str(desk)), "ignore_errors": True},
    ]
    env = {"HOME": str(home)}
    control.write(
        "life.yml", [{"hosts": "here", "gather_facts": False, "environment": env, "tasks": tasks}]
    )
    play = control.play("life.yml", "-vvv", "--diff")
    changed = {
        str(task["name"]): play.result(str(task["name"]), "here")["changed"]
        for task in tasks
        if "hermes.dist.hermes_profile" in task
    }
    assert [name for name, was in changed.items() if was] == [
        "foreseen",
        "first",
        "latest",
        "other foreseen",
        "other",
        "another token",
        "gone foreseen",
        "gone",
    ]

    def steps(task: str) -> list[tuple[str, list[str]]]:
        return [(one["action"], one["things"]) for one in play.result(task, "here")["steps"]]

    for look, do in (("foreseen", "first"), ("other foreseen", "other")):
        assert steps(look) == steps(do)
        assert play.diff(look, "desk") == play.diff(do, "desk") != ""
    assert steps("first") == [("install", [str(desk)]), ("variables", ["DESK_KEY"])]
    assert steps("latest") == [("update", [])]
    assert steps("other") == [("keep", ["SOUL.md"]), ("variables", ["DESK_KEY"])]
    assert "has to be absolute" in play.result("relative", "here")["msg"]
    assert play.result("mistyped", "here")["msg"].startswith("profile.toml:")
    assert "-not-there" in play.result("wrong", "here")["msg"]
    assert "input team: an answer is needed" in play.result("unanswered", "here")["msg"]

    # It went through all states, and is in the trash now.
    assert not (home / ".hermes/profiles/desk").exists()
    trash = Path(play.result("gone", "here")["trash"])
    env = (trash / ".env").read_text()
    assert f"DESK_TOKEN={SECRET}-3\n" in env
    assert f"DESK_KEY={SECRET}-2\n" in env
    assert "You work for search and rescue.\nBe short.\n" in (trash / "SOUL.md").read_text()
    # The secret is there alone: in no output, no command line and no other file.
    assert SECRET not in play.said
    assert "search and rescue" not in play.said
    assert SECRET not in log.read_text()
    told = [
        path for path in home.rglob("*") if path.is_file() and SECRET in path.read_text("latin-1")
    ]
    assert told == [trash / ".env"]


@pytest.mark.needs("ansible")
def test_the_documentation_names_every_option(control: Control) -> None:
    names = [f"hermes.dist.{module}" for module in MODULES]
    pages = json.loads(control.run("ansible-doc", "--json", *names))
    script = (
        "import importlib, json, sys; sys.path.insert(0, sys.argv[1])\n"
        "at = 'ansible_collections.hermes.dist.plugins.modules.'\n"
        "found = {m: importlib.import_module(at + m) for m in sys.argv[2:]}\n"
        "print(json.dumps({n: {**m.ARGUMENTS, **m.COMMON} for n, m in found.items()}))"
    )
    known = json.loads(control.run("python", "-c", script, str(control.folder), *MODULES))
    for module, name in zip(MODULES, names, strict=True):
        _same(pages[name]["doc"]["options"], known[module])
        tasks = yaml.safe_load(pages[name]["examples"])
        assert tasks
        for task in tasks:
            assert set(task[name]) <= set(known[module])
        assert pages[name]["return"]
    role = json.loads(control.run("ansible-doc", "--json", "-t", "role", "hermes.dist.hermes_team"))
    options = role["hermes.dist.hermes_team"]["entry_points"]["main"]["options"]
    defaults = yaml.safe_load((COLLECTION / "roles/hermes_team/defaults/main.yml").read_text())
    assert {name: one["default"] for name, one in options.items()} == defaults
    # Whoever sees the example of an inventory can use it as it is.
    control.run("ansible-inventory", "-i", str(COLLECTION / "inventory/example.yml"), "--list")


def _same(told: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Compare the options of a page with those that the module takes."""
    assert set(told) == set(known)
    for name, option in known.items():
        page = told[name]
        for key in ("type", "default", "choices", "elements"):
            assert page.get(key) == option.get(key), (name, key)
        assert page.get("required", False) == option.get("required", False), name
        _same(page.get("suboptions", {}), option.get("options", {}))


def test_the_modules_import_nothing_but_the_part_of_ansible_with_a_free_license() -> None:
    """It is under the BSD license there; the rest of Ansible is under the GPL, and these files are not."""
    found = set()
    for path in COLLECTION.rglob("*.py"):
        found |= set(
            re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text("utf-8"), re.MULTILINE)
        )
    found -= {"__future__", "json", "os"}
    assert found == {
        "ansible.module_utils.basic",
        "ansible_collections.hermes.dist.plugins.module_utils.hermes_dist",
    }
