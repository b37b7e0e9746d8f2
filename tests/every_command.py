"""Every command with arguments that lead it through a home with all there is: for checks that hold for each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import forked
from gitrepo import Repo
from shelf_of import Shelf

HOSTILE = Path(__file__).parent / "data" / "hostile"
EVIL = "\x1b[31mred\x1b[0m\x1b]0;owned\x07\r\x08\u202e\u009b2J\u2028✓ signed"
"""Escape codes, a bell, a carriage return, a backspace, a direction override, a C1 control and a line separator."""
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
"""What a terminal obeys or hides instead of showing it."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "install": ("install", "{source}", "-y", "--name", "other", "-v"),
    "install (dry run)": ("install", "{source}", "-n", "--name", "other"),
    "install (taken)": ("install", "{source}", "-y"),
    "update": ("update", "evil", "-y", "-v"),
    "update (dry run)": ("update", "evil", "-n"),
    "update (one part)": ("update", "evil", "-y", "--only", "skills"),
    "update (abort)": ("update", "evil", "--abort", "-y"),
    "update (all)": ("update", "--all", "-y"),
    "update (no ref)": ("update", "evil", "--to", EVIL, "-y"),
    "outdated": ("outdated",),
    "status": ("status", "evil"),
    "status (all)": ("status", "--all"),
    "diff": ("diff", "evil"),
    "diff (place)": ("diff", "evil", "SOUL.md", "--stat"),
    "diff (generations)": ("diff", "evil", "--generations", "0.."),
    "diff (unknown)": ("diff", "evil", EVIL),
    "diff (upstream)": ("diff", "evil", "--upstream"),
    "info": ("info", "evil"),
    "resolve": ("resolve", "evil", "--theirs"),
    "resolve (list)": ("resolve", "evil", "--list"),
    "resolve (show)": ("resolve", "evil", "SOUL.md", "--show"),
    "resolve (unknown)": ("resolve", "evil", EVIL, "--ours"),
    "tree": ("tree", "evil"),
    "why": ("why", "evil", "SOUL.md"),
    "why (key)": ("why", "evil", "model.default"),
    "why (unknown)": ("why", "evil", EVIL),
    "owns": ("owns", "evil", "evil"),
    "owns (unknown)": ("owns", "evil", EVIL),
    "layer add": ("layer", "add", "evil", "{source}", "-y"),
    "layer add (unknown)": ("layer", "add", "evil", EVIL, "-y"),
    "layer remove": ("layer", "remove", "evil", EVIL, "-y"),
    "layer list": ("layer", "list", "evil"),
    "keep": ("keep", "evil", "SOUL.md"),
    "keep (list)": ("keep", "evil"),
    "keep (unknown)": ("keep", "evil", EVIL),
    "unkeep": ("unkeep", "evil", "SOUL.md"),
    "discard": ("discard", "evil", "--all", "-y"),
    "discard (dry run)": ("discard", "evil", "--all", "-n"),
    "discard (unknown)": ("discard", "evil", EVIL),
    "approve": ("approve", "evil", "-y"),
    "approve (nobody)": ("approve", "evil"),
    "approve (list)": ("approve", "evil", "--list"),
    "approve (show)": ("approve", "evil", "config.yaml", "--show"),
    "approve (revoke)": ("approve", "evil", EVIL, "--revoke", "-y"),
    "approve (unknown)": ("approve", "evil", EVIL, "-y"),
    "history": ("history", "evil", "-v"),
    "history (one)": ("history", "evil", "2"),
    "rollback": ("rollback", "evil", "-y"),
    "undo": ("undo", "evil", "-y"),
    "undo (unknown)": ("undo", EVIL),
    "hold": ("hold", "evil"),
    "unhold": ("unhold", "evil"),
    "uninstall": ("uninstall", "evil", "-y"),
    "uninstall (dry run)": ("uninstall", "evil", "-n"),
    "adopt": ("adopt", "agents", "-y"),
    "verify": ("verify", "evil"),
    "gc": ("gc",),
    "overview": ("overview",),
    "current": ("current",),
    "list": ("list",),
    "show": ("show", "evil"),
    "show (unknown)": ("show", EVIL),
    "use": ("use", "evil"),
    "create": ("create", "fresh", "--clone-from", "evil", "--no-alias", "--description", EVIL),
    "rename": ("rename", "evil", "good"),
    "follow": ("follow", "evil", EVIL),
    "unfollow": ("unfollow", "evil", EVIL),
    "describe": ("describe", "evil"),
    "alias": ("alias", "evil", "--name", "evil-bot"),
    "delete": ("delete", "evil", "-y"),
    "archive": ("archive", "evil"),
    "restore": ("restore",),
    "ui": ("ui", "--port", "99999"),
    "doctor": ("doctor",),
    "completion": ("completion", "zsh"),
    "front-door install": ("front-door", "install"),
    "front-door status": ("front-door", "status"),
    "front-door remove": ("front-door", "remove"),
    "dashboard install": ("dashboard", "install", "-y", "--enable"),
    "dashboard status": ("dashboard", "status"),
    "dashboard remove": ("dashboard", "remove"),
    "watch install": ("watch", "install", "--cron", "-n"),
    "watch remove": ("watch", "remove"),
    "watch status": ("watch", "status"),
    "watch run": ("watch", "run"),
    "watch chat install": ("watch", "chat", "install", "evil", "-y", "--enable"),
    "watch chat status": ("watch", "chat", "status"),
    "watch chat remove": ("watch", "chat", "remove", "evil"),
    "watch code": ("watch", "code", EVIL),
    "watch answer": ("watch", "answer"),
    "watch owner add": ("watch", "owner", "add", EVIL, EVIL),
    "watch owner list": ("watch", "owner", "list"),
    "watch owner remove": ("watch", "owner", "remove", EVIL, EVIL),
    "gateways status": ("gateways", "status", "--all"),
    "gateways list": ("gateways", "list"),
    "gateways check": ("gateways", "check"),
    "gateways logs": ("gateways", "logs", "evil"),
    "gateways start": ("gateways", "start", "evil"),
    "gateways stop": ("gateways", "stop", "evil"),
    "gateways restart": ("gateways", "restart", "evil"),
    "gateways enable": ("gateways", "enable", "evil"),
    "gateways disable": ("gateways", "disable", "evil"),
    "gateway route add": (
        "gateway",
        "route",
        "add",
        "--profile",
        "evil",
        "--channel",
        EVIL,
        "--name",
        EVIL,
        "--multiplex",
    ),
    "gateway route list": ("gateway", "route", "list"),
    "gateway route remove": ("gateway", "route", "remove", EVIL),
    "gateway route test": ("gateway", "route", "test", "--channel", EVIL),
    "gateway route lint": ("gateway", "route", "lint"),
    "registry list": ("registry", "list"),
    "registry add": ("registry", "add", "{shelf}"),
    "registry remove": ("registry", "remove", EVIL),
    "registry sync": ("registry", "sync"),
    "registry check": ("registry", "check", "{shelf}", "--offline"),
    "search": ("search", "red"),
    "search (browse)": ("search",),
    "search (category)": ("search", "--category", EVIL),
    "info (not installed)": ("info", "--package", "shelved"),
    "install (by name)": ("install", "shelved", "-y", "--name", "other"),
    "yank": ("yank", "shelved", "1", "--reason", EVIL),
    "trust list": ("trust", "list"),
    "trust require": ("trust", "require", "evil", "commits"),
    "trust add": ("trust", "add", EVIL, EVIL),
    "trust remove": ("trust", "remove", EVIL),
    "sign": ("sign", "{home}/.hermes/profiles/evil"),
    "export": ("export", "evil", "-o", "{home}/evil.tar.gz"),
    "backup": ("backup", "evil", "-o", "{home}/evil.age"),
    "backup make": (
        "backup",
        "make",
        "--all",
        "--passphrase-file",
        "{home}/.hermes/profiles/evil/SOUL.md",
    ),
    "backup restore": ("backup", "restore", "{archive}", "-y"),
    "import": ("import", "{archive}", "--name", "back", "-y"),
    "import (merge)": ("import", "{archive}", "--name", "evil", "-y"),
    "init": ("init", "{home}/.hermes/profiles/agents"),
    "validate": ("validate", "evil"),
    "pack": ("pack", "evil", "--list"),
    "pack (archive)": ("pack", "evil", "-o", "{home}/pack.tar.gz"),
    "publish": ("publish", "evil", "-n", "--to", "{source}"),
    "changes": ("changes", "evil"),
    "contribute": ("contribute", "evil", "-n"),
    "contribute (one)": ("contribute", "evil", "SOUL.md", "-n"),
    "contribute (unknown)": ("contribute", "evil", EVIL, "-n"),
    "snapshot": ("snapshot",),
    "sync init": ("sync", "init", "evil2", "{home}/empty.git", "-y", "--machine", "a"),
    "sync join": ("sync", "join", "other", "{meeting}", "-y", "--machine", "b"),
    "sync now": ("sync", "now", "evil"),
    "sync status": ("sync", "status", "evil"),
    "sync leave": ("sync", "leave", "evil", "-y"),
    "sync accept": ("sync", "accept", "evil", EVIL),
    "sync forget": ("sync", "forget", "evil", EVIL),
    "snapshot (file)": ("snapshot", "-o", "{home}/team.toml"),
    "snapshot (bundle)": ("snapshot", "--from", "{team}", "--bundle", "{home}/team.bundle"),
    "apply": ("apply", "{team}", "-y"),
    "apply (dry run)": ("apply", "{team}", "-n", "--prune", "--exit-code"),
    "apply (unknown)": ("apply", EVIL),
    "(no such verb)": (EVIL,),
}


