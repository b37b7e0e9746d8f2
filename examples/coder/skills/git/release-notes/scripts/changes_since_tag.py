"""List the commits since the newest tag, grouped by the area in their subject. Only reads."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict

SUBJECT = re.compile(r"^(?P<area>[\w./-]+)(\([\w./-]+\))?(?P<bang>!)?:\s+(?P<what>.+)$")
RECORD, FIELD = "\x1e", "\x1f"


def git(repository: str, *arguments: str) -> str:
    """Return what a git command prints, or an empty text where it fails."""
    done = subprocess.run(
        ["git", "-C", repository, *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def group(log: str) -> dict[str, list[str]]:
    """Sort records of `hash, subject, body` into lines by area; breaking ones come twice."""
    areas: dict[str, list[str]] = defaultdict(list)
    for record in filter(None, (part.strip() for part in log.split(RECORD))):
        commit, subject, body = [*record.split(FIELD), "", ""][:3]
        match = SUBJECT.match(subject)
        area = match["area"].lower() if match else "other"
        line = f"{match['what'] if match else subject} ({commit})"
        if (match and match["bang"]) or "BREAKING" in body:
            areas["BREAKING"].append(line)
        areas[area].append(line)
    return dict(areas)


def main(repository: str) -> int:
    """Print the groups, breaking changes first; 1 where there is nothing to tell."""
    tag = git(repository, "describe", "--tags", "--abbrev=0")
    span = f"{tag}..HEAD" if tag else "HEAD"
    log = git(repository, "log", "--no-merges", f"--format={RECORD}%h{FIELD}%s{FIELD}%b", span)
    areas = group(log)
    out = [f"# Since {tag or 'the beginning'}"]
    for area in sorted(areas, key=lambda name: (name != "BREAKING", name)):
        out += ["", f"## {area}", *(f"- {line}" for line in areas[area])]
    sys.stdout.write("\n".join(out) + "\n")
    return 0 if areas else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "."))
