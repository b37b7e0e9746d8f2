"""Packages S, M and L, as git repositories with a history: what PERFORMANCE describes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

SIZES = {"S": (12, 5_000, 5), "M": (300, 10_000, 60), "L": (5_000, 12_000, 300)}
"""Files, bytes of each, commits."""
EDITED = ("SOUL.md", "skills/skill0/SKILL.md")
"""Two of the files that each edition changes, which a user edits at another place."""
JOBS = 25
OF_A_SKILL = 5
"""Files of a skill: its SKILL.md, and what that refers to."""
IDENTITY = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
_CONFIG = Path(__file__).with_name("config.yaml").read_text()


def config(model: str) -> str:
    """A config.yaml of 300 lines with comments, settings that the agent has, and 12 MCP servers."""
    return _CONFIG.replace("MODEL", model)


def edit(profile: Path) -> None:
    """Edit two of the files that the next edition changes, too, at another place."""
    for path in EDITED:
        with (profile / path).open("a") as file:
            file.write("A line of mine.\n")


def edit_setting(profile: Path) -> None:
    """Edit a setting that no edition changes."""
    file = profile / "config.yaml"
    before = file.read_text()
    after = before.replace("retention_days: 7\n", "retention_days: 8\n")
    assert after != before
    file.write_text(after)


def _jobs() -> str:
    """25 jobs, each at another time, with one of the first two skills."""
    rows = []
    for number in range(JOBS):
        at = f"{2 * number} {6 + number % 12} * * {'1-5' if number % 2 else '*'}"
        rows.append(
            {
                "id": f"{number:012x}",
                "name": f"job-{number}",
                "prompt": f"Look at shelf {number}, and write down what is new on it.",
                "skills": [f"skill{number % 2}"],
                "schedule": {"kind": "cron", "expr": at, "display": at},
                "schedule_display": at,
                "deliver": "local",
            }
        )
    return json.dumps({"jobs": rows}, indent=2) + "\n"


def _text(number: int, size: int, edition: int) -> str:
    """A text of a skill; the edition is in its first line."""
    line = f"Step of text {number}: look closely at what is there, then write down what you saw.\n"
    body = [f"{i}. {line}" for i in range(size // len(line))]
    return f"Edition {edition}.\n" + "".join(body[1:])


def skill_file(number: int) -> str:
    """The path of a file of a skill, by its number among all of them."""
    skill, part = divmod(number, OF_A_SKILL)
    return f"skills/skill{skill}/" + (f"references/{part}.md" if part else "SKILL.md")


def write(folder: Path, size: str, edition: int, changed: int = 10**9) -> None:
    """Write an edition of a package; only the first ``changed`` files of skills differ from the one before."""
    files, length, _ = SIZES[size]
    fixed = {
        "distribution.yaml": f"name: bench-{size.lower()}\nversion: 1.{edition}.0\n",
        "SOUL.md": f"# Bench\n\nEdition {edition}.\n" + "You are patient.\n" * 60,
        "config.yaml": config(f"model-{edition}"),
        "cron/jobs.json": _jobs(),
    }
    texts = {}
    for number in range(min(files - len(fixed), changed)):
        path = skill_file(number)
        name = path.split("/")[1]
        head = f"---\nname: {name}\ndescription: What {name} does.\n---\n"
        texts[path] = head * path.endswith("SKILL.md") + _text(number, length, edition)
    for path, text in (fixed | texts).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def git(folder: Path, *words: str) -> None:
    """Run git, quietly."""
    subprocess.run(["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True)


def build(root: Path, size: str, commits: int = 0) -> Path:
    """Make a bare repository with its history, or with as many commits as asked; returns its work tree.

    All its objects are loose, so whoever fetches waits until git has packed them, as where the goals were set.
    """
    work, bare = root / f"{size}-work", root / f"{size}.git"
    work.mkdir(parents=True)
    git(work, "init", "-q", "-b", "main")
    git(work, "config", "gc.auto", "0")  # it would go on beside what is measured
    for edition in range(commits or SIZES[size][2]):
        write(work, size, edition, 10**9 if edition == 0 else 5)
        git(work, "add", "-A")
        git(work, "commit", "-qm", f"edition {edition}")
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(work), str(bare)], check=True, capture_output=True
    )
    git(bare, "config", "http.receivepack", "true")
    git(bare, "config", "gc.auto", "0")
    return work


def ship(root: Path, size: str, edition: int) -> None:
    """Publish another edition that changes five files."""
    work = root / f"{size}-work"
    write(work, size, edition, 3)
    git(work, "add", "-A")
    git(work, "commit", "-qm", f"edition {edition}")
    git(work, "push", "-q", str(root / f"{size}.git"), "main")
