"""Runs the scenarios of this folder: text files of commands, and what a user sees and finds afterwards.

The steps of a scenario, one a line; indented lines below a step are its block:

    # …                         a remark
    push REPO [tag=T] [branch=B] [restart] [force]
                                a commit in a real git repository; its block lists files under ``-- PATH`` lines
                                (``-- PATH (deleted|executable|crlf|base64)``); ``restart`` begins an unrelated
                                history, ``force`` replaces the branch's tip by a sibling
    empty REPO                  an empty bare repository
    git REPO WORDS…             git itself, in the repository
    drop REPO                   the repository disappears
    freeze [PATH] / thaw        nothing below HOME, or below a folder in it, can be written by the commands, and it
                                can be again
    folder NAME                 files without git, in a folder beside the repositories
    $ COMMAND                   run it; the block is its stdout, lines beginning ``2> `` its stderr
    type ANSWER                 (below a command) run it on a terminal and type this; the block is all that is shown
    exit CODE                   (below a command) its exit code, 0 when left out
    write PATH / append PATH    the block becomes the file, or its end
    replace PATH: OLD => NEW    one edit inside a file
    remove PATH / move OLD NEW  what a user does with files
    cat PATH                    the block is the whole file
    exists PATH… / absent PATH…
    snapshot / unchanged        no file below HOME has other bytes, another inode or another time than then
    set NAME=VALUE              the environment of later commands

A text whose first line ends with ``(served)`` is played as well over smart HTTP with the git program, and over git://
with the embedded client (in a quick run over one of them, in turns); all others read ``file://`` by the git program.

Paths are relative to HOME; ``bot:SOUL.md`` is SOUL.md in the profile ``bot``. In commands and blocks ``{bot}`` is the
URL of the repository ``bot`` and ``{bot.2}`` its second commit (short or long), ``{bot.2:9}`` in a command the start of it; ``…`` stands for anything, and alone on
a line for any number of lines. A command without a block may say what it likes.
"""

from __future__ import annotations

import base64
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import forked
from frozen import freeze, thaw, without_powers
from gitrepo import Repo

PROGRAM_FOLDER = Path(sys.executable).parent
OURS = str(PROGRAM_FOLDER / "hermes-dist")
_ANY = "…"
_SHOWS_TIMES = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?\S*")


class Failure(AssertionError):
    """A step did not go as written."""


@dataclass
class Step:
    """A line of a scenario with its block."""

    number: int
    word: str
    rest: str
    block: list[str] | None = None
    code: int = 0
    typed: list[str] = field(default_factory=list)


def parse(text: str) -> list[Step]:
    """Read a scenario."""
    steps: list[Step] = []
    pending = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("    "):
            block = steps[-1].block = steps[-1].block or []
            block += [""] * pending + [line[4:]]
            pending = 0
        elif not line.strip():
            pending += 1
            continue
        elif not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "exit":
                steps[-1].code = int(rest)
            elif word == "type":
                steps[-1].typed.append(rest)
            else:
                steps.append(Step(number, word, rest.strip()))
        pending = 0
    return steps


