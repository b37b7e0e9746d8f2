"""Histories of packages as public repositories have them, made up and the same in every run.

Each is a list of versions; a version is the whole work tree at that commit.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

Files = dict[str, bytes]

WORDS = [
    "agent",
    "answer",
    "ask",
    "brief",
    "careful",
    "check",
    "cite",
    "clear",
    "draft",
    "each",
    "evidence",
    "fact",
    "find",
    "first",
    "follow",
    "goal",
    "honest",
    "idea",
    "keep",
    "learn",
    "limit",
    "list",
    "memory",
    "never",
    "note",
    "often",
    "plan",
    "question",
    "quiet",
    "read",
    "reason",
    "report",
    "review",
    "rule",
    "search",
    "short",
    "skill",
    "source",
    "step",
    "study",
    "task",
    "test",
    "think",
    "tool",
    "trust",
    "user",
    "verify",
    "when",
    "write",
]


@dataclass
class Version:
    """One commit.

    Attributes:
        files: The whole work tree.
        executable: Which of them may be executed.
        orphan: The history begins anew here.
    """

    files: Files
    executable: frozenset[str] = frozenset()
    orphan: bool = False


@dataclass
class Author:
    """Somebody who writes and changes texts, always in the same way."""

    seed: str
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def line(self) -> str:
        return (
            " ".join(self.rng.choice(WORDS) for _ in range(self.rng.randint(4, 11))).capitalize()
            + "."
        )

    def text(self, count: int, title: str = "") -> bytes:
        lines = [f"# {title}", ""] * bool(title)
        for _ in range(count):
            lines += [self.line()] if self.rng.random() < 0.6 else [self.line(), ""]
        return ("\n".join(lines) + "\n").encode()

    def skill(self, name: str, count: int = 12) -> bytes:
        head = f"---\nname: {name}\ndescription: {self.line()}\nversion: 1.0.0\n---\n"
        return head.encode() + self.text(count, name)

    def change(self, data: bytes, edits: int = 2) -> bytes:
        """Change some lines of a text, below its first five."""
        eol = b"\r\n" if b"\r\n" in data else b"\n"
        lines = data.split(eol)
        for _ in range(edits):
            at = self.rng.randrange(min(5, len(lines) - 1), len(lines))
            kind = self.rng.random()
            fresh = self.line().encode()
            if kind < 0.5:
                lines.insert(at, fresh)
            elif kind < 0.8:
                lines[at] = fresh
            elif len(lines) > 8:
                del lines[at]
        return eol.join(lines)


def manifest(name: str, version: str, more: str = "") -> bytes:
    return f"name: {name}\nversion: {version}\ndescription: An agent.\nauthor: Ada\nlicense: MIT\n{more}".encode()


CONFIG = """\
# How it thinks.
model:
  default: acme/small  # good enough
  provider: acme
agent:
  max_turns: 60
  reasoning_effort: medium
toolsets:
  - web
  - files
display:
  compact: false
