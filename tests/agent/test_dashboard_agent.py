"""The tab Packages in the dashboards of real agents: listed, guarded, answering, and whole after a crash."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from dashboards import TAB, TOKEN, Dashboard, authored, json_of, ours, running
from gitrepo import PACKAGE, Repo
from partners import V22, Generation

pytestmark = pytest.mark.slow
KEY = "sk-" + "Ab3dEf6hIj9" * 4
JSON = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, generation: Generation) -> Path:
    """A home with a profile of two releases, of which it has the first, and an empty profile."""
    return furnished(tmp_path_factory.mktemp(f"home{generation.name}"))


def furnished(home: Path) -> Path:
    """The same in a folder of one's own: the agent knows which home a running dashboard serves."""
    (home / ".hermes").mkdir()
    (home / ".hermes" / "config.yaml").write_text("# mine\nmodel: gpt-5  # stays\n")
    with authored():
        repo = Repo(home / "bot")
        repo.commit(PACKAGE)
        ours(home, "install", f"file://{repo.path}", "--name", "coder", "-y")
        ours(home, "create", "writer", "--no-alias")
        repo.commit({"SOUL.md": "You are a better bot.\n"})
    ours(home, "dashboard", "install", "--yes", "--enable")
    return home


@pytest.fixture(scope="module")
def dashboard(generation: Generation, place: Path) -> Iterator[Dashboard]:
    with running(generation, place) as started:
        yield started


def test_the_tab_is_listed_and_its_files_are_served_and_no_other(dashboard: Dashboard) -> None:
    [tab] = [
        each
        for each in dashboard.get("/api/dashboard/plugins")
        if each["name"] == "hermes-dist-packages"
    ]
    assert (tab["label"], tab["tab"]["path"], tab["has_api"]) == ("Packages", "/packages", True)
    assets = "/dashboard-plugins/hermes-dist-packages"
    for name in (tab["entry"], tab["css"]):
        assert dashboard.send("GET", f"{assets}/{name}")[0] == 200
    for name in ("plugin_api.py", "../program.json", "..%2fprogram.json", "../hermes-dist.json"):
        status, data = dashboard.send("GET", f"{assets}/{name}")
        assert status in {403, 404} or b"argv" not in data


def test_it_answers_with_the_session_alone(dashboard: Dashboard) -> None:
    for session in (None, "", "wrong", f"{TOKEN}x"):
        assert dashboard.send("POST", f"{TAB}/list", b"{}", session=session, **JSON)[0] == 401
    assert (
        dashboard.send("POST", f"{TAB}/list?token={TOKEN}", b"{}", session=None, **JSON)[0] == 401
    )
    assert dashboard.send("POST", f"{TAB}/list", b"{}", **JSON)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example"},
    ],
)
def test_another_sites_page_and_another_name_are_refused(
    dashboard: Dashboard, headers: dict[str, str]
) -> None:
    status, data = dashboard.send("POST", f"{TAB}/list", b"{}", **JSON, **headers)
    assert status in {400, 403}
    assert b"profiles" not in data


def test_its_own_page_is_answered(dashboard: Dashboard) -> None:
    own = {"Origin": dashboard.url, "Sec_Fetch_Site": "same-origin"}
    assert dashboard.send("POST", f"{TAB}/list", b"{}", **JSON, **own)[0] == 200


def test_what_it_says_is_what_the_commands_say(dashboard: Dashboard, place: Path) -> None:
    status, reply = dashboard.ask("list")
    assert status == 200
    assert reply["data"] == json_of(place, "list")
    for profile in ("coder", "default"):
        status, reply = dashboard.ask("status", profile)
        assert status == 200, reply
        assert reply["profile"] == profile
    assert dashboard.ask("status", "coder")[1]["data"] == json_of(place, "status", "coder")


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("list", b"", 400),
        ("list", b"{", 400),
        ("list", b"[]", 400),
        ("list", b'{"fields": {"rm": "-rf"}}', 400),
        ("list", b'{"unknown": 1}', 400),
        ("list", b"[" * 100_000, 400),
        ("status", b'{"profile": "../../etc"}', 400),
        ("status", b'{"profile": "nobody"}', 404),
        ("status", b'{"profile": "--help"}', 400),
        ("nothing", b"{}", 404),
        ("..%2f..%2fetc", b"{}", 404),
        ("--help", b"{}", 404),
    ],
)
def test_what_is_no_request_of_ours_is_refused(
    dashboard: Dashboard, name: str, body: bytes, status: int
) -> None:
    found, data = dashboard.send("POST", f"{TAB}/{name}", body, **JSON)
    assert found == status, data
    assert json.loads(data)["error"]["error"]["message"]


