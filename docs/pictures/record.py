"""Record a session on a terminal and draw it as an animated SVG: install, update with a conflict, resolve.

Usage: ``python docs/pictures/record.py`` writes ``docs/pictures/session.svg`` (and ``session.cast``, asciinema's format, with
``--cast``). It needs ``pyte``, a terminal emulator (``pip install 'hermes-dist[docs]'``), git, and no network.

The commands run in a home of their own. What is typed is shown as typed by a person; what a command prints is shown at once.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pyte

HERE = Path(__file__).parent
TOP = HERE.parents[1]
COLUMNS, ROWS = 88, 24
CELL, LINE, MARGIN = 8.4, 18, 14
PROMPT = "\x1b[32m$\x1b[0m "
BOT = ".hermes/profiles/research-bot"
AUTHOR = (
    "cp -R examples/research-bot author && git -C author init -q -b main && git -C author add -A"
    " && git -C author commit -qm 1.0.0 && git -C author tag v1.0.0"
)
SHIP = (
    "cd author && perl -pi -e 's/^version: .*/version: 1.1.0/' distribution.yaml"
    " && perl -pi -e 's/^# Marginalia$/# Marginalia, second edition/' SOUL.md"
    " && perl -pi -e 's/max_turns: 60/max_turns: 80/; s/char_limit: 30000/char_limit: 40000/' config.yaml"
    " && git commit -qam 1.1.0 && git tag v1.1.0"
)
SCENES: tuple[tuple[str, str], ...] = (
    ("hidden", AUTHOR),
    ("says", "# Install an agent from a repository."),
    ("runs", "hermes-dist install ~/author --name research-bot --yes --quiet"),
    ("says", "# Change it: the agent does, too."),
    ("runs", f"cd {BOT}"),
    ("runs", "echo 'My reader prefers tables to prose.' >> SOUL.md"),
    ("runs", "perl -pi -e 's/max_turns: 60/max_turns: 90/' config.yaml"),
    ("hidden", SHIP),
    ("says", "# Its author ships a new version. Both sides' work survives."),
    ("runs", "hermes-dist update research-bot --yes"),
    ("runs", "head -1 SOUL.md; tail -1 SOUL.md; grep max_turns config.yaml"),
    ("says", "# We both changed one value. Mine stayed, but I take theirs."),
    ("runs", "hermes-dist resolve research-bot agent.max_turns --theirs"),
    ("runs", "grep max_turns config.yaml"),
)
DARK = {
    "default": "#d6deeb",
    "black": "#575656",
    "red": "#ef5350",
    "green": "#7ee787",
    "brown": "#f2cc60",
    "blue": "#82aaff",
    "magenta": "#c792ea",
    "cyan": "#7fdbca",
    "white": "#ffffff",
}


@dataclass
class Recording:
    """What a terminal shows, with the seconds since the start."""

    events: list[tuple[float, str]] = field(default_factory=list)
    now: float = 0.0

    def show(self, text: str, seconds: float) -> None:
        """Show a text, and wait."""
        self.events.append((self.now, text))
        self.now += seconds

    def type(self, text: str) -> None:
        """Show a text as a person types it, and press Enter."""
        self.show(PROMPT, 0.5)
        for start in range(0, len(text), 6):
            self.show(text[start : start + 6], 0.12)
        self.show("\r\n", 0.25)


def record(home: Path) -> Recording:
    """Play the scenes in an empty home.

    Raises:
        SystemExit: A hidden command fails.
    """
    shutil.copytree(TOP / "examples", home / "examples")
    agent = home / ".local" / "bin" / "hermes"  # so that the summary says how to start it
    agent.parent.mkdir(parents=True)
    agent.write_text("#!/bin/sh\n")
    agent.chmod(0o755)
    env = {
        "HOME": str(home),
        "PATH": f"{agent.parent}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": "ada@example.org"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }
    recording = Recording()
    for kind, words in SCENES:
        if kind == "hidden":
            done = subprocess.run(
                ["bash", "-c", words],
                cwd=home,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(f"{words}\n{done.stdout}{done.stderr}")
        elif kind == "says":
            recording.show("\r\n", 0)
            recording.type(words)
        else:
            recording.type(words)
            recording.show(_shown(words, home, env), 2.5)
    recording.show(PROMPT, 4.0)
    return recording


def _shown(words: str, home: Path, env: dict[str, str]) -> str:
    """What a command shows on a terminal, in the profile if there is one."""
    folder = home / BOT if (home / BOT).is_dir() else home
    master, slave = pty.openpty()
    child = subprocess.Popen(
        ["bash", "-c", words if not words.startswith("cd ") else "true"],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while select.select([master], [], [], 30)[0]:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    child.wait(10)
    os.close(master)
    return shown.decode().replace(str(home), "~")


def cast(recording: Recording) -> str:
    """The recording in asciinema's format, version 2."""
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "hermes-dist"}
    lines = [
        json.dumps(head),
        *(json.dumps([round(at, 3), "o", text]) for at, text in recording.events),
    ]
    return "\n".join(lines) + "\n"


