"""An author and a user who change one agent at random: the raw material of a session.

Each mark is a word that exists once in the world, so that "nothing of the user's is lost" is a search for words.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WORDS = ("answer", "brief", "check", "draft", "fact", "goal", "idea", "learn", "note", "plan")
SHARED = ("SOUL.md", "config.yaml", "skills/", "plugins/", "cron/", "mcp.json")
MODES = ("manual", "smart", "off")
"""How strictly the agent asks before it runs something; the last one is the loosest."""


@dataclass
class Author:
    """The author of a package: its files, changed from release to release.

    Attributes:
        rng: What to do by chance.
        files: The work tree now.
    """

    rng: random.Random
    files: dict[str, bytes] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    servers: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    owned: tuple[str, ...] = ()
    release: int = 0

    def begin(self) -> dict[str, bytes]:
        """The first release."""
        self.settings = {
            "model": {"default": "acme/small", "provider": "acme"},
            "agent": {"max_turns": 60, "reasoning_effort": "medium"},
            "display": {"compact": False, "tone": "plain"},
            "approvals": {"mode": "manual"},
        }
        self.servers = {"web": self._server()}
        self.jobs = {"daily": self._job("daily")}
        self.files = {"SOUL.md": self._text(14)}
        for number in range(3):
            self.files[f"skills/s{number}/SKILL.md"] = self._skill(f"s{number}")
            self.files[f"skills/s{number}/more.md"] = self._text(6)
        return self._whole()

    def go_on(self) -> dict[str, bytes]:
        """The next release."""
        changes = (
            self._write,
            self._write,
            self._write,
            self._set,
            self._set,
            self._remark,
            self._serve,
            self._schedule,
            self._new_skill,
            self._drop_file,
            self._move_skill,
            self._plug,
            self._list,
        )
        for _ in range(self.rng.randint(1, 4)):
            self.rng.choice(changes)()
        return self._whole()

    def _line(self) -> str:
        return " ".join(self.rng.choices(WORDS, k=6)) + f" {self.rng.randrange(10**6)}."

    def _text(self, lines: int) -> bytes:
        return ("\n".join(self._line() for _ in range(lines)) + "\n").encode()

    def _skill(self, name: str) -> bytes:
        head = f"---\nname: {name}\ndescription: {self._line()}\n---\n"
        return head.encode() + self._text(8)

    def _server(self) -> dict[str, Any]:
        rng = self.rng
        made: dict[str, Any] = {"command": rng.choice(["npx", "uvx"]), "args": [self._word()]}
        if rng.random() < 0.4:
            made["env"] = {"MODE": self._word()}
        return made

    def _job(self, name: str) -> dict[str, Any]:
        minutes = self.rng.choice([30, 60, 600])
        schedule = {"kind": "interval", "minutes": minutes, "display": f"every {minutes}m"}
        return {"name": name, "prompt": self._line(), "schedule": schedule}

    def _word(self) -> str:
        return f"{self.rng.choice(WORDS)}-{self.rng.randrange(10**6)}"

    def _texts(self) -> list[str]:
        return sorted(path for path in self.files if path.endswith(".md"))

    def _write(self) -> None:
        path = self.rng.choice(self._texts())
        lines = self.files[path].decode().splitlines()
        at = self.rng.randrange(min(4, len(lines)), len(lines) + 1)
        if self.rng.random() < 0.5 or at == len(lines):
            lines.insert(at, self._line())
        else:
            lines[at] = self._line()
        self.files[path] = ("\n".join(lines) + "\n").encode()

    def _set(self) -> None:
        rng = self.rng
        section, key, value = rng.choice(
            [
                ("model", "default", self._word()),
                ("agent", "max_turns", rng.randrange(10, 99)),
                ("display", "tone", self._word()),
                ("display", "compact", rng.random() < 0.5),
                ("approvals", "mode", rng.choice(MODES)),
                (f"extra{rng.randrange(3)}", "text", self._word()),
            ]
        )
        if key == "text" and section in self.settings and rng.random() < 0.5:
            del self.settings[section]
        else:
            self.settings.setdefault(section, {})[key] = value

    def _remark(self) -> None:
        section = self.rng.choice(sorted(self.settings))
        if section in self.remarks and self.rng.random() < 0.4:
            del self.remarks[section]
        else:
            self.remarks[section] = f"# {self._line()}\n" + "\n" * (self.rng.random() < 0.2)

    def _serve(self) -> None:
        self._turn(self.servers, self.rng.choice(["web", "db", "mail"]), self._server())

    def _schedule(self) -> None:
        name = self.rng.choice(["daily", "weekly"])
        self._turn(self.jobs, name, self._job(name))

    def _turn(self, things: dict[str, Any], name: str, new: dict[str, Any]) -> None:
        """Add it, change one part of it, or drop it."""
        if name not in things:
            things[name] = new
        elif self.rng.random() < 0.35:
            del things[name]
        else:
            part = self.rng.choice(sorted(new.keys() - {"name"}))
            things[name] = {**things[name], part: new[part]}

    def _new_skill(self) -> None:
        name = f"n{self.rng.randrange(5)}"
        self.files[f"skills/{name}/SKILL.md"] = self._skill(name)

    def _drop_file(self) -> None:
        skills = [path for path in self._texts() if path.startswith("skills/")]
        if len(skills) > 2:
            del self.files[self.rng.choice(skills)]

    def _move_skill(self) -> None:
        skills = sorted({path.split("/")[1] for path in self.files if path.startswith("skills/")})
        old, new = self.rng.choice(skills), f"z{self.rng.randrange(5)}"
        if new not in skills:
            self.files = {
                path.replace(f"skills/{old}/", f"skills/{new}/"): data
                for path, data in self.files.items()
            }

    def _plug(self) -> None:
        self.files["plugins/p/plugin.yaml"] = b"name: p\nversion: 1.0.0\n"
        self.files["plugins/p/__init__.py"] = f"# {self._line()}\n".encode()

    def _list(self) -> None:
        """Name what belongs to the package, or not any more."""
        skills = sorted(
            {path.rpartition("/")[0] for path in self.files if path.startswith("skills/")}
        )
        some = self.rng.sample(skills, self.rng.randint(1, len(skills)))
        self.owned = self.rng.choice(
            [(), (), ("SOUL.md", "config.yaml", "mcp.json", "cron", *some)]
        )

    def _config(self) -> bytes:
        text = ""
        for section, keys in self.settings.items():
            text += self.remarks.get(section, "") + yaml.safe_dump({section: keys})
        return text.encode()

    def _manifest(self) -> str:
        text = f"name: bot\nversion: 1.{self.release}.0\n"
        if self.owned:
            text += "distribution_owned:\n" + "".join(f"- {name}\n" for name in self.owned)
        return text

    def _whole(self) -> dict[str, bytes]:
        self.release += 1
        made = {
            **self.files,
            "distribution.yaml": self._manifest().encode(),
            "config.yaml": self._config(),
        }
        if self.servers:
            made["mcp.json"] = json.dumps({"mcpServers": self.servers}, indent=2).encode()
        if self.jobs:
            made["cron/jobs.json"] = json.dumps({"jobs": list(self.jobs.values())}).encode()
        return made


@dataclass
class User:
    """The user of a profile, who edits its files by hand.

    Attributes:
        rng: What to do by chance.
        home: The profile's home.
        marks: The marks that must be there, each with its kind: ``line``, ``value``, ``remark``, ``file``, ``job``
            or ``server``.
        paused: The ids of jobs of the package that the user paused.
    """

    rng: random.Random
    home: Path
    marks: dict[str, str] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def edit(self) -> str:
        """Change something; returns what."""
        ways = (
            self.write,
            self.write,
            self.add_file,
            self.add_skill,
            self.set_value,
            self.remark,
            self.add_job,
            self.add_server,
            self.pause,
            self.delete,
            self.touch_server,
            self.touch_job,
            self.move,
            self.dos,
        )
        way = self.rng.choice(ways)
        way()
        return way.__name__

    def _mark(self, kind: str) -> str:
        mark = f"mark{next(self.numbers)}x"
        self.marks[mark] = kind
        return mark

    def _texts(self) -> list[Path]:
        found = [self.home / "SOUL.md", *(self.home / "skills").rglob("*.md")]
        return sorted(path for path in found if path.is_file())

    def write(self) -> None:
        if not self._texts():
            return
        path = self.rng.choice(self._texts())
        lines = path.read_text().splitlines()
        at = self.rng.randrange(min(4, len(lines)), len(lines) + 1)
        lines.insert(at, f"I say {self._mark('line')}.")
        self._keep(path, lines)

    def _keep(self, path: Path, lines: list[str]) -> None:
        """Write lines with the line ends that the file has."""
        end = b"\r\n" if path.is_file() and b"\r\n" in path.read_bytes() else b"\n"
        path.write_bytes(b"".join(line.encode() + end for line in lines))

    def _put(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add_file(self) -> None:
        folders = sorted(path for path in (self.home / "skills").glob("*") if path.is_dir())
        if folders:
            mark = self._mark("file")
            self._put(self.rng.choice(folders) / f"{mark}.md", f"Mine: {mark}.\n")

    def add_skill(self) -> None:
        mark = self._mark("file")
        text = f"---\nname: {mark}\ndescription: Mine.\n---\nMine: {mark}.\n"
        self._put(self.home / "skills" / mark / "SKILL.md", text)

    @property
    def config(self) -> Path:
        return self.home / "config.yaml"

    def _config_lines(self) -> list[str]:
        return self.config.read_text().splitlines() if self.config.is_file() else []

    def _save_config(self, lines: list[str]) -> None:
        text = "\n".join(lines) + "\n"
        assert isinstance(yaml.load(text, LOADER), dict), text
        self._keep(self.config, lines)

    def set_value(self) -> None:
        lines = self._config_lines()
        hits = [n for n, line in enumerate(lines) if line.startswith(("  default: ", "  tone: "))]
        if hits:
            at = self.rng.choice(hits)
            key, old = lines[at].split(": ", 1)
            self.marks.pop(old, None)
            lines[at] = f"{key}: {self._mark('value')}"
            self._save_config(lines)

    def remark(self) -> None:
        lines = self._config_lines()
        hits = [n for n, line in enumerate(lines) if line[:1].isalpha()]
        if hits:
            lines.insert(self.rng.choice(hits), f"# I remark {self._mark('remark')}")
            self._save_config(lines)

    @property
    def jobs(self) -> Path:
        return self.home / "cron" / "jobs.json"

    def _jobs(self) -> dict[str, Any]:
        if not self.jobs.is_file():
            return {"jobs": []}
        found: dict[str, Any] = json.loads(self.jobs.read_text())
        return found

    def add_job(self) -> None:
        store, number = self._jobs(), next(self.numbers)
        schedule = {"kind": "interval", "minutes": 5, "display": "every 5m"}
        mark = self._mark("job")
        job = {"id": f"{number:012x}", "name": f"own-{mark}", "prompt": mark, "enabled": True}
        store["jobs"].append({**job, "state": "scheduled", "schedule": schedule})
        self._put(self.jobs, json.dumps(store, indent=2))

    def pause(self) -> None:
        store = self._jobs()
        live = [
            job
            for job in store["jobs"]
            if job.get("enabled") and job["name"] in ("daily", "weekly")
        ]
        if live:
            job = self.rng.choice(live)
            job |= {"enabled": False, "state": "paused", "paused_reason": "by hand"}
            self.paused.add(job["id"])
            self._put(self.jobs, json.dumps(store, indent=2))

    def add_server(self) -> None:
        lines, mark = self._config_lines(), self._mark("server")
        new = [f"  own-{mark}:", "    command: mine", f"    args: [{mark}]"]
        at = next((n for n, line in enumerate(lines) if line.rstrip() == "mcp_servers:"), None)
        if at is None:
            if any(line.startswith("mcp_servers") for line in lines):
                del self.marks[mark]
                return
            lines += ["mcp_servers:", *new]
        else:
            lines[at + 1 : at + 1] = new
        self._save_config(lines)

    def touch_server(self) -> None:
        """Change the command of a server of the package; from now on it is what the user wrote."""
        lines = self._config_lines()
        hits = [
            n for n, line in enumerate(lines) if line in ("    command: npx", "    command: uvx")
        ]
        if hits:
            lines[self.rng.choice(hits)] = f"    command: {self.rng.choice(['npx', 'uvx'])}"
            self._save_config(lines)

    def touch_job(self) -> None:
        """Change what a job of the package does; the mark is in it now."""
        store = self._jobs()
        theirs = [job for job in store["jobs"] if job["name"] in ("daily", "weekly")]
        if theirs:
            job = self.rng.choice(theirs)
            self.marks.pop(job["prompt"], None)
            job["prompt"] = self._mark("value")
            self._put(self.jobs, json.dumps(store, indent=2))

    def move(self) -> None:
        """Give a folder of skills another name."""
        folders = sorted(path for path in (self.home / "skills").glob("*") if path.is_dir())
        new = self.home / "skills" / f"moved-{next(self.numbers)}"
        if folders:
            self.rng.choice(folders).rename(new)

    def dos(self) -> None:
        """Save a file with the line ends of Windows, or back."""
        path = self.rng.choice([*self._texts(), self.config])
        if path.is_file():
            data = path.read_bytes()
            unix = data.replace(b"\r\n", b"\n")
            path.write_bytes(unix if unix != data else data.replace(b"\n", b"\r\n"))

    def delete(self) -> None:
        theirs = [path for path in self._texts() if "mark" not in str(path)]
        if theirs and self.rng.random() < 0.5:
            path = self.rng.choice(theirs)
            text = path.read_text()
            for mark in [mark for mark in self.marks if f"{mark}." in text]:
                del self.marks[mark]
            path.unlink()


def active(home: Path) -> set[str]:
    """What acts in a home: servers, jobs, plugins and the loosest way to approve, each with all its content."""
    found = set()
    config = _mapping(home / "config.yaml")
    for name, server in (config.get("mcp_servers") or {}).items():
        if server.get("enabled", True) is not False:
            found.add(_server(name, server))
    if (config.get("approvals") or {}).get("mode") == "off":
        found.add("approvals off")
    for job in _jobs_of(home):
        if _runs(job):
            found.add(f"job {job['name']} {job['prompt']} {job['schedule'].get('minutes')}")
    code = home / "plugins" / "p" / "__init__.py"
    if code.is_file():
        found.add(f"plugin {code.read_text()}")
    return found


def promised(home: Path, waits: list[dict[str, Any]]) -> set[str]:
    """The servers of a home with the parts that wait; as :func:`active` would list them.

    Whoever approves has seen these parts, also where an open conflict keeps them out for now.
    """
    servers = _mapping(home / "config.yaml").get("mcp_servers") or {}
    for each in waits:
        top, _, place = each["key"].partition(".")
        if top == "mcp_servers" and "." in place:
            name, *parents, last = place.split(".")
            part = servers.setdefault(name, {})
            for parent in parents:
                part = part.setdefault(parent, {})
            part[last] = _read(each["facts"][0]["value"])
    return {_server(name, facts) for name, facts in servers.items()}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _server(name: str, server: dict[str, Any]) -> str:
    facts = {key: value for key, value in server.items() if key != "enabled"}
    return f"server {name} {json.dumps(facts, sort_keys=True)}"


def running_jobs(home: Path) -> set[str]:
    """The ids of the jobs that run."""
    return {job["id"] for job in _jobs_of(home) if _runs(job)}


def jobs_of(home: Path) -> set[str]:
    """The ids of all jobs."""
    return {job["id"] for job in _jobs_of(home)}


def _runs(job: dict[str, Any]) -> bool:
    return bool(job.get("enabled", True)) and job.get("state") != "paused"


def _mapping(path: Path) -> dict[str, Any]:
    found = yaml.load(path.read_text(), LOADER) if path.is_file() else None
    return found if isinstance(found, dict) else {}


def _jobs_of(home: Path) -> list[dict[str, Any]]:
    path = home / "cron" / "jobs.json"
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(path.read_text())["jobs"]
    return found