def test_a_body_without_end_and_a_form_are_refused(dashboard: Dashboard) -> None:
    large = b'{"fields": "' + b"x" * (9 * 1024 * 1024) + b'"}'
    assert dashboard.send("POST", f"{TAB}/list", large, **JSON)[0] == 413
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert dashboard.send("POST", f"{TAB}/list", b"{}", Content_Type=kind)[0] == 415
    for method in ("GET", "PUT", "DELETE"):
        assert dashboard.send(method, f"{TAB}/list")[0] == 405


def test_an_old_state_writes_nothing(dashboard: Dashboard, place: Path) -> None:
    state = dashboard.ask("status", "coder")[1]["state"]
    status, reply = dashboard.ask("hold", "coder", state=state)
    assert status == 200, reply
    lock = place / ".hermes" / "profiles" / "coder" / "distribution.lock"
    before = lock.read_bytes()
    status, reply = dashboard.ask("unhold", "coder", state=state)
    assert status == 409
    assert reply["error"]["error"]["message"]
    assert lock.read_bytes() == before
    status, reply = dashboard.ask("unhold", "coder", state=reply["state"])
    assert status == 200, reply


def test_an_update_is_previewed_agreed_to_and_followed(dashboard: Dashboard, place: Path) -> None:
    soul = place / ".hermes" / "profiles" / "coder" / "SOUL.md"
    status, shown = dashboard.ask(
        "update", "coder", state=_state(dashboard), fields={"dry_run": True}
    )
    assert status == 200, shown
    assert soul.read_text() == "You are a bot.\n"
    events = dashboard.follow("update", "coder", state=shown["state"], plan=shown["plan"])
    assert {kind for kind, _ in events[:-1]} <= {"progress"}
    kind, reply = events[-1]
    assert (kind, reply["status"]) == ("reply", 200), reply
    assert soul.read_text() == "You are a better bot.\n"


def _state(dashboard: Dashboard) -> str:
    return str(dashboard.ask("status", "coder")[1]["state"])


def test_many_requests_at_once_are_all_answered_or_told_to_wait(dashboard: Dashboard) -> None:
    found: list[int] = []

    def ask() -> None:
        found.append(dashboard.ask("list")[0])

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert len(found) == 40
    assert set(found) <= {200, 503}
    assert found.count(200) >= 32


def test_the_agent_finds_no_fault_with_the_folder(place: Path, generation: Generation) -> None:
    folder = place / ".hermes" / "plugins" / "hermes-dist-packages"
    hermes = str(generation.venv / "bin" / "hermes")
    env = {"HOME": str(place), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [hermes, *words], env=env, capture_output=True, text=True, check=False, timeout=120
        )

    listed = run("plugins", "list")
    assert "hermes-dist-packages" in listed.stdout, listed
    if generation is V22:
        checked = run("plugins", "validate", str(folder))
        assert checked.returncode == 0, checked.stdout
        assert "security scan — safe" in checked.stdout


_AMONG_IMPORTS = """
import importlib.util, sys, threading, types
spec = importlib.util.spec_from_file_location("tab", sys.argv[1])
tab = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tab)
request = types.SimpleNamespace(headers={"host": "127.0.0.1:1"}, app=types.SimpleNamespace())

def imports():
    for number in range(20_000):
        sys.modules[f"made_{number}"] = sys

sys.setswitchinterval(1e-6)
importing = threading.Thread(target=imports)
importing.start()
while importing.is_alive():
    tab.refuse_strangers(request)
"""