def files(version: str) -> dict[str, str | bytes]:
    """The hostile example, with codes in every string that it has not yet."""
    found: dict[str, str | bytes] = {
        p.relative_to(HOSTILE).as_posix(): p.read_bytes()
        for p in HOSTILE.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    manifest = {
        "name": f"Evil {EVIL}",
        "version": f"{version}{EVIL}",
        "description": EVIL,
        "hermes_requires": ">=0.1",
        "author": EVIL,
        "license": EVIL,
        "homepage": EVIL,
        "repository": EVIL,
        "keywords": [EVIL],
        EVIL: EVIL,
        "x-dependencies": [EVIL],
        "env_requires": [
            {"name": "KEY", "description": EVIL},
            {"name": EVIL, "description": EVIL},
            {"name": f"KEY_{version}", "description": EVIL, "default": EVIL},
        ],
        "merge": {EVIL: EVIL, "SOUL.md": EVIL},
    }
    job = {
        "id": "badbadbadbad",
        "name": EVIL,
        "prompt": f"{EVIL} {version}",
        "schedule": f"every {len(version)}h",
        "deliver": EVIL,
        "enabled": True,
    }
    server = {"command": EVIL, "args": [EVIL, version], "env": {EVIL: EVIL}, "url": EVIL}
    config = {
        "model": {"default": f"{EVIL}{version}", EVIL: version},
        "approvals": {"mode": EVIL},
        "quick_commands": {EVIL: {"command": EVIL}},
    }
    return found | {
        "distribution.yaml": json.dumps(manifest),
        "SOUL.md": f"{EVIL}\n{version}\n\tTab.\n",
        "config.yaml": json.dumps(config),
        "cron/jobs.json": json.dumps({"jobs": [job]}),
        "mcp.json": json.dumps({"mcpServers": {EVIL: server, "web": server}}),
        "hooks/evil/HOOK.yaml": json.dumps({"name": EVIL, "version": version}),
        "skills/a/SKILL.md": f"---\nname: {version}\n---\n{EVIL}\n",
    }


ONE_OBJECT = [
    *(name for name in COMMANDS if "--all" not in COMMANDS[name]),
    "update (all)",
    "status (all)",
]
"""The commands that write one object with ``--json``."""


def assert_nothing_raw(name: str, done: subprocess.CompletedProcess[bytes]) -> None:
    """What a command said holds nothing that a terminal would obey, and is something."""
    for stream in (done.stdout, done.stderr):
        text = stream.decode("utf-8")
        raw = RAW.search(text)
        assert raw is None, (
            f"{name}: {raw[0]!r} in …{text[max(0, raw.start() - 80) : raw.start() + 20]!r}"
        )
    assert b"bug in this program" not in done.stderr, done.stderr.decode()
    assert done.stdout + done.stderr


class Evil:
    """A home where a hostile package is installed, edited, in conflict, waiting, and behind its source.

    Args:
        tmp: A folder; the home is made there once, and copied for each command.
    """

    def __init__(self, tmp: Path) -> None:
        self.repo = Repo(tmp / "source", bare=True)
        self.source = f"file://{self.repo.path}"
        self.template = tmp / "template"
        (self.template / ".hermes").mkdir(parents=True)
        self.repo.commit(files("1"))
        self.run(self.template, "install", self.source, "-y", "--name", "evil", "--allow-effects")
        home = self.template / ".hermes" / "profiles" / "evil"
        (home / "SOUL.md").write_text(f"Mine {EVIL}\n\tTab.\n")
        (home / "skills" / "mine").mkdir(parents=True)
        (home / "skills" / "mine" / f"{EVIL.replace('/', '')}.md").write_text(EVIL)
        (home / "config.yaml").write_text(
            (home / "config.yaml").read_text().replace("signed1", "mine")
        )
        (home / "profile.yaml").write_text(json.dumps({"description": EVIL}))
        (home / "logs" / "gateway.log").write_text(
            f"2026-01-01 00:00:00 INFO {EVIL}\n{EVIL}\n\ttab\n"
        )
        self.repo.commit(files("22"))
        done = self.run(self.template, "update", "evil", "-y")
        assert done.returncode == 3, done
        self.repo.commit(files("333"))
        agents = home.with_name("agents")
        agents.mkdir()
        stamp = {"name": EVIL, "version": EVIL, "source": self.source, "installed_at": EVIL}
        (agents / "distribution.yaml").write_text(json.dumps(stamp))
        (agents / "config.yaml").write_text(
            json.dumps({"model": {"default": EVIL, "provider": EVIL}})
        )

        self.shelf = Shelf(tmp / "shelf")
        self.shelf.put(
            "shelved",
            self.source,
            {"version": "1", "commit": "a" * 40, "yanked": EVIL, "requires": EVIL},
            title=EVIL,
            description=f"red {EVIL}",
            category=EVIL,
            keywords=[EVIL],
            license=EVIL,
            hermes_requires=EVIL,
            env=[EVIL],
            runs={EVIL: 1},
        )
        self.shelf.put("shelved2", self.source, **{EVIL: EVIL})
        (self.shelf.path / "packages" / "sh" / f"{EVIL.replace('/', '')}.json").write_text(EVIL)
        assert (
            self.run(
                self.template, "registry", "add", str(self.shelf.path), "--name", "evil-shelf"
            ).returncode
            == 0
        )
        # JSON escapes what TOML escapes.
        said, source = json.dumps(EVIL), json.dumps(self.source)
        self.team = tmp / "team.toml"
        self.team.write_text(
            f'format = 1\n[[profiles]]\nname = "evil"\nsource = {source}\nkeep = [{said}]\naliases = ["e"]\n'
            f'[[profiles]]\nname = "second"\nsource = {source}\n[[profiles]]\nname = "third"\nsource = {said}\n'
            f'[[routes]]\nprofile = "evil"\nchannel = {said}\nname = {said}\n'
        )
        self.archive = tmp / "evil.tar.gz"
        assert self.run(self.template, "export", "evil", "-o", str(self.archive)).returncode == 0

        self.meeting = Repo(tmp / "meeting", bare=True)
        Repo(self.template / "empty.git", bare=True)
        meet = ("sync", "init", "evil", f"file://{self.meeting.path}", "-y", "--machine", "a")
        done = self.run(self.template, *meet)
        assert done.returncode == 0, done.stderr

    def words(self, command: str, home: Path) -> list[str]:
        """A command's words, for a copy of the home."""
        places = {
            "{source}": self.source,
            "{home}": str(home),
            "{archive}": str(self.archive),
            "{shelf}": str(self.shelf.path),
            "{team}": str(self.team),
            "{meeting}": f"file://{self.meeting.path}",
        }
        words = list(COMMANDS[command])
        for name, place in places.items():
            words = [word.replace(name, place) for word in words]
        return words

    def fresh(self, to: Path) -> Path:
        """A copy of the home."""
        shutil.copytree(self.template, to, symlinks=True)
        return to

    def run(self, home: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
        env = {**os.environ, "HOME": str(home), "PATH": "/usr/bin:/bin"}
        return forked.run(["hermes-dist", *words], env, home)
