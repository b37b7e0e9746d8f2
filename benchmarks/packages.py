"""Packages S, M and L, as git repositories with a history."""

from __future__ import annotations

import subprocess
from pathlib import Path

SIZES = {"S": (12, 5_000, 3), "M": (300, 10_000, 12), "L": (5_000, 12_000, 20)}
"""Files, bytes of each, commits."""
IDENTITY = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]


def config(model: str) -> str:
    """A config.yaml of 300 lines."""
    lines = [
        "# how the agent thinks",
        f"model:\n  default: {model}\n  provider: openrouter",
        "agent:",
    ]
    lines += [f"  # setting {i}\n  option_{i}: {i}" for i in range(120)]
    lines += ["mcp_servers:"]
    lines += [f"  server{i}:\n    command: uvx\n    args: [tool-{i}]" for i in range(12)]
    return "\n".join(lines) + "\n"


def _skill(number: int, size: int, edition: int) -> str:
    head = f"---\nname: skill-{number}\ndescription: Number {number}.\n---\n"
    line = f"Step of skill {number}: look closely at what is there, then write down what you saw.\n"
    body = [f"{i}. {line}" for i in range(size // len(line))]
    body[0] = f"Edition {edition}.\n"
    return head + "".join(body)


def write(folder: Path, size: str, edition: int, changed: int = 10**9) -> None:
    """Write an edition of a package; only its first ``changed`` skills differ from the one before."""
    files, length, _ = SIZES[size]
    (folder / "skills").mkdir(parents=True, exist_ok=True)
    (folder / "distribution.yaml").write_text(
        f"name: bench-{size.lower()}\nversion: 1.{edition}.0\n"
    )
    (folder / "SOUL.md").write_text(f"# Bench\n\nEdition {edition}.\n" + "You are patient.\n" * 60)
    (folder / "config.yaml").write_text(config(f"model-{edition}"))
    for number in range(min(files - 3, changed)):
        path = folder / "skills" / f"group{number % 60}" / f"skill{number}" / "SKILL.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_skill(number, length, edition))


def git(folder: Path, *words: str) -> None:
    """Run git, quietly."""
    subprocess.run(["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True)


def build(root: Path, size: str, commits: int = 0) -> Path:
    """Make a bare repository with its history, or with as many commits as asked; returns its work tree."""
    work, bare = root / f"{size}-work", root / f"{size}.git"
    work.mkdir(parents=True)
    git(work, "init", "-q", "-b", "main")
    for edition in range(commits or SIZES[size][2]):
        write(work, size, edition, 10**9 if edition == 0 else 5)
        git(work, "add", "-A")
        git(work, "commit", "-qm", f"edition {edition}")
    subprocess.run(
        ["git", "clone", "-q", "--bare", str(work), str(bare)], check=True, capture_output=True
    )
    git(bare, "config", "http.receivepack", "true")
    return work


def ship(root: Path, size: str, edition: int) -> None:
    """Publish another edition that changes five files."""
    work = root / f"{size}-work"
    write(work, size, edition, 3)
    git(work, "add", "-A")
    git(work, "commit", "-qm", f"edition {edition}")
    git(work, "push", "-q", str(root / f"{size}.git"), "main")