def frames(recording: Recording) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Each picture of the screen as lines of SVG, with the second at which it appears."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    before: tuple[str, ...] = ()
    for at, text in recording.events:
        stream.feed(text)
        lines = tuple(_line(screen, row) for row in range(ROWS))
        if lines != before:
            yield at, lines
        before = lines


def _line(screen: pyte.Screen, row: int) -> str:
    """A row of the screen as spans of one colour."""
    spans: list[tuple[str, bool, str]] = []
    cells = screen.buffer[row]
    for column in range(COLUMNS):
        cell = cells[column]
        look = (cell.fg if cell.fg in DARK else "default", cell.bold)
        if spans and spans[-1][:2] == look:
            spans[-1] = (*look, spans[-1][2] + cell.data)
        else:
            spans.append((*look, cell.data))
    while spans and not spans[-1][2].strip():
        spans.pop()
    return "".join(_span(*span) for span in spans)


def _span(colour: str, bold: bool, text: str) -> str:
    classes = " ".join(
        name for name in (colour if colour != "default" else "", "b" if bold else "") if name
    )
    text = escape(text, quote=False)
    return f'<tspan class="{classes}">{text}</tspan>' if classes else text


def svg(recording: Recording) -> str:
    """The recording as an animated picture. Each line of text is stored once and used by the frames that show it."""
    pictures = list(frames(recording))
    texts = dict.fromkeys(line for _, lines in pictures for line in lines if line)
    ids = {line: f"l{number}" for number, line in enumerate(texts)}
    width, height = COLUMNS * CELL + 2 * MARGIN, ROWS * LINE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">',
        "<title>A terminal: an agent is changed, updated with a conflict, and the conflict is settled.</title>",
        (
            "<style>text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;"
            f"fill:{DARK['default']}}}.b{{font-weight:700}}g.f{{visibility:hidden}}"
        ),
        *(f".{name}{{fill:{colour}}}" for name, colour in DARK.items() if name != "default"),
        "@media (prefers-reduced-motion:reduce){g.f:last-of-type{visibility:visible!important}}</style>",
        '<rect width="100%" height="100%" rx="8" fill="#0d1420"/><defs>',
        *(f'<text id="{ids[line]}" xml:space="preserve">{line}</text>' for line in texts),
        "</defs>",
    ]
    total = recording.now
    for number, (at, lines) in enumerate(pictures):
        end = pictures[number + 1][0] if number + 1 < len(pictures) else total
        uses = "".join(
            f'<use href="#{ids[line]}" x="{MARGIN}" y="{MARGIN + 14 + row * LINE}"/>'
            for row, line in enumerate(lines)
            if line
        )
        times = f"0;{at / total:.4f};{end / total:.4f}"
        parts.append(
            f'<g class="f">{uses}<animate attributeName="visibility" values="hidden;visible;hidden" keyTimes="{times}"'
            f' dur="{total:.2f}s" calcMode="discrete" repeatCount="indefinite"/></g>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Record, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cast", action="store_true", help="write session.cast, too")
    parser.add_argument("--into", type=Path, default=HERE, help="the folder to write to")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        recording = record(Path(place))
    (asked.into / "session.svg").write_text(svg(recording), "utf-8")
    if asked.cast:
        (asked.into / "session.cast").write_text(cast(recording), "utf-8")


if __name__ == "__main__":
    main()
