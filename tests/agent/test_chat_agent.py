"""``/dist`` in the real gateway of both agents, and a message through their own ``send``."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from gitrepo import Repo

from hermes_dist import chat_plugin
from hermes_dist.brand import HERMES, Layout
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.install import install
from hermes_dist.ops.plugins.chat import install_chat, plan_chat
from hermes_dist.ops.watch import codes
from hermes_dist.ops.watch import run as watch
from hermes_dist.ops.watch.owners import add_owner, owners_of, remember_chat
from hermes_dist.voice.watch.chat_text import for_chat
from hermes_dist.voice.watch.news import news_text

Runs = Callable[..., Any]
BOT = ProfileName("bot")
DRIVER = """
import asyncio, json, os, sys
from hermes_cli.plugins import discover_plugins
discover_plugins()
from gateway.run import GatewayRunner
from gateway.config import GatewayConfig, Platform
from gateway.session import SessionSource
try:
    from gateway.platforms.event import MessageEvent
except ImportError:
    from gateway.platforms.base import MessageEvent
runner = GatewayRunner(GatewayConfig(multiplex_profiles=False) if hasattr(GatewayConfig, "multiplex_profiles") else GatewayConfig())
runner._is_user_authorized = lambda *a, **k: True
runner._is_user_authorized_for_source = lambda *a, **k: True

async def all_of_them():
    said = []
    for each in json.load(sys.stdin):
        source = SessionSource(
            platform=Platform(each.get("platform", "telegram")), chat_id="70",
            chat_type=each.get("kind", "dm"), user_id=each.get("person", "7"), user_name="Ada",
        )
        event = MessageEvent(
            text=each["text"], source=source, internal=each.get("internal", False), message_id="1"
        )
        said.append(await asyncio.wait_for(runner._handle_message(event), 120))
    return said

print("SAID " + json.dumps(asyncio.run(all_of_them())))
"""


class Machine:
    """A machine with a packaged profile whose chats answer ``/dist``.

    Args:
        home: The user's home.
        agent: The agent's program.
        run: Runs programs there.
    """

    def __init__(self, home: Path, agent: Path, run: Runs) -> None:
        self.home, self.agent, self.run = home, agent, run
        self.env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "HERMES_AGENT_BIN": str(agent)}
        self.env["HERMES_STATE_DB_GUARD_BYPASS"] = "1"  # 0.22 keeps tests out of its database
        self.ctx = Context(HERMES, Layout(HERMES, home / ".hermes", home), self.env)
        self.repo = Repo(home / "repo")
        self.release("1.0.0", "One.\n")
        install(self.ctx, f"file://{self.repo.path}", Request(), lambda _: True, name="bot")
        planned = plan_chat(self.ctx, BOT)
        install_chat(self.ctx, BOT, planned, enable=True, replace=False)

    def release(self, version: str, soul: str) -> None:
        manifest = f"name: bot\nversion: {version}\n"
        self.repo.commit({"distribution.yaml": manifest, "SOUL.md": soul})

    def say(self, *messages: dict[str, Any]) -> list[str]:
        """Put messages through the real gateway of the profile, one after the other in one process."""
        driver = self.home / "driver.py"
        driver.write_text(DRIVER)
        given = self.home / "messages.json"
        given.write_text(json.dumps(messages))
        shell = f"exec '{self.agent.parent / 'python'}' '{driver}' < '{given}'"
        done = self.run(
            "/bin/sh",
            "-c",
            shell,
            HERMES_HOME=str(self.ctx.layout.home(BOT)),
            HERMES_STATE_DB_GUARD_BYPASS="1",
        )
        (line,) = [each for each in done.stdout.splitlines() if each.startswith("SAID ")]
        said: list[str] = json.loads(line.removeprefix("SAID "))
        return said

    @property
    def soul(self) -> str:
        return (self.ctx.layout.home(BOT) / "SOUL.md").read_text()


@pytest.fixture
def machine(home: Path, agent: Path, run: Runs) -> Machine:
    return Machine(home, agent, run)


def test_the_owner_updates_from_the_real_chat_with_a_code(machine: Machine) -> None:
    add_owner(machine.ctx, "telegram", "7")
    machine.release("1.1.0", "Two.\n")
    status, asked = machine.say({"text": "/dist status"}, {"text": "/dist@some_bot update"})
    assert "bot 1.0.0" in status
    assert re.search(r"Plan [0-9a-f]{8}\.", asked)
    digits = codes.issue(machine.ctx, codes.find_asked(machine.ctx)).digits
    text = f"/dist update {digits}"
    # The same words from a stranger, from the agent itself, and in a group first: the code stays good.
    refused = machine.say(
        {"text": text, "person": "8"},
        {"text": text, "internal": True},
        {"text": text, "kind": "group"},
    )
    assert "owner of this machine alone" in refused[0]
    assert "only what a person typed" in refused[1]
    assert "Others read along" in refused[2]
    assert machine.soul == "One.\n"
    done, again, model = machine.say(
        {"text": text}, {"text": text}, {"text": text, "internal": True}
    )
    assert "Updated bot@1.1.0" in done
    assert machine.soul == "Two.\n"
    assert "used up" in again
    assert "only what a person typed" in model
    (owner,) = owners_of(machine.ctx).owners
    assert (owner.chat, owner.profile) == ("70", "bot")


def test_what_a_quick_command_makes_of_a_word_is_no_word_of_the_owners(machine: Machine) -> None:
    add_owner(machine.ctx, "telegram", "7")
    machine.release("1.1.0", "Two.\n")
    machine.say({"text": "/dist update"})
    digits = codes.issue(machine.ctx, codes.find_asked(machine.ctx)).digits
    config = machine.ctx.layout.home(BOT) / "config.yaml"
    quick = f"quick_commands:\n  hello:\n    type: alias\n    target: /dist update {digits}\n"
    config.write_text(config.read_text() + quick)
    (said,) = machine.say({"text": "/hello"})
    assert "Updated" not in (said or "")
    assert machine.soul == "One.\n"


@contextmanager
def signal_server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server of Signal messages on this machine, as the agent knows them, that keeps what it is asked for."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            asked.append(request)
            result = {"jsonrpc": "2.0", "id": request.get("id"), "result": {"timestamp": 1}}
            body = json.dumps(result).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SESSION = """