"""


def ordinary(author: Author, skills: int = 4) -> Files:
    """A package as most are."""
    files = {
        "distribution.yaml": manifest("bot", "1.0.0"),
        "SOUL.md": author.text(18, "Soul"),
        "config.yaml": CONFIG.encode(),
        "README.md": author.text(8, "Readme"),
    }
    for number in range(skills):
        name = f"skill-{number}"
        files[f"skills/{name}/SKILL.md"] = author.skill(name)
        files[f"skills/{name}/references/more.md"] = author.text(6, "More")
    return files


def restarted() -> list[Version]:
    author = Author("restarted")
    one = ordinary(author)
    two = {
        **one,
        "SOUL.md": author.change(one["SOUL.md"]),
        "skills/skill-9/SKILL.md": author.skill("skill-9"),
    }
    three = {
        p: author.change(c) if p.endswith(".md") else c
        for p, c in two.items()
        if "skill-3" not in p
    }
    four = {**three, "distribution.yaml": manifest("bot", "0.1.0")}
    return [Version(one), Version(two), Version(three, orphan=True), Version(four)]


def deleted_by_the_hundred() -> list[Version]:
    author = Author("deleted")
    one = ordinary(author)
    many = {
        f"skills/cat-{n % 12}/old-{n}/SKILL.md": author.skill(f"old-{n}", 4) for n in range(220)
    }
    few = dict(list(many.items())[:7])
    return [
        Version({**one, **many}),
        Version({**one, **few}),
        Version({**one, **many}),
        Version(one),
    ]


def renamed_folders() -> list[Version]:
    author = Author("renamed")
    one = ordinary(author)

    def moved(files: Files, old: str, new: str) -> Files:
        return {
            (new + p[len(old) :] if p.startswith(f"{old}/") else p): c for p, c in files.items()
        }

    two = moved(one, "skills/skill-0", "skills/core/skill-0")
    three = moved(
        moved(two, "skills/core/skill-0", "skills/basics/first"),
        "skills/skill-1",
        "skills/basics/second",
    )
    three["skills/basics/first/SKILL.md"] = three["skills/basics/first/SKILL.md"].replace(
        b"name: skill-0", b"name: first"
    )
    four = moved(three, "skills/basics", "skills/foundations")
    four["skills/foundations/second/SKILL.md"] = author.change(
        four["skills/foundations/second/SKILL.md"], 1
    )
    return [Version(one), Version(two), Version(three), Version(four)]


def config_rewritten() -> list[Version]:
    author = Author("config")
    one = ordinary(author)
    reordered = (
        "toolsets: [web, files]\ndisplay: {compact: false}\nagent:\n  reasoning_effort: 'medium'\n  max_turns: 60\n"
        'model:\n  provider: "acme"\n  default: acme/small\n'
    )
    grown = (
        reordered.replace("max_turns: 60", "max_turns: 90")
        + "memory:\n  enabled: true\n  limit: 2000\n"
    )
    shrunk = "model:\n  default: acme/large\n  provider: acme\nmemory:\n  enabled: true\n"
    configs = [CONFIG, reordered, grown, shrunk]
    return [Version({**one, "config.yaml": text.encode()}) for text in configs]


def comments_everywhere() -> list[Version]:
    author = Author("comments")
    one = ordinary(author)
    versions = []
    for number in range(4):
        config = "".join(
            f"# {author.line()}\n{line}"
            + ("\n" if line.rstrip().endswith(":") else f"  # since {number}\n")
            for line in CONFIG.splitlines()
            if not line.startswith("#")
        ).replace("  # good enough  #", "  #")
        remarks = "".join(f"# {author.line()}\n" for _ in range(60))
        versions.append(
            Version(
                {
                    **one,
                    "config.yaml": config.encode(),
                    "distribution.yaml": remarks.encode() + manifest("bot", f"1.{number}"),
                }
            )
        )
    return versions


def config_not_yaml() -> list[Version]:
    author = Author("not yaml")
    one = ordinary(author)
    broken = "model:\n  default: acme/small\n***\nagent:\n  max_turns: 60\n\nother:\n  thing: 1\n"
    texts = [broken, broken + "more:\n  of: it\n", CONFIG, broken]
    return [Version({**one, "config.yaml": text.encode()}) for text in texts]


def name_and_version_change() -> list[Version]:
    author = Author("names")
    files = ordinary(author)
    versions = []
    for name, version in (
        ("bot", "1.0.0"),
        ("Bot Of Ada", "0.0.2.63"),
        ("ada-bot", "0.9"),
        ("bot", "latest"),
    ):
        files = {
            **files,
            "distribution.yaml": manifest(name, version),
            "SOUL.md": author.change(files["SOUL.md"]),
        }
        versions.append(Version(files))
    return versions


def crlf() -> list[Version]:
    author = Author("crlf")
    one = ordinary(author)

    def dos(files: Files, *names: str) -> Files:
        return {p: c.replace(b"\n", b"\r\n") if p.endswith(names) else c for p, c in files.items()}

    two = {p: author.change(c, 1) if p.endswith(".md") else c for p, c in one.items()}
    three = {p: author.change(c, 1) if p.endswith(".md") else c for p, c in two.items()}
    return [
        Version(dos(one, ".md")),
        Version(dos(two, ".md")),
        Version(dos(three, "SOUL.md", "distribution.yaml")),
        Version(dos(three, "config.yaml")),
    ]


def binary_assets() -> list[Version]:
    author = Author("binary")
    one = ordinary(author)
    versions = []
    for number in range(4):
        picture = b"\x89PNG\r\n\x1a\n\0" + author.rng.randbytes(3000)
        assets = {
            "avatar.png": picture,
            f"skills/skill-0/assets/{number % 2}.pdf": b"%PDF\0" + picture,
            "empty.md": b"",
        }
        versions.append(
            Version(
                {
                    **one,
                    **assets,
                    "skills/skill-1/latin.md": f"caf\xe9 {number}\n".encode("latin-1"),
                }
            )
        )
    return versions


def five_hundred_files() -> list[Version]:
    author = Author("many")
    files = ordinary(author) | {
        f"skills/group-{n % 20}/many-{n}/{'SKILL.md' if n % 2 else 'data.txt'}": author.skill(
            f"many-{n}", 3
        )
        for n in range(490)
    }
    versions = [Version(files)]
    for _ in range(2):
        names = author.rng.sample(sorted(p for p in files if p.startswith("skills/group")), 60)
        files = {
            p: author.change(c, 1) if p in names[:40] else c
            for p, c in files.items()
            if p not in names[40:]
        }
        versions.append(Version(files))
    return versions


def _job(name: str, minutes: int, prompt: str, ident: str = "") -> dict[str, object]:
    job: dict[str, object] = {
        "name": name,
        "prompt": prompt,
        "schedule": {"kind": "interval", "minutes": minutes},
    }
    return {"id": ident, **job} if ident else job


def mcp_and_cron_change_shape() -> list[Version]:
    author = Author("shapes")
    one = ordinary(author)
    web = {"command": "npx", "args": ["-y", "web-server"]}
    db = {"command": "uvx", "args": ["db"], "env": {"DB": "${DB}"}}
    jobs = [_job("daily", 60, "Look around."), _job("weekly", 600, "Clean up.", "0123456789ab")]
    shapes: list[tuple[object, dict[str, bytes]]] = [
        ({"mcpServers": {"web": web}}, {"cron/jobs.json": json.dumps({"jobs": jobs}).encode()}),
        (
            {"mcp_servers": {"web": web, "db": db}},
            {
                "cron/daily.yaml": b"name: daily\nprompt: Look around.\nschedule: every 1h\n",
                "cron/weekly.json": json.dumps(jobs[1]).encode(),
            },
        ),
        (
            {"web": {**web, "args": ["-y", "web-server@2"]}},
            {"cron/daily.yaml": b"name: daily\nprompt: Look.\nschedule: 0 9 * * 1\n"},
        ),
        (
            [{"name": "web", **web}],
            {"cron/jobs.json": json.dumps({"jobs": jobs[:1]}, indent=2).encode()},
        ),
        ({}, {}),
    ]
    return [Version({**one, "mcp.json": json.dumps(mcp).encode(), **cron}) for mcp, cron in shapes]


def distribution_owned_changes() -> list[Version]:
    author = Author("owned")
    files = ordinary(author) | {
        "LICENSE": b"Free.\n",
        "prompts/one.md": author.text(5),
        "notes.bin": b"x",
    }
    owned = [
        "",
        "distribution_owned:\n  - SOUL.md\n  - skills/\n  - LICENSE\n  - not/there\n",
        "distribution_owned:\n  - SOUL.md\n  - config.yaml\n  - skills/skill-1\n  - prompts\n",
        "",
    ]
    return [
        Version(
            {
                **files,
                "distribution.yaml": manifest("bot", "1", more),
                "SOUL.md": author.change(files["SOUL.md"], number),
            }
        )
        for number, more in enumerate(owned)
    ]


def modes_change() -> list[Version]:
    author = Author("modes")
    one = ordinary(author) | {
        "skills/skill-0/run.sh": b"#!/bin/sh\necho run\n",
        "skills/skill-1/run.py": b"print(1)\n",
        "bench/go.sh": b"echo go\n",
    }
    two = {**one, "skills/skill-0/run.sh": b"#!/bin/sh\necho run faster\n"}
    return [
        Version(one, frozenset({"skills/skill-0/run.sh"})),
        Version(two, frozenset({"skills/skill-1/run.py", "bench/go.sh"})),
        Version(two, frozenset({"skills/skill-0/run.sh", "skills/skill-1/run.py", "SOUL.md"})),
    ]


def many_small_edits() -> list[Version]:
    author = Author("small")
    files = ordinary(author, 3)
    versions = [Version(files)]
    for number in range(40):
        path = author.rng.choice(sorted(p for p in files if p.endswith(".md")))
        files = {**files, path: author.change(files[path], 1)}
        if number % 7 == 0:
            text = (
                files["config.yaml"].decode().replace("max_turns: ", f"max_turns: {number % 9 + 1}")
            )
            files = {**files, "config.yaml": text.encode()}
        versions.append(Version(files))
    return [versions[n] for n in (0, 1, 5, 15, 40)]


HISTORIES: dict[str, Callable[[], list[Version]]] = {
    made.__name__.replace("_", " "): made
    for made in (
        restarted,
        deleted_by_the_hundred,
        renamed_folders,
        config_rewritten,
        comments_everywhere,
        config_not_yaml,
        name_and_version_change,
        crlf,
        binary_assets,
        five_hundred_files,
        mcp_and_cron_change_shape,
        distribution_owned_changes,
        modes_change,
        many_small_edits,
    )
}
