"""The values of variables that a file refers to: taken from the environment, a file, or the user's own tool.

A value goes from there into the profile's ``.env`` and nowhere else: it is never shown, stored or logged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hermes_dist.decide.team.wanted import answer_of, is_reference
from hermes_dist.errors import DistError
from hermes_dist.ops.change.variables import single_line
from hermes_dist.ops.context import Context
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.disk.errors import trouble

_BYTES = 1 << 16
_PATIENCE = Bounds(seconds=120, output=_BYTES, cpu=60)
"""A tool may wait until its user unlocks it."""


class Answers:
    """The answers to inputs that a file gives or refers to; each tool is asked once in a run.

    Args:
        ctx: The context.
        folder: The folder that a path is relative to.
    """

    def __init__(self, ctx: Context, folder: Path) -> None:
        self._ctx, self._folder = ctx, folder
        self._found: dict[str, str] = {}

    def to(self, name: str, word: str) -> str:
        """Look up an answer.

        Args:
            name: The input, for errors.
            word: The answer, or where it is.

        Raises:
            DistError: It can't be looked up; the error shows no value.
        """
        if not is_reference(word):
            return answer_of(word)
        if word not in self._found:
            self._found[word] = value_of(self._ctx, name, word, self._folder)
        return self._found[word]


def value_of(ctx: Context, name: str, reference: str, folder: Path) -> str:
    """Look up the value of a variable.

    Args:
        ctx: The context.
        name: The variable, for errors.
        reference: Where its value is, such as ``env:KEY``, ``file:~/key``, ``op://Team/Bots/key`` or ``pass:bots/key``.
        folder: The folder that a path is relative to.

    Raises:
        DistError: There is no value, it does not fit on one line, or the tool failed; the error shows no value.
    """
    kind, _, rest = reference.partition(":")
    try:
        value = _READERS[kind](ctx, rest, reference, folder)
    except DistError as err:
        raise err.within(name) from None
    if not value:
        raise DistError("it is empty there", where=f"{name}: {reference}", hint="nothing was set")
    return single_line(name, value)


def _from_environment(ctx: Context, rest: str, reference: str, _folder: Path) -> str:
    if rest not in ctx.env:
        raise DistError(
            "the variable is not set in this shell", where=reference, hint=f"export {rest} first"
        )
    return ctx.env[rest]


def _from_file(_ctx: Context, rest: str, _reference: str, folder: Path) -> str:
    path = folder / Path(rest).expanduser()
    try:
        with path.open("rb") as stream:
            data = stream.read(_BYTES + 1)
    except OSError as err:
        raise trouble(err, "the file can't be read", where=str(path)) from err
    return _text(data, str(path))


def _from_op(ctx: Context, _rest: str, reference: str, _folder: Path) -> str:
    return _told(ctx, ("op", "read", "--no-newline", reference), reference)


def _from_pass(ctx: Context, rest: str, reference: str, _folder: Path) -> str:
    # By its custom, the first line is the password, and the others are notes.
    return _told(ctx, ("pass", "show", "--", rest), reference, lines=True)


def _told(ctx: Context, argv: tuple[str, ...], reference: str, *, lines: bool = False) -> str:
    """What the user's own tool says, run without a shell."""
    program = find_command(argv[0], ctx.env)
    if program is None:
        raise DistError(
            f"the program {argv[0]} is not on PATH",
            where=reference,
            hint="install it, or set it by hand",
        )
    done = run(Command((str(program), *argv[1:]), ctx.env, private=True), _PATIENCE)
    if not done.ok:
        why = f"ended with code {done.code}"
        if done.stopped:
            why = "took too long" if done.stopped == "time" else "said too much"
        # What it wrote is not shown: nobody knows whether that holds a part of the value.
        raise DistError(f"{argv[0]} {why}", where=reference, hint=f"see why with: {' '.join(argv)}")
    data = done.out.split(b"\n", 1)[0] if lines else done.out
    return _text(data, reference)


def _text(data: bytes, where: str) -> str:
    if len(data) > _BYTES:
        raise DistError("it is too large for a value", where=where)
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise DistError("it is not text in UTF-8", where=where) from None


_READERS: Mapping[str, Callable[[Context, str, str, Path], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "op": _from_op,
    "pass": _from_pass,
}