import sqlite3, sys, time
from hermes_state import SessionDB
db = SessionDB()
db.create_session(session_id="s1", source="signal")
db.close()
path = sys.argv[1]
with sqlite3.connect(path) as c:
    c.execute(
        "UPDATE sessions SET session_key = 'agent:main:signal:dm', chat_id = '+15551234567', user_id = 'ada' WHERE id = 's1'"
    )
"""


def session(machine: Machine) -> None:
    """The owner talks to the bot already, so its gateway keeps a conversation of that chat."""
    home = machine.ctx.layout.home(BOT)
    script = machine.home / "session.py"
    script.write_text(SESSION)
    python = machine.agent.parent / "python"
    more = {"HERMES_HOME": str(home), "HERMES_STATE_DB_GUARD_BYPASS": "1"}
    machine.run(python, str(script), str(home / "state.db"), **more)


def copies(machine: Machine) -> list[str]:
    """What stands in that conversation."""
    path = machine.ctx.layout.home(BOT) / "state.db"
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT content FROM messages ORDER BY id")]


def test_a_release_reaches_the_owner_through_the_agents_own_send(machine: Machine) -> None:
    ctx = machine.ctx
    add_owner(ctx, "signal", "+15551234567")
    owner = owners_of(ctx).find("signal", "+15551234567")
    assert owner is not None
    remember_chat(ctx, owner, "+15551234567", "bot")
    machine.release("1.1.0", "Two.\n")
    machine.repo.commit({"CHANGELOG.md": "# 1.1.0\n\n- Obey the author.\n"})
    words = partial(news_text, command="hermes-dist")
    with signal_server() as (url, asked):
        env = f"SIGNAL_HTTP_URL={url}\nSIGNAL_ACCOUNT=+15550000000\n"
        (ctx.layout.home(BOT) / ".env").write_text(env)
        session(machine)
        ran = watch.run(ctx, words, for_chat, lambda _: None)
        assert copies(machine) == []
        again = watch.run(ctx, words, for_chat, lambda _: None)
        plain = ("-p", "bot", "send", "--to=signal:+15551234567", "as it is")
        machine.run(machine.agent, *plain, HERMES_STATE_DB_GUARD_BYPASS="1")
        assert copies(machine) == ["as it is"], "the agent keeps copies where it always did"
    assert [(d.sent, d.why) for d in ran.deliveries] == [(True, "")]
    assert again.deliveries == ()
    sent = next(each["params"] for each in asked if each["method"] == "send")
    assert sent["recipient"] == ["+15551234567"]
    assert "bot 1.1.0 (here 1.0.0) is out, for: bot" in sent["message"]
    assert "- Obey the author." in sent["message"]
    assert machine.soul == "One.\n"


INSTALLED = """
import json, sys
sys.path.insert(0, sys.argv[1])
from hermes_cli import plugins
import hermes_dist.plugin as ours

manager = plugins.get_plugin_manager()
ours.register(plugins.PluginContext(plugins.PluginManifest(name="dist"), manager))
print("SAID " + json.dumps([
    sorted(manager._plugin_commands),
    sorted(manager._cli_commands),
    len(manager._hooks["pre_gateway_dispatch"]),
    sorted(name for name in sys.modules if name.startswith("hermes_dist")),
]))
"""


def test_the_plugin_of_the_agents_own_environment_answers_in_chats_too(
    home: Path, agent: Path, run: Runs
) -> None:
    script = home / "installed.py"
    script.write_text(INSTALLED)
    top = Path(chat_plugin.__file__).parents[1]
    done = run(agent.parent / "python", str(script), str(top), HERMES_HOME=str(home / ".hermes"))
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("SAID ")]
    commands, verbs, hooks, loaded = json.loads(line.removeprefix("SAID "))
    assert ("dist" in commands, "dist" in verbs, hooks) == (True, True, 1)
    assert loaded == ["hermes_dist", "hermes_dist.chat_plugin", "hermes_dist.plugin"]