def test_requests_while_the_agent_imports_something_are_answered(
    place: Path, generation: Generation
) -> None:
    api = place / ".hermes/plugins/hermes-dist-packages/dashboard/plugin_api.py"
    python = str(generation.venv / "bin" / "python")
    done = subprocess.run(
        [python, "-c", _AMONG_IMPORTS, str(api)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


_TELLS = """
import json, os, sys
ask = json.load(sys.stdin)
told = {"env": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd()}
print(json.dumps({"reply": {"status": 200, "body": {"data": told}}}))
"""


def test_no_key_of_the_dashboard_reaches_the_program_and_nothing_of_a_request_its_words(
    generation: Generation, tmp_path: Path
) -> None:
    home = furnished(tmp_path)
    (home / ".hermes" / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    with (home / ".hermes" / "config.yaml").open("a") as config:
        config.write("LD_PRELOAD: /nowhere.so\nGIT_SSH_COMMAND: /nowhere/ssh\n")
    path = home / ".hermes/plugins/hermes-dist-packages/program.json"
    program = json.loads(path.read_text())
    program["argv"] = [program["argv"][0], "-c", _TELLS]
    path.write_text(json.dumps(program))
    with running(
        generation, home, ANTHROPIC_API_KEY=KEY, HERMES_HOME=str(home / ".hermes")
    ) as dashboard:
        status, reply = dashboard.ask("--name", "--profile", fields={"--field": "--value"})
    assert status == 200
    told = reply["data"]
    assert told["argv"] == []
    assert told["env"]["HERMES_HOME"] == str(home / ".hermes")
    assert told["env"]["HOME"] == str(home)
    assert KEY not in json.dumps(told)
    for name in ("LD_PRELOAD", "GIT_SSH_COMMAND", "HERMES_DASHBOARD_SESSION_TOKEN", "PYTHONPATH"):
        assert name not in told["env"]


def test_what_the_program_does_wrong_is_an_answer(dashboard: Dashboard, place: Path) -> None:
    path = place / ".hermes/plugins/hermes-dist-packages/program.json"
    whole = path.read_text()
    program = json.loads(whole)
    python = program["argv"][0]
    try:
        for argv, status in (
            ([python, "-c", "print('no json')"], 502),
            ([python, "-c", ""], 502),
            ([python, "-c", "raise SystemExit(3)"], 502),
            ([python, "-c", "print('[]')"], 502),
            (["/nowhere/python"], 503),
        ):
            path.write_text(json.dumps({**program, "argv": argv}))
            found, reply = dashboard.ask("list")
            assert found == status, argv
            assert "hermes-dist" in reply["error"]["error"]["message"]
        damages: tuple[object, ...] = (
            *([], {}, {"argv": []}, {"argv": [], "variables": []}, {"argv": 1, "variables": []}),
            {"argv": [1], "variables": [{}]},
        )
        for damaged in ("", "{", *map(json.dumps, damages)):
            path.write_text(damaged)
            assert dashboard.ask("list")[0] == 503, damaged
        path.unlink()
        assert dashboard.ask("list")[0] == 503
    finally:
        path.write_text(whole)
    assert dashboard.ask("list")[0] == 200


MANY = 800


def _release(text: str) -> dict[str, str]:
    return {f"skills/many/notes/{number:04}.md": f"{text} {number}\n" for number in range(MANY)}


def test_a_dashboard_that_is_killed_in_the_middle_of_an_update_lets_the_program_end(
    generation: Generation, tmp_path: Path
) -> None:
    home = _with_a_release(tmp_path)
    with running(generation, home) as dashboard, _half_written(dashboard, home) as programs:
        dashboard.kill()
        _wait_for(programs)
    assert _notes(home) == {"new"}
    with running(generation, home) as dashboard:
        status, reply = dashboard.ask("status", "coder")
        assert status == 200, reply
        assert reply["data"] == json_of(home, "status", "coder")


def test_a_dashboard_and_a_program_killed_in_the_middle_of_an_update_leave_a_whole_home(
    generation: Generation, tmp_path: Path
) -> None:
    home = _with_a_release(tmp_path)
    with running(generation, home) as dashboard, _half_written(dashboard, home) as programs:
        dashboard.kill()
        for program in programs:
            program.kill()
        _wait_for(programs)
    assert _notes(home) in ({"old"}, {"new"})


def test_a_dashboard_that_is_interrupted_while_nobody_listens_lets_the_program_end(
    generation: Generation, tmp_path: Path
) -> None:
    home = _with_a_release(tmp_path)
    with running(generation, home) as dashboard:
        with _half_written(dashboard, home) as programs:
            pass  # the page goes
        os.killpg(dashboard.process.pid, signal.SIGINT)
        dashboard.process.wait(60)
        _wait_for(programs)
    assert _notes(home) == {"new"}


def _with_a_release(tmp_path: Path) -> Path:
    """A home with a profile of many files, of which a release waits that changes all of them."""
    home = tmp_path / "home"
    (home / ".hermes").mkdir(parents=True)
    repo = Repo(home / "bot")
    skill = {"skills/many/SKILL.md": "---\nname: many\n---\nMany.\n"}
    repo.commit({**PACKAGE, **skill, **_release("old")})
    ours(home, "install", f"file://{repo.path}", "--name", "coder", "-y")
    repo.commit(_release("new"))
    ours(home, "dashboard", "install", "--yes", "--enable")
    return home


@contextmanager
def _half_written(dashboard: Dashboard, home: Path) -> Iterator[list[psutil.Process]]:
    """The programs of an update that is in the middle of its work, while a page listens."""
    status, shown = dashboard.ask(
        "update", "coder", state=_state(dashboard), fields={"dry_run": True}
    )
    assert status == 200, shown
    page = _begun(dashboard, shown)
    yield _until_it_writes(dashboard, _coder(home))
    page.close()


def _coder(home: Path) -> Path:
    return home / ".hermes" / "profiles" / "coder"


def _wait_for(programs: list[psutil.Process]) -> None:
    psutil.wait_procs(programs, timeout=60)
    assert not any(program.is_running() for program in programs)


def _notes(home: Path) -> set[str]:
    """What the many files say; the next command finishes, or undoes, what was begun."""
    ours(home, "status", "coder", ok=False)
    notes = list(_coder(home).glob("skills/many/notes/*.md"))
    assert len(notes) == MANY
    assert not (_coder(home) / ".dist" / "txn").exists()
    assert json_of(home, "verify", "coder")["profile"] == "coder"
    return {path.read_text().split()[0] for path in notes}


def _begun(dashboard: Dashboard, shown: dict[str, Any]) -> http.client.HTTPConnection:
    """Begin an update, as a page does that follows it; nobody reads what comes back."""
    page = http.client.HTTPConnection("127.0.0.1", dashboard.port)
    ask = {"profile": "coder", "state": shown["state"], "plan": shown["plan"]}
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "X-Hermes-Session-Token": TOKEN,
    }
    page.request("POST", f"{TAB}/update", json.dumps(ask), headers)
    return page


def _until_it_writes(dashboard: Dashboard, home: Path) -> list[psutil.Process]:
    """Wait until the update is writing; return the programs of ours that the dashboard started."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (home / ".dist" / "txn").exists():
            return [
                each
                for each in psutil.Process(dashboard.process.pid).children(recursive=True)
                if "answer" in each.cmdline()
            ]
        time.sleep(0.001)
    raise AssertionError("the update did not begin")


def test_where_plugins_run_in_a_process_of_their_own_all_profiles_are_answered(
    generation: Generation, tmp_path: Path
) -> None:
    home = furnished(tmp_path)
    config = home / ".hermes" / "config.yaml"
    config.write_text(config.read_text().replace("plugins:\n", "plugins:\n  isolation: host\n", 1))
    assert "isolation: host" in config.read_text()
    with running(generation, home) as dashboard:
        for profile in ("default", "coder", "writer"):
            status, reply = dashboard.ask("status", profile)
            assert (status, reply["profile"]) == (200, profile), reply
        own = {"Origin": dashboard.url, "Sec_Fetch_Site": "same-origin"}
        assert dashboard.send("POST", f"{TAB}/list", b"{}", **JSON, **own)[0] == 200
        assert dashboard.send("POST", f"{TAB}/list", b"{}", session=None, **JSON)[0] == 401
        evil = {"Sec_Fetch_Site": "cross-site"}
        assert dashboard.send("POST", f"{TAB}/list", b"{}", **JSON, **evil)[0] == 403


def test_the_dashboard_of_one_profile_does_not_take_that_away(
    generation: Generation, tmp_path: Path
) -> None:
    """It would go on in a home that is gone; other profiles are none of its concern."""
    home = furnished(tmp_path)
    root = home / ".hermes"
    writer = root / "profiles" / "writer"
    # A clone of the default profile has the tab, too.
    shutil.copytree(root / "plugins", writer / "plugins", dirs_exist_ok=True)
    shutil.copy(root / "config.yaml", writer / "config.yaml")
    with running(generation, home, 0, "-p", "writer", "--isolated") as dashboard:
        for name, fields in (("delete", {}), ("rename", {"name": "essays"})):
            status, reply = asked_for(dashboard, name, "writer", **fields)
            assert status == 423, reply
            error = reply["error"]["error"]
            assert "started by the dashboard of this profile itself" in error["message"]
            assert "terminal of your own" in error["hint"]
        assert asked_for(dashboard, "delete", "coder")[0] == 200
        assert writer.is_dir()


def test_the_dashboard_of_the_machine_takes_away_the_profile_that_it_began_with(
    generation: Generation, tmp_path: Path
) -> None:
    home = furnished(tmp_path)
    with running(generation, home, 0, "-p", "default", "--open-profile", "writer") as dashboard:
        status, preview = asked_for(dashboard, "delete", "writer")
        assert status == 200, preview
        plan = {"plan": preview["plan"], "state": preview["state"]}
        status, reply = dashboard.ask("delete", "writer", **plan)
        assert (status, reply["state"]) == (200, ""), reply
        time.sleep(1)
        assert not (home / ".hermes" / "profiles" / "writer").exists()
        assert dashboard.ask("status", "writer")[0] == 404
        assert [each["name"] for each in dashboard.ask("list")[1]["data"]["profiles"]] == [
            "default",
            "coder",
        ]


def asked_for(dashboard: Dashboard, name: str, profile: str, /, **fields: Any) -> tuple[int, Any]:
    """The preview of a change."""
    state = dashboard.ask("status", profile)[1]["state"]
    return dashboard.ask(name, profile, state=state, fields={"dry_run": True, **fields})
