"""The front door as processes: launcher, hand-over, loops; with stand-ins for the agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hermes_dist.brand import AIGENLABS, HERMES, Layout
from hermes_dist.decide.profiles.launcher import front_door_script
from hermes_dist.ops.front_door import launcher as front_door

PACKAGE = Path(front_door.__file__).parents[2]
DUMP = f"""\
#!{sys.executable} -E
import json, os, sys
environ = {{k: v for k, v in os.environ.items()}}
print(json.dumps([os.path.abspath(__file__), sys.argv[1:], environ, os.getpid()]))
sys.exit(42)
"""


@pytest.fixture
def layout(home: Path) -> Layout:
    layout = Layout(HERMES, home / ".hermes", home)
    front_door.install(layout)
    return layout


def program(path: Path, text: str = DUMP) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def environ(layout: Layout, *folders: Path, **more: str) -> dict[str, str]:
    path = os.pathsep.join([str(layout.commands), *map(str, folders), "/usr/bin", "/bin"])
    return {"HOME": str(layout.user_home), "PATH": path, **more}


def start(
    env: dict[str, str], *args: str, launcher: Path, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(launcher), *args],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_agent_gets_words_environment_and_exit_code_unchanged(
    layout: Layout, tmp_path: Path
) -> None:
    agent = program(tmp_path / "opt" / "hermes")
    env = environ(
        layout,
        agent.parent,
        HERMES_HOME="/x/profiles/Not A Name",
        ODD="\udcff\n",
        LANG="C",
        PYTHONPATH="",
    )
    words = ("-p", "coder", "chat", "-q", "two words", "", "--", "*", "\udcfe")
    process = subprocess.Popen([str(layout.launcher), *words], env=env, stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    reached, got, seen, pid = json.loads(out)
    assert reached == str(agent)
    assert tuple(got) == words
    assert pid == process.pid
    assert seen.pop("HERMES_DIST_EXEC") == str(pid)
    seen.pop("LC_CTYPE", None)  # the stand-in is a Python in the C locale itself
    assert {k: v for k, v in seen.items() if k not in {"_", "PWD", "SHLVL", "OLDPWD"}} == env
    assert process.returncode == 42


def test_the_locale_that_python_coerces_is_not_handed_on(layout: Layout, tmp_path: Path) -> None:
    agent = program(tmp_path / "opt" / "hermes", "#!/bin/sh\nenv\n")
    env = environ(layout, agent.parent)
    assert "LC_CTYPE" not in start(env, "chat", launcher=layout.launcher).stdout
    assert (
        "LC_CTYPE=C.UTF-8"
        in start({**env, "LC_CTYPE": "C.UTF-8"}, "chat", launcher=layout.launcher).stdout
    )


def test_the_folder_one_stands_in_can_not_put_itself_in_the_way(
    layout: Layout, tmp_path: Path
) -> None:
    agent = program(tmp_path / "opt" / "hermes")
    here = tmp_path / "downloads"
    for name in ("hermes_dist", "hermes_cli"):
        program(here / name / "__init__.py", "raise SystemExit('trapped')")
        program(here / name / "main.py", "raise SystemExit('trapped')")
    program(here / "hermes", "#!/bin/sh\necho trapped\n")
    env = environ(layout, agent.parent)
    env["PATH"] = ":" + env["PATH"]
    done = start(env, "chat", launcher=layout.launcher, cwd=here)
    assert json.loads(done.stdout)[0] == str(agent)


def test_a_stale_sign_of_another_process_is_no_loop(layout: Layout, tmp_path: Path) -> None:
    agent = program(tmp_path / "opt" / "hermes")
    done = start(
        environ(layout, agent.parent, HERMES_DIST_EXEC=str(os.getpid())),
        "chat",
        launcher=layout.launcher,
    )
    assert json.loads(done.stdout)[0] == str(agent)


def test_a_child_of_the_agent_may_come_through_the_front_door_again(
    layout: Layout, tmp_path: Path
) -> None:
    agent = program(
        tmp_path / "opt" / "hermes",
        '#!/bin/sh\n[ "$1" = inner ] && echo reached && exit 5\nhermes inner\nexit $?\n',
    )
    done = start(environ(layout, agent.parent), "chat", launcher=layout.launcher)
    assert (done.returncode, done.stdout) == (5, "reached\n")


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_without_an_agent_there_is_one_sentence_with_the_way_to_get_it_and_127(
    layout: Layout,
) -> None:
    said = one_sentence(start(environ(layout), "chat", launcher=layout.launcher))
    assert "Hermes Agent is not installed" in said
    assert "pip install hermes-agent" in said
    assert "HERMES_AGENT_BIN" in said


def test_an_agent_that_leads_back_here_is_a_loop_and_ends_with_127(
    layout: Layout, tmp_path: Path
) -> None:
    wrapper = program(tmp_path / "opt" / "my-hermes", '#!/bin/sh\nexec hermes "$@"\n')
    env = environ(layout, HERMES_AGENT_BIN=str(wrapper))
    assert "starts hermes-dist again" in one_sentence(start(env, "chat", launcher=layout.launcher))


@pytest.fixture
def other_install(tmp_path: Path) -> Path:
    """The launcher of a second installation, in a virtual environment of its own."""
    venv = tmp_path / "other"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(venv)], check=True
    )
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "dist.pth").write_text(f"{PACKAGE.parent}\n")
    python = str(venv / "bin" / "python")
    return program(
        tmp_path / "second" / "hermes",
        front_door_script(HERMES, python, str(PACKAGE / "__main__.py"), []),
    )


def test_two_installations_of_ours_do_not_lead_into_each_other(
    layout: Layout, other_install: Path, tmp_path: Path
) -> None:
    agent = program(tmp_path / "opt" / "hermes")
    both = environ(layout, other_install.parent, agent.parent)
    neither = environ(layout, other_install.parent)
    for launcher in (layout.launcher, other_install):
        assert json.loads(start(both, "chat", launcher=launcher).stdout)[0] == str(agent)
        assert "not installed" in one_sentence(start(neither, "chat", launcher=launcher))
        named = {**both, "HERMES_AGENT_BIN": str(other_install)}
        assert json.loads(start(named, "chat", launcher=launcher).stdout)[0] == str(agent)


def test_a_front_door_in_front_of_the_other_installation_finds_no_agent_there(
    layout: Layout, other_install: Path
) -> None:
    front_door.install(layout, other_install.parent)
    env = environ(layout, other_install.parent)
    for launcher in (layout.launcher, other_install):
        assert "not installed" in one_sentence(start(env, "chat", launcher=launcher))


def test_the_command_that_the_front_door_replaced_is_the_agent_behind_it(
    home: Path, tmp_path: Path
) -> None:
    layout = Layout(HERMES, home / ".hermes", home)
    program(layout.launcher)
    front_door.install(layout)
    reached, words, _, _ = json.loads(
        start(environ(layout), "chat", launcher=layout.launcher).stdout
    )
    assert reached.startswith(str(layout.shared))
    assert words == ["chat"]
    front_door.remove(layout)
    assert json.loads(start(environ(layout), "chat", launcher=layout.launcher).stdout)[0] == str(
        layout.launcher
    )


def test_the_rebranded_agent_has_its_own_front_door_places_and_variables(
    home: Path, tmp_path: Path
) -> None:
    layout = Layout(AIGENLABS, home / ".aigenlabs", home)
    front_door.install(layout)
    program(tmp_path / "opt" / "hermes")
    agent = program(layout.agent_venvs()[0])
    done = start(environ(layout, tmp_path / "opt"), "chat", launcher=layout.launcher)
    reached, _, seen, pid = json.loads(done.stdout)
    assert (reached, seen["AIGENLABS_DIST_EXEC"]) == (str(agent), str(pid))
    assert "HERMES_DIST_EXEC" not in seen
    agent.unlink()
    said = one_sentence(start(environ(layout, tmp_path / "opt"), "chat", launcher=layout.launcher))
    assert "Aigenlabs Agent is not installed" in said
    assert "AIGENLABS_AGENT_BIN" in said