class World:
    """A fresh HOME and the repositories of one scenario.

    Args:
        place: An empty folder.
        served: The URL below which the repositories are served; empty for ``file://``.
        git: Whether the git program is there.
        installed: Whether each command is the installed program, started anew.
    """

    def __init__(
        self, place: Path, served: str = "", *, git: bool = True, installed: bool = False
    ) -> None:
        self.home = place / "home"
        self.repos = place / "repos"
        self.home.mkdir(parents=True)
        self.repos.mkdir(exist_ok=True)
        self.served = served or f"file://{self.repos}"
        self.made: dict[str, Repo] = {}
        self.commits: dict[str, list[str]] = {}
        self.snapshot: dict[str, tuple[object, ...]] = {}
        self.frozen = False
        self.installed = installed
        self.env = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(PROGRAM_FOLDER), *(["/usr/bin", "/bin"] if git else [])]),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "TERM": "dumb",
            "COLUMNS": "120",
        }

    def run(self, text: str) -> None:
        """Run a scenario.

        Raises:
            Failure: A step went otherwise.
        """
        for step in parse(text):
            action = getattr(self, f"do_{'command' if step.word == '$' else step.word}", None)
            if action is None:
                raise Failure(f"line {step.number}: no step is called {step.word!r}")
            try:
                action(step)
            except Failure as err:
                raise Failure(f"line {step.number}: {step.word} {step.rest}\n{err}") from None

    def path(self, text: str) -> Path:
        profile, colon, rest = text.strip().partition(":")
        if text.startswith("@"):
            return self.repos / text[1:]
        return (
            self.home / ".hermes" / "profiles" / profile / rest
            if colon
            else self.home / text.strip()
        )

    def filled(self, text: str) -> str:
        """Put URLs and commits in for their names."""

        def value(match: re.Match[str]) -> str:
            name, _, number = match[1].partition(".")
            number, _, length = number.partition(":")
            if number:
                return self.commits[name][int(number) - 1][: int(length or 99)]
            return f"{self.served}/{name}" if name in self.commits else match[0]

        return re.sub(r"\{([\w-]+(?:\.\d+(?::\d+)?)?)\}", value, text).replace(
            "{repos}", str(self.repos)
        )

    def masked(self, text: str) -> str:
        """The inverse for what is shown; the HOME becomes ``~``."""
        for name, commits in self.commits.items():
            for number, commit in enumerate(commits, 1):
                text = text.replace(commit, f"{{{name}.{number}}}").replace(
                    commit[:7], f"{{{name}.{number}}}"
                )
        for name in sorted(self.commits, key=len, reverse=True):
            text = re.sub(rf"{re.escape(self.served)}/{name}(?![\w-])", f"{{{name}}}", text)
        text = text.replace(str(self.repos), "{repos}").replace(str(self.home), "~")
        return _SHOWS_TIMES.sub("{time}", text)

    def do_push(self, step: Step) -> None:
        name, *options = step.rest.split()
        known = dict(option.partition("=")[::2] for option in options)
        place = self.repos / name
        repo = self.made[name] if name in self.made else self.made.setdefault(name, Repo(place))
        branch = known.get("branch", "main")
        if "force" in known:
            repo.git("update-ref", f"refs/heads/{branch}", f"{branch}~1")
        files, executable = _files([self.filled(line) for line in step.block or []])
        if branch != "main" and not repo.git("for-each-ref", f"refs/heads/{branch}"):
            repo.git("update-ref", f"refs/heads/{branch}", "main")
        commit = repo.commit(files, branch=branch, executable=executable, orphan="restart" in known)
        self.commits.setdefault(name, []).append(commit)
        if tag := known.get("tag"):
            repo.tag(tag, commit)

    def do_empty(self, step: Step) -> None:
        self.made[step.rest] = Repo(self.repos / step.rest, bare=True)
        self.commits[step.rest] = []

    def do_git(self, step: Step) -> None:
        name, *words = shlex.split(self.filled(step.rest))
        self.made[name].git(*words)

    def do_drop(self, step: Step) -> None:
        shutil.rmtree(self.repos / step.rest)
        self.made.pop(step.rest, None)

    def do_freeze(self, step: Step) -> None:
        freeze(self.path(step.rest) if step.rest else self.home)
        self.frozen = True

    def do_thaw(self, _: Step) -> None:
        thaw(self.home)
        self.frozen = False

    def do_folder(self, step: Step) -> None:
        files, executable = _files(step.block or [])
        for path, data in files.items():
            target = self.repos / step.rest / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if data is not None:
                target.write_bytes(data)
                target.chmod(0o755 if path in executable else 0o644)

    def do_set(self, step: Step) -> None:
        name, _, value = self.filled(step.rest).partition("=")
        self.env[name] = value.replace("~", str(self.home))

    def do_command(self, step: Step) -> None:
        words = [
            w.replace("~/", f"{self.home}/") if w.startswith("~/") else w
            for w in shlex.split(self.filled(step.rest))
        ]
        program = shutil.which(words[0], path=self.env["PATH"])
        if program is None:
            raise Failure(f"{words[0]} is not installed beside {sys.executable}")
        words[0] = program
        if step.typed:
            code, out = _on_a_terminal(words, self.env, self.repos, step.typed)
            err = ""
        else:
            done = self._run(words)
            code, out, err = done.returncode, done.stdout.decode(), done.stderr.decode()
        out, err = self.masked(out), self.masked(err)
        shown = f"exit {code}\n{out}{''.join(f'2> {line}' + chr(10) for line in err.splitlines())}"
        if code != step.code:
            raise Failure(f"exit code {code}, not {step.code}\n{shown}")
        block = step.block or []
        wanted_err = [line[2:].removeprefix(" ") for line in block if line.startswith("2>")]
        wanted_out = [line for line in block if not line.startswith("2>")]
        if wanted_out and not matches(wanted_out, out.splitlines()):
            raise Failure(f"stdout is not as written:\n{shown}")
        if wanted_err and not matches(wanted_err, err.splitlines()):
            raise Failure(f"stderr is not as written:\n{shown}")
        if "Traceback" in out + err or "a bug in this program" in err:
            raise Failure(f"it crashed:\n{shown}")

    def _run(self, words: list[str]) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end; ours as a fork, unless root has to give up its powers for it."""
        if words[0] == OURS and not self.installed and not self.frozen:
            return forked.run(words, self.env, self.repos)
        return subprocess.run(
            words,
            env=self.env,
            cwd=self.repos,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
            preexec_fn=without_powers if self.frozen else None,
        )

    def do_write(self, step: Step) -> None:
        path = self.path(step.rest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.filled(_text(step.block).decode()).encode())

    def do_append(self, step: Step) -> None:
        path = self.path(step.rest)
        path.write_bytes(path.read_bytes() + _text(step.block))

    def do_replace(self, step: Step) -> None:
        name, _, edit = step.rest.partition(": ")
        old, _, new = edit.partition(" => ")
        path = self.path(name)
        text = path.read_text("utf-8")
        if old not in text:
            raise Failure(f"{old!r} is not in it:\n{text}")
        path.write_text(text.replace(old, new, 1), "utf-8")

    def do_remove(self, step: Step) -> None:
        path = self.path(step.rest)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def do_move(self, step: Step) -> None:
        old, new = map(self.path, step.rest.split())
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)

    def do_cat(self, step: Step) -> None:
        path = self.path(step.rest)
        if not path.is_file():
            raise Failure(f"there is no {path}")
        text = self.masked(path.read_bytes().decode())
        if not matches(step.block or [], text.splitlines()):
            raise Failure(f"it holds:\n{text}")

    def do_exists(self, step: Step) -> None:
        if missing := [name for name in step.rest.split() if not self.path(name).exists()]:
            raise Failure(f"not there: {', '.join(missing)}")

    def do_absent(self, step: Step) -> None:
        if there := [name for name in step.rest.split() if os.path.lexists(self.path(name))]:
            raise Failure(f"there: {', '.join(there)}")

    def do_snapshot(self, step: Step) -> None:
        self.snapshot = self._picture()

    def do_unchanged(self, step: Step) -> None:
        now = self._picture()
        if changed := sorted(
            p for p in {*now, *self.snapshot} if now.get(p) != self.snapshot.get(p)
        ):
            raise Failure(f"changed: {', '.join(changed)}")

    def _picture(self) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        profiles = self.home / ".hermes" / "profiles"
        for folder, _, names in os.walk(profiles if profiles.is_dir() else self.home):
            for name in names:
                path = Path(folder, name)
                stat = path.lstat()
                data = os.readlink(path) if path.is_symlink() else path.read_bytes()
                found[str(path.relative_to(self.home))] = (
                    data,
                    stat.st_ino,
                    stat.st_mtime_ns,
                    stat.st_mode,
                )
        return found


def _text(block: list[str] | None) -> bytes:
    return "".join(f"{line}\n" for line in block or []).encode()


def _files(block: list[str]) -> tuple[dict[str, bytes | None], tuple[str, ...]]:
    """Read ``-- PATH (kind)`` lines and what stands below them."""
    files: dict[str, bytes | None] = {}
    executable = []
    parts: list[tuple[str, str, list[str]]] = []
    for line in block:
        if head := re.fullmatch(r"-- (\S+)(?: \((\w+)\))?", line):
            parts.append((head[1], head[2] or "", []))
        else:
            parts[-1][2].append(line)
    for path, kind, lines in parts:
        while lines and not lines[-1]:
            lines.pop()
        data = "".join(f"{line}\n" for line in lines).replace("\\e", "\x1b").encode()
        if kind == "deleted":
            files[path] = None
        elif kind == "crlf":
            files[path] = data.replace(b"\n", b"\r\n")
        elif kind == "base64":
            files[path] = base64.b64decode(data)
        else:
            files[path] = data
        if kind == "executable":
            executable.append(path)
    return files, tuple(executable)


def matches(wanted: list[str], lines: list[str]) -> bool:
    """Whether lines are as written: ``…`` is anything, alone on a line any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*?"
        if line.strip() == _ANY
        else ".*?".join(map(re.escape, line.rstrip().split(_ANY))) + r"[ ]*\n"
        for line in wanted
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def _on_a_terminal(
    words: list[str], env: dict[str, str], cwd: Path, answers: list[str]
) -> tuple[int, str]:
    """Run a command on a terminal of its own, answering each question as it comes."""
    master, slave = pty.openpty()
    wait = _begin(words, env, cwd, slave)
    os.close(slave)
    shown = b""
    left = list(answers)
    while piece := _read(master):
        shown += piece
        if re.search(rb"[?\]:] $", shown):
            if not left:
                break
            os.write(master, left.pop(0).encode() + b"\n")
    asks = bool(piece)
    os.close(master)  # whoever still asks ends with it
    code = wait(30)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode().replace("\r\n", "\n"))
    if left:
        raise Failure(f"it never asked for {left}:\n{text}")
    if asks:
        raise Failure(f"it asks once more:\n{text}")
    return code, text


def _begin(words: list[str], env: dict[str, str], cwd: Path, slave: int) -> Callable[[float], int]:
    """Start a command on a terminal; what is returned waits for its end."""
    if words[0] == OURS:
        return forked.Forked(words, env, cwd, (slave, slave, slave), session=True).wait
    return subprocess.Popen(
        words, env=env, cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ).wait


def _read(master: int) -> bytes:
    """What a terminal shows next; nothing once its program has ended."""
    ready, _, _ = select.select([master], [], [], 30)
    try:
        return os.read(master, 65536) if ready else b""
    except OSError:
        return b""
