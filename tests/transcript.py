"""Pages of the docs as transcripts: every command of a ``console`` block is run, and says what is written below it.

A page is one story in a home of its own. What a reader does not see stands in comments:

    <!-- $ COMMAND -->          run this, too; a comment may hold several lines
    <!-- 3 $ COMMAND -->        the same, and it ends with this code
    <!-- ends with 3 -->        commands of the next block may end with this code as well as with 0
    <!-- says yes -->           commands of the next block get -y: who reads them says yes to the question
    <!-- types WORDS… -->       answers for the last command of the next block, which runs on a terminal

A command without lines below it may say what it likes. ``…`` stands for anything, and alone on a line for any number of
lines. Spaces count as one; ids of commits, digests, times and sizes are all alike. The home is ``/home/ada`` and holds
the project as ``hermes-dist/``; repositories of ``github.com/you/`` are in ``served/``.

``make transcripts`` plays all pages and writes what commands say now where it differs; look at the difference before you
commit it. ``PYTHONPATH=tests python tests/transcript.py PAGE…`` does it for some pages.
"""

from __future__ import annotations

import difflib
import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import forked

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
ADA = "/home/ada"
FRONT_DOOR = "__main__:front_door"
_FENCE = re.compile(r"^( *)```(.*)$")
_ASKED = re.compile(r"""\[[^\]"']*\]:? (\S.*)$""")
"""A question with its answer; a list of data in brackets has quoted words."""
_ALIKE = [
    (re.compile(r"SHA256:[\w+/]{43}"), "SHA256:…"),
    (re.compile(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{40}\b|\b[0-9a-f]{7}\b"), "0000000"),
    (re.compile(r"@20\d{6}T\d{6}Z"), "@20260131T120000Z"),
    (
        re.compile(r"\b(?:[MTWFS][a-z]{2} )?20\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?\S*"),
        "2026-01-31",
    ),
    (re.compile(r"\b\d+ (seconds|minutes) ago|just now"), "just now"),
    (re.compile(r"(https://)?github\.com/you/"), "github.com/you/"),
    (re.compile(r"\b[\d.]+ [KM]?B\b"), "1 KB"),
    (re.compile(r"[ \t]+"), " "),
]
_SHELL = re.compile(r"[|<>;&$`*?~(){}\\]")


@dataclass
class Said:
    """A command of a page, what it says, and how it may end.

    Attributes:
        line: Where it stands, counted from one; its output follows.
        shown: Whether a reader sees it.
        indent: What stands before each line of its block.
    """

    line: int
    command: str
    shown: bool = True
    indent: str = ""
    output: list[str] = field(default_factory=list)
    codes: frozenset[int] = frozenset([0])
    typed: list[str] = field(default_factory=list)
    yes: bool = False


class Page:
    """A page as the commands in it.

    Raises:
        ValueError: A mark belongs to no block.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path.read_text("utf-8").splitlines()
        self.said = list(self._read())

    def _read(self) -> Iterator[Said]:
        inside, hidden, indent = None, False, ""
        codes: frozenset[int] = frozenset([0])
        typed: list[str] = []
        yes = False
        block: list[Said] = []
        for number, line in enumerate(self.lines, 1):
            fence = _FENCE.match(line)
            if fence and inside is None:
                inside, indent = fence[2].strip(), fence[1]
            elif fence:
                if block and typed:
                    block[-1].typed = typed
                if inside == "console":
                    for said in block:
                        said.yes = yes
                    codes, typed, yes = frozenset([0]), [], False
                yield from block
                inside, block = None, []
            elif inside == "console":
                self._add(block, number, line.removeprefix(indent), indent, codes)
            elif inside is None:
                if found := re.search(r"<!-- ends with ([\d ]+) -->", line):
                    codes = frozenset([0, *map(int, found[1].split())])
                elif "<!-- says yes -->" in line:
                    yes = True
                elif found := re.search(r"<!-- types (.+) -->", line):
                    typed = shlex.split(found[1])
                elif (hidden or line.startswith("<!--")) and (
                    found := re.match(r"(?:<!-- )?(?:(\d+) )?\$ (.*?)(?: -->)?$", line)
                ):
                    yield Said(number, found[2], shown=False, codes=frozenset([int(found[1] or 0)]))
                if "<!--" in line:
                    hidden = True
                if "-->" in line:
                    hidden = False

    @staticmethod
    def _add(block: list[Said], number: int, line: str, indent: str, codes: frozenset[int]) -> None:
        if line.startswith("$ "):
            block.append(Said(number, line[2:], indent=indent, codes=codes))
        elif block and block[-1].command.endswith("\\"):
            block[-1].command += "\n" + line
        elif block:
            block[-1].output.append(line)


class Player:
    """A home in which the commands of a page are run, one after the other.

    Args:
        place: An empty folder.
        columns: How wide the terminal is.
    """

    def __init__(self, place: Path, columns: int = 88) -> None:
        self.home = place / "ada"
        self.home.mkdir(parents=True)
        self.served = self.home / "served"
        self.cwd = self.home
        project = self.home / "hermes-dist"
        project.mkdir()
        (project / "examples").symlink_to(TOP / "examples")
        programs = forked.programs(place / "programs").parent
        self.ours = {"hermes-dist": str(programs / "hermes-dist"), "hermes": ""}
        self.env = {
            "HOME": str(self.home),
            "PATH": f"{self.home}/.local/bin:{programs}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "COLUMNS": str(columns),
            "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1",
            "EDITOR": "true",
            "TOOLS": str(Path(__file__).parent / "pages"),
        }
        (self.home / ".gitconfig").write_text(
            "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
            "[advice]\ndetachedHead = false\n"
        )

    def play(self, said: Said) -> tuple[int, list[str]]:
        """Run a command; returns its exit code and what it shows, with the home as ``/home/ada``."""
        command = said.command.replace("\\\n", " ")
        command = re.sub(r"(?:https://)?github\.com/you/", f"file://{self.served}/", command)
        command = re.sub(r"(?<= )you/(?=\w)", f"file://{self.served}/", command)
        typed = said.typed or [m[1] for line in said.output if (m := _ASKED.search(line))]
        if given := re.fullmatch(r"export (\w+)=(\S*)", command):
            self.env[given[1]] = given[2]
            return 0, []
        words = self._ours(command)
        if words is None:
            code, text = self._shell(command)
        else:
            entry = forked.HERMES_DIST if words[0] == "hermes-dist" else FRONT_DOOR
            code, text = self._forked([*words, *(["-y"] if said.yes else [])], entry, typed)
        return code, self._masked(text).splitlines()

    def _ours(self, command: str) -> list[str] | None:
        """The words of a command that needs no shell; None for any other."""
        try:
            words = shlex.split(re.sub(r"\s+#.*", "", command))
        except ValueError:
            return None
        if not words or words[0] not in self.ours:
            return None
        if words[0] == "hermes" and words[1:2] not in (["profile"], ["gateway"], ["gateways"]):
            return None
        plain = re.sub(r"\s+#.*", "", command)
        bare = re.sub(r"'[^']*'", "", plain)
        if _SHELL.search(re.sub(r"(?<= )~/", "", bare)):
            return None
        return [w.replace("~/", f"{self.home}/", 1) if w.startswith("~/") else w for w in words]

    def _shell(self, command: str) -> tuple[int, str]:
        place = self.home / ".cwd"
        done = subprocess.run(
            ["bash", "-c", f"{{ {command}\n}} 2>&1; code=$?; pwd >{place}; exit $code"],
            env=self.env,
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
            timeout=60,
        )
        if place.exists():
            self.cwd = Path(place.read_text().strip())
            place.unlink()
        return done.returncode, done.stdout.decode()

    def _forked(self, words: list[str], entry: str, typed: list[str]) -> tuple[int, str]:
        if typed:
            return self._talked(words, entry, typed)
        with open(os.devnull, "rb") as nothing, tempfile.TemporaryFile() as out:
            streams = [nothing.fileno(), out.fileno(), out.fileno()]
            code = forked.Forked(words, self.env, self.cwd, streams, entry=entry).wait()
            out.seek(0)
            return code, out.read().decode()

    def _talked(self, words: list[str], entry: str, typed: list[str]) -> tuple[int, str]:
        """Run a command on a terminal, answering each question as it comes."""
        master, slave = pty.openpty()
        fcntl.ioctl(
            slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(self.env["COLUMNS"]), 0, 0)
        )
        run = forked.Forked(words, self.env, self.cwd, [slave] * 3, entry=entry, session=True)
        os.close(slave)
        shown, left = b"", list(typed)
        while piece := _next(master):
            shown += piece
            if re.search(rb"[?\]:] $", shown):
                if not left:
                    break
                os.write(master, left.pop(0).encode() + b"\n")
        os.close(master)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode().replace("\r\n", "\n"))
        return run.wait(30), text + (f"\n(never asked for {left})" if left else "")

    def _masked(self, text: str) -> str:
        text = text.replace(f"file://{self.served}/", "github.com/you/")
        return text.replace(str(self.home), ADA)


def _next(master: int) -> bytes:
    """What a terminal shows next; nothing once its program has ended."""
    ready, _, _ = select.select([master], [], [], 30)
    try:
        return os.read(master, 65536) if ready else b""
    except OSError:
        return b""


def alike(lines: list[str]) -> list[str]:
    """Lines without what differs from one run to the next."""
    for pattern, instead in _ALIKE:
        lines = [pattern.sub(instead, line) for line in lines]
    return [line.rstrip() for line in lines]


def matches(wanted: list[str], found: list[str]) -> bool:
    """Whether output is as written."""
    lines = alike([line.replace("…", "\0") for line in wanted])
    pattern = "".join(
        r"(?:.*\n)*?" if line == "\0" else re.escape(line).replace("\0", ".*?") + r"\n"
        for line in lines
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in alike(found))) is not None


def rewritten(page: Page, player: Player) -> list[str]:
    """Play a page; returns its lines with what the commands say now where it is not as written."""
    lines = list(page.lines)
    moved = 0
    for said in page.said:
        code, found = player.play(said)
        if code not in said.codes:
            sys.stderr.write(f"{page.path.name}:{said.line}: exit {code}: {said.command}\n")
        if said.shown and said.output and not matches(said.output, found):
            start = said.line + moved + said.command.count("\n")
            shown = [(said.indent + line).rstrip() for line in _shortened(said.output, found)]
            lines[start : start + len(said.output)] = shown
            moved += len(shown) - len(said.output)
    return lines


def _shortened(wanted: list[str], found: list[str]) -> list[str]:
    """What a command says now; unchanged lines stay, and what was left out before still is."""
    result: list[str] = []
    matcher = difflib.SequenceMatcher(None, alike(wanted), alike(found), autojunk=False)
    for word, begin, end, first, last in matcher.get_opcodes():
        if word == "equal":  # what differs in ids and times alone stays as it is
            result += wanted[begin:end]
        elif "…" in wanted[begin:end]:
            left = found[first:last]
            for line in wanted[begin:end]:
                like = [line] if line == "…" else difflib.get_close_matches(line, left, 1, 0.5)
                result += like
                left = left[left.index(like[0]) + 1 :] if like and like[0] in left else left
        else:
            result += found[first:last]
    return result


def main(names: list[str]) -> None:
    for name in names:
        path = Path(name)
        place = Path(tempfile.mkdtemp(prefix="hermes-dist-page-"))
        try:
            lines = rewritten(Page(path), Player(place))
        finally:
            shutil.rmtree(place, ignore_errors=True)
        path.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
