"""Make the pictures of docs/terminal.md again: outputs in a real terminal (tmux) of 40, 80, 120 and 200 columns.

Run it with ``.venv/bin/python docs/pictures/widths.py``. With names of outputs, only these are made; with ``--text``,
they are printed, and with ``--odd``, only the lines that break a rule of docs/terminal.md: then it ends with 1.
Both write no file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from hermes_dist.cli.shared.layout import cells

WIDTHS = (40, 80, 120, 200)
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STAGE = Path("/tmp/hermes-pictures")
HOME = STAGE / "ada"
AUTHORS = STAGE / "git"
SOCKET = f"pictures-{os.getpid()}"

OUTPUTS: Mapping[str, str] = {
    "install": f"hermes-dist install --dry-run file://{AUTHORS}/research-bot --name second",
    "question": "hermes-dist update research-bot",
    "update": "hermes-dist update research-bot --yes",
    "list": "hermes-dist list",
    "status": "hermes-dist status research-bot",
    "diff": "hermes-dist diff research-bot",
    "outdated": "hermes-dist outdated",
    "history": "hermes-dist history research-bot",
    "resolve": "hermes-dist resolve research-bot --list",
    "approve": "hermes-dist approve research-bot --list",
    "doctor": "hermes-dist doctor",
    "info": "hermes-dist info research-bot",
    "search": "hermes-dist search research --limit 3",
    "help": "hermes-dist help",
}
"""The pictures and their commands, in the order in which they are run."""
ASKED = {"question": "Your choice"}
"""The question with which an output ends; nobody answers it."""

_ENV = {
    "HOME": str(HOME),
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "GIT_CONFIG_NOSYSTEM": "1",
    "PAGER": "cat",
    **{
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (
            ("NAME", "Ada"),
            ("EMAIL", "ada@example.org"),
            ("DATE", "1790000000 +0000"),
        )
    },
}


def run(*words: str | Path, codes: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(
        list(map(str, words)), env=_ENV, capture_output=True, text=True, check=False
    )
    if done.returncode not in codes:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")


def ship(author: Path, tag: str) -> None:
    run("git", "-C", author, "add", "-A")
    run("git", "-C", author, "commit", "-qm", tag)
    run("git", "-C", author, "tag", tag)


def edit(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for before, after in changes:
        assert before in text, (file, before)
        text = text.replace(before, after, 1)
    file.write_text(text)


def tell_the_story() -> None:
    """Two authors, three profiles, and an update that conflicts."""
    HOME.mkdir(parents=True)
    for name in ("research-bot", "coder"):
        shutil.copytree(ROOT / "examples" / name, AUTHORS / name)
        run("git", "init", "-q", "-b", "main", AUTHORS / name)
        ship(AUTHORS / name, "v1.0.0")
        run("hermes-dist", "install", f"file://{AUTHORS / name}", "--yes", codes=(0, 3))
    run("hermes-dist", "create", "notes")
    home = HOME / ".hermes" / "profiles" / "research-bot"
    edit(home / "config.yaml", ("max_turns: 60", "max_turns: 90  # mine: long nights"))
    with (home / "SOUL.md").open("a") as soul:
        soul.write(
            "\n## What I learned\n\nMy reader prefers tables to prose, and 日本語 to English on Sundays.\n"
        )
    own = home / "skills" / "own" / "tides"
    own.mkdir(parents=True)
    (own / "SKILL.md").write_text("---\nname: tides\n---\nLook up the harbour, then the hour.\n")
    author = AUTHORS / "research-bot"
    edit(author / "distribution.yaml", ("version: 1.0.0", "version: 1.1.0"))
    edit(
        author / "config.yaml",
        ("max_turns: 60", "max_turns: 80"),
        ("claude-sonnet-5", "claude-opus-5"),
        ("gateway_notify_interval: 300", "gateway_notify_interval: 240"),
    )
    edit(author / "mcp.json", ("arxiv-mcp-server==0.8.2", "arxiv-mcp-server==0.9.0"))
    ship(author, "v1.1.0")


def tmux(*words: str) -> str:
    done = subprocess.run(
        ["tmux", "-L", SOCKET, "-f", os.devnull, *words],
        env=_ENV,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def shown(command: str, width: int, asked: str = "") -> Shown:
    """What a terminal of this width shows of a command, and of its questions."""
    script = f"tmux -L {SOCKET} set -g status off; clear; {command}; tmux -L {SOCKET} wait-for -S done; sleep 60"
    tmux("new-session", "-d", "-s", "shown", "-x", str(width), "-y", "50", f"sh -c {script!r}")
    if asked:
        wait_until_it_asks(asked)
    else:
        tmux("wait-for", "done")
    whole = ["capture-pane", "-p", "-S", "-", "-t", "shown"]
    lines = tmux(*whole, "-e").rstrip().split("\n")
    joined = tmux(*whole, "-J").rstrip().split("\n")
    tmux("kill-session", "-t", "shown")
    return Shown([f"$ {command}", *lines], [line.rstrip() for line in joined])


class Shown(NamedTuple):
    """An output: its lines with colours, and those that the program wrote, before the terminal broke some."""

    lines: list[str]
    written: list[str]


def wait_until_it_asks(question: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if question in tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "shown"):
            return
        time.sleep(0.05)
    raise SystemExit(f"it never asked {question!r}")


def pictures(names: Iterable[str]) -> Iterator[tuple[str, int, Shown]]:
    before = STAGE / "before"
    HOME.rename(before)
    for width in WIDTHS:
        shutil.copytree(before, HOME, symlinks=True)
        for name, command in OUTPUTS.items():
            if name in names or name == "update":  # the outputs after it show what it left open
                yield name, width, shown(command, width, ASKED.get(name, ""))
        shutil.rmtree(HOME)


_CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "35": "m"}
_STYLE = """text{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;fill:#1f2328}rect{fill:#fff}
.b{font-weight:700}.d{opacity:.7}.r{fill:#b3261e}.g{fill:#1a7f37}.y{fill:#8a5a00}.m{fill:#8e24aa}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#0d1117}.r{fill:#ff7b72}.g{fill:#56d364}.y{fill:#e3b341}.m{fill:#d2a8ff}}"""


def drawing(lines: list[str], width: int) -> str:
    """The lines as SVG, readable on light and on dark pages."""
    wide, high = round(width * 7.83 + 20), len(lines) * 17 + 14
    rows = "".join(
        f'<text x="10" y="{number * 17 + 20}">{_spans(line)}</text>'
        for number, line in enumerate(lines)
        if line
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" rx="6"/>{rows}</svg>\n'
    )


def _spans(line: str) -> str:
    made, on = [], ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            codes = part[2:-1].split(";")
            kept = [] if codes[0] in {"", "0"} else on.split()
            on = " ".join(kept + [_CLASSES[code] for code in codes if code in _CLASSES])
            if "39" in codes:
                on = ""
        elif part:
            made.append(f'<tspan class="{on}">{escape(part)}</tspan>' if on else escape(part))
    return "".join(made)


_COMMAND = re.compile(r"hermes-dist |hermes |`|^ *(?:echo|[$]) |^[-+ @]|^.{0,30}: \S*$")
_CUT = re.compile(r"\S…|…\S")
_COUNTED = re.compile(r"… (?:and )?\d+ more")
_FAR = 40
_LONE = 12
_WIDE = 80


def odd(name: str, width: int, written: list[str], widest: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the lines that break a rule, each with the rule.

    Args:
        name: The output.
        width: The columns of the terminal.
        written: The lines of the program.
        widest: Those of the same output in the widest terminal, where nothing has to be broken.
    """
    for before, line in pairwise(["", *written]):
        if cells(line) > width and not _may_be_wider(name, line, width):
            yield "wider than the terminal", line
        if _CUT.search(line) and not _COUNTED.search(line):
            yield "cut", line
        if name in _PROSE and _loses_its_indent(before, line, width):
            yield "hanging indent lost", line
        if name in _PROSE and _is_alone(before, line, width):
            yield "a lone word", line
        if re.search(rf"\S {{{_FAR},}}\S", line):
            yield "columns far apart", line
    there = "".join("".join(written).split())
    # A time of day is another one at each width.
    words = {
        word for line in widest for word in line.split() if not re.fullmatch(r"\d\d:\d\d", word)
    }
    yield from (("a word is missing", word) for word in sorted(words) if word not in there)


def _may_be_wider(name: str, line: str, width: int) -> bool:
    """Whether a line is left to the terminal: a line of a diff, a command, or a word that fits nowhere."""
    longest = max(map(cells, line.split()), default=0)
    return name == "diff" or bool(_COMMAND.search(line)) or longest + _LONE > width


def _loses_its_indent(before: str, line: str, width: int) -> bool:
    """Whether a line goes on with the one before, and begins further left than that."""
    first = line.split()[:1]
    if (
        not first
        or not first[0][0].islower()
        or _COMMAND.search(line)
        or len(first[0]) > width // 2
    ):
        return False
    return _indent(line) < _indent(before) and cells(before) + 1 + cells(first[0]) > width


def _is_alone(before: str, line: str, width: int) -> bool:
    words = line.split()
    goes_on = _indent(line) >= _indent(before) and cells(before) + 1 + cells(line.strip()) > width
    return width >= _WIDE and len(words) == 1 and len(words[0]) < _LONE and goes_on


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def judged(found: Mapping[str, Mapping[int, Shown]]) -> Iterator[str]:
    """What is odd in all outputs, one a line."""
    for name, by_width in found.items():
        widest = by_width[max(by_width)].written
        for width, each in by_width.items():
            told = widest if name in _PROSE else []
            for rule, line in odd(name, width, each.written, told):
                yield f"{name} {width}: {rule}: {line}"


_PROSE = frozenset(OUTPUTS) - {"list", "outdated", "history", "approve", "search"}
"""Outputs that are no tables: a block has other words than a table, and no head."""


def main(words: list[str]) -> int:
    names = [word for word in words if not word.startswith("--")] or list(OUTPUTS)
    shutil.rmtree(STAGE, ignore_errors=True)
    tell_the_story()
    tmux("new-session", "-d", "sleep 3600")  # the server lives as long as this
    found: dict[str, dict[int, Shown]] = {}
    for name, width, each in pictures(names):
        if name in names:
            found.setdefault(name, {})[width] = each
    tmux("kill-server")
    shutil.rmtree(STAGE)
    if "--odd" in words:
        told = list(judged(found))
        print("\n".join(told) or "Nothing is odd.")
        return int(bool(told))
    for name, by_width in found.items():
        for width, each in by_width.items():
            put(name, width, each.lines, as_text="--text" in words)
    return 0


def put(name: str, width: int, lines: list[str], *, as_text: bool) -> None:
    """Write a picture, or print the output instead."""
    if as_text:
        print(f"----- {name} {width} " + "-" * max(width - len(name) - 11, 0))
        print("\n".join(re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines))
        return
    (HERE / "widths").mkdir(exist_ok=True)
    (HERE / "widths" / f"{name}-{width}.svg").write_text(drawing(lines, width))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
