"""A machine of twelve profiles for the stories of the page: conflicts, things that wait, a clash, packages to find."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import forked
import yaml
from gitrepo import Repo
from shelf_of import Shelf

EXAMPLES = Path(__file__).parents[2] / "examples"
STANDIN = Path(__file__).parents[1] / "standin" / "hermes.py"
PROGRAM = Path(sys.executable).parent / "hermes-dist"
OPEN = 3
"""The exit code of a change that leaves conflicts or things that wait."""
FAKE_KEY = "sk-" + "Ab3dEf6hIj9" * 4
"""Looks like a secret and is none."""

CHANGELOG = """# Changelog

## 1.1.0

- A larger model, and 150 turns for long refactorings.
- **New**: a server for the project's own tickets, and a nightly audit.
- The reviewer asks for a failing test before it reads a fix.

## 1.0.0

- First release.
"""
AUDIT = """name: nightly-audit
schedule: "30 2 * * *"
prompt: |
  Run the security audit of each project and list what is new since yesterday.
deliver: local
enabled_toolsets:
  - terminal
  - web
"""


def package(name: str) -> dict[str, str | bytes | None]:
    """The files of one of the examples."""
    root = EXAMPLES / name
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def text(files: Mapping[str, str | bytes | None], path: str) -> str:
    data = files[path]
    assert data is not None
    return data if isinstance(data, str) else data.decode()


class Machine:
    """A home with twelve profiles, their sources and a registry.

    Args:
        place: An empty folder; ``home``, ``sources`` and ``shelf`` are made there.
    """

    def __init__(self, place: Path) -> None:
        self.home = place / "home"
        self.root = self.home / ".hermes"
        self.sources = place / "sources"
        self.repos: dict[str, Repo] = {}
        self.shared: list[tuple[Repo, dict[str, str]]] = []
        binaries = self.home / ".local" / "bin"
        for folder in (self.root / "profiles", binaries, self.sources):
            folder.mkdir(parents=True)
        agent = binaries / "hermes"
        agent.write_text(f"#!{sys.executable} -IS\n{STANDIN.read_text('utf-8')}", "utf-8")
        agent.chmod(0o755)
        self.env = {
            "HOME": str(self.home),
            "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "HERMES_AGENT_BIN": str(agent),
            "HERMES_DIST_SERVICES": "none",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada Author",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Author",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        }
        for name in ("PYTHONPATH", "HERMES_DIST_TEST_HOME"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def copy(self, place: Path) -> Machine:
        """The same home at another place; registry and the agent's program are shared.

        The sources of before are shared too, as the lockfiles name them: what a test ships or publishes there is taken
        back at its end. New sources are the copy's own.
        """
        made = object.__new__(Machine)
        made.__dict__.update(self.__dict__)
        made.sources = place / "sources"
        made.sources.mkdir(parents=True)
        made.repos = dict(self.repos)
        made.shared = [(repo, repo.pointers()) for repo in self.repos.values()]
        made.home = place / "home"
        made.root = made.home / ".hermes"
        shutil.copytree(self.home, made.home, symlinks=True)
        made.env = {**self.env, "HOME": str(made.home)}
        return made

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        done = forked.said([str(PROGRAM), *words], self.env, self.home)
        assert done.returncode in codes, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def path(self, profile: str) -> Path:
        return self.root if profile == "default" else self.root / "profiles" / profile

    def edit(self, profile: str, path: str, old: str, new: str) -> None:
        file = self.path(profile) / path
        said = file.read_text("utf-8")
        assert old in said, (profile, path, old)
        file.write_text(said.replace(old, new), "utf-8")

    def write(self, profile: str, path: str, content: str) -> None:
        file = self.path(profile) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")

    def source(
        self, name: str, files: Mapping[str, str | bytes | None], tag: str = "v1.0.0"
    ) -> str:
        """A repository with a first version; its URL."""
        repo = self.repos[name] = Repo(self.sources / name, bare=True)
        repo.commit(files)
        repo.tag(tag)
        return f"file://{repo.path}"

    def ship(self, name: str, files: Mapping[str, str | bytes | None], tag: str) -> None:
        self.repos[name].commit(files)
        self.repos[name].tag(tag)

    def end(self) -> None:
        """End what runs in this home, and leave the shared sources as they were."""
        for repo, pointers in self.shared:
            repo.put_back(pointers)
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "environ").read_bytes()
                agent = (
                    b"standin" in (folder / "cmdline").read_bytes()
                    or b"/hermes" in (folder / "cmdline").read_bytes()
                )
            except OSError:
                continue
            if agent and f"HOME={self.home}\0".encode() in words:
                with suppress(ProcessLookupError):
                    os.kill(int(folder.name), signal.SIGKILL)

    def install(self, name: str, url: str, *more: str) -> None:
        self.run("install", url, "--name", name, "-y", *more, codes=(0, OPEN))


def coder_11(files: Mapping[str, str | bytes | None]) -> dict[str, str | bytes | None]:
    """What coder's author ships next: it meets the user's edits, and brings things that run."""
    config = text(files, "config.yaml")
    config = config.replace(
        "default: anthropic/claude-sonnet-5", "default: anthropic/claude-opus-5"
    )
    config = config.replace("max_turns: 120", "max_turns: 150")
    config = config.replace("@upstash/context7-mcp@4.1.1", "@upstash/context7-mcp@4.2.0")
    config += '  tickets:\n    command: npx\n    args: ["-y", "@example/tickets-mcp@2.0.0"]\n    env:\n      TICKETS_URL: "${TICKETS_URL}"\n'
    soul = text(files, "SOUL.md").splitlines()
    soul[4] = "You write the failing test first, and say so."
    soul[-1] += "\nWhen a review finds nothing, say what you looked at."
    skill = text(files, "skills/review/code-review/SKILL.md")
    return {
        "distribution.yaml": text(files, "distribution.yaml").replace("1.0.0", "1.1.0"),
        "config.yaml": config,
        "SOUL.md": "\n".join(soul) + "\n",
        "CHANGELOG.md": CHANGELOG,
        "cron/nightly-audit.yaml": AUDIT,
        "skills/review/code-review/SKILL.md": skill
        + "\nAsk for a failing test before you read a fix.\n",
        "skills/git/bisect-first/SKILL.md": "---\nname: bisect-first\ndescription: Find the commit before the cause.\n---\nRun git bisect with the smallest test that fails.\n",
    }


def build(place: Path) -> Machine:
    """Twelve profiles: see the lines below for what is the matter with each."""
    machine = Machine(place)
    coder, research = package("coder"), package("research-bot")
    coder_url, research_url = (
        machine.source("coder", coder),
        machine.source("research-bot", research),
    )
    small = {
        "distribution.yaml": "name: scribe\nversion: 2.3.0\ndescription: Minutes, letters and summaries.\nauthor: Ada Author\nlicense: MIT\n",
        "SOUL.md": "# Scribe\n\nYou write minutes.\nYou are brief.\n",
        "config.yaml": "model:\n  default: small\n",
        "skills/minutes/SKILL.md": "---\nname: minutes\ndescription: Take minutes.\n---\nNote who, what and by when.\n",
    }
    scribe_url = machine.source("scribe", small, "v2.3.0")
    (machine.root / "config.yaml").write_text("model:\n  default: anthropic/claude-sonnet-5\n")

    # In conflict in a text, in keys and in a skill; a server and a job wait.
    machine.install("coder", coder_url, "--alias")
    machine.run("approve", "coder", "-y", codes=(0, OPEN))
    lines = (machine.path("coder") / "SOUL.md").read_text().splitlines()
    lines[4] = "You write the test last, whatever anybody says."
    lines.append("My house style: two spaces, no semicolons.")
    machine.write("coder", "SOUL.md", "\n".join(lines) + "\n")
    machine.edit(
        "coder",
        "config.yaml",
        "default: anthropic/claude-sonnet-5",
        "default: local/qwen-4  # mine: no cloud for this one",
    )
    machine.edit("coder", "config.yaml", "max_turns: 120", "max_turns: 90  # long nights")
    skill = machine.path("coder") / "skills/review/code-review/SKILL.md"
    skill.write_text(skill.read_text() + "\nBe kind: name what is good first.\n")
    machine.ship("coder", coder_11(coder), "v1.1.0")
    machine.run("update", "coder", "-y", codes=(0, OPEN))

    # A version behind, with edits and a skill of its own.
    machine.install("research", research_url)
    machine.edit("research", "config.yaml", "max_turns: 60", "max_turns: 80  # mine")
    machine.write(
        "research",
        "skills/own/tides/SKILL.md",
        "---\nname: tides\ndescription: Read tide tables.\n---\nLook up the harbour, then the hour.\n",
    )
    machine.run("approve", "research", "-y", codes=(0, OPEN))
    newer = {
        "distribution.yaml": text(research, "distribution.yaml").replace("1.0.0", "1.2.0"),
        "CHANGELOG.md": "# Changelog\n\n## 1.2.0\n\n- Reads preprints as PDF.\n- `retraction-watch`: a job each Friday.\n\n## 1.0.0\n\n- First release.\n",
        "SOUL.md": text(research, "SOUL.md") + "\nSay how sure you are, in numbers.\n",
        "config.yaml": text(research, "config.yaml").replace(
            "extract_char_limit: 30000", "extract_char_limit: 60000"
        ),
        "skills/research/pdf-reading/SKILL.md": "---\nname: pdf-reading\ndescription: Read a PDF page by page.\n---\nStart with the figures.\n",
        "skills/research/claim-check/SKILL.md": None,
    }
    jobs = json.loads(text(research, "cron/jobs.json"))
    jobs["jobs"].append(
        {
            "id": "77aa01b2c3d4",
            "name": "retraction-watch",
            "prompt": "List what was retracted.",
            "schedule": {"kind": "cron", "expr": "0 8 * * 5", "display": "0 8 * * 5"},
            "deliver": "local",
            "enabled_toolsets": ["web"],
        }
    )
    newer["cron/jobs.json"] = json.dumps(jobs, indent=2)
    machine.ship("research-bot", newer, "v1.2.0")

    machine.install("scribe", scribe_url)  # up to date and clean
    machine.install("minutes", scribe_url)  # edited
    machine.write(
        "minutes", "SOUL.md", "# Scribe\n\nYou write minutes, in Dutch.\nYou are brief.\n"
    )
    machine.install("letters", scribe_url)  # held
    machine.run("hold", "letters")
    machine.install("lab", research_url)  # what runs waits
    for name, token in (("support", "111:clash"), ("hotline", "111:clash"), ("garden", "")):
        machine.run("create", name, "--no-alias", codes=(0,))
        machine.write(name, "config.yaml", "model:\n  default: small\n")
        if token:
            machine.write(name, ".env", f"TELEGRAM_BOT_TOKEN={token}\n")
    # An agent of the user's own, with a secret where none should be, to be published.
    machine.run("create", "baker", "--no-alias")
    machine.write("baker", "SOUL.md", "# Baker\n\nYou bake bread and answer questions about it.\n")
    machine.write(
        "baker",
        "config.yaml",
        f"model:\n  default: small\nmcp_servers:\n  oven:\n    command: oven-mcp\n    env:\n      OVEN_KEY: {FAKE_KEY}\n",
    )
    machine.write(
        "baker",
        "skills/sourdough/SKILL.md",
        "---\nname: sourdough\ndescription: Feed a starter.\n---\nFeed it twice a day.\n",
    )
    machine.run(
        "init", "baker", "--description", "Bread, and what to do about it.", "--license", "MIT"
    )
    machine.repos["bakery"] = Repo(machine.sources / "bakery", bare=True)
    machine.run("create", "empty", "--no-alias")

    machine.write("default", "config.yaml", "model:\n  default: anthropic/claude-sonnet-5\n")
    machine.run(
        "gateway",
        "route",
        "add",
        "--profile",
        "support",
        "--platform",
        "telegram",
        "--channel",
        "-100200300",
        "--name",
        "helpdesk",
        "--multiplex",
        codes=(0, 1, 2, 10),
    )
    shelf = Shelf(place / "shelf")
    for name, url, title, category, runs in (
        ("research-bot", research_url, "Research companion", "research", {"servers": 2, "jobs": 2}),
        ("coder", coder_url, "Pair programmer", "development", {"servers": 2, "jobs": 2}),
        ("scribe", scribe_url, "Scribe", "writing", {}),
    ):
        repo = machine.repos[name]
        manifest = yaml.safe_load(
            text(package(name), "distribution.yaml")
            if name != "scribe"
            else small["distribution.yaml"]
        )
        shelf.put(
            name,
            url,
            {
                "version": str(manifest["version"]),
                "commit": repo.git("rev-parse", "main~0"),
                "date": "2026-05-01",
            },
            title=title,
            description=manifest["description"],
            category=category,
            keywords=list(manifest.get("keywords", [])),
            license="MIT",
            env=[each["name"] for each in manifest.get("env_requires", [])],
            runs=runs,
        )
    machine.run("registry", "add", str(shelf.path), "--name", "shelf")
    return machine
