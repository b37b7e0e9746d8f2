"""Three versions of a settings file as its author and its user edit it: keys, headers, comments and blank lines."""

from __future__ import annotations

import copy
import random

from msgspec import Struct, field

NAMES = ["model", "agent", "servers", "skin", "args", "env", "mode", "k"]
WORDS = ["1", "2", "true", "'off'", "x", "npx", "[a, b]", "{}", "~", "[]"]


class Part(Struct):
    """One key of a file: its value, and what its author wrote around it."""

    name: str
    value: str | list[Part]
    above: list[str] = field(default_factory=list)
    beside: str = ""
    gap_above: bool = False
    gap_below: bool = False  # between the comments and the key


class Author:
    """Writes and edits a file; every comment is written once and says who wrote it.

    Args:
        rng: Decides.
        who: Begins each comment.
    """

    def __init__(self, rng: random.Random, who: str) -> None:
        self.rng = rng
        self.who = who
        self.count = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def note(self) -> str:
        self.count += 1
        return f"# {self.who} {self.count}"

    def file(self, depth: int = 2) -> list[Part]:
        names = self.rng.sample(NAMES, self.rng.randint(1, 4))
        return [self.part(name, depth) for name in names]

    def part(self, name: str, depth: int) -> Part:
        deep = depth > 0 and self.chance(0.4)
        return Part(
            name,
            self.file(depth - 1) if deep else self.rng.choice(WORDS),
            [self.note() for _ in range(self.rng.choice([0, 0, 1, 1, 2]))],
            self.note() if self.chance(0.2) else "",
            self.chance(0.3),
            self.chance(0.2),
        )

    def edit(self, parts: list[Part], times: int) -> list[Part]:
        """Return another version of a file."""
        parts = copy.deepcopy(parts)
        for _ in range(times):
            inner = parts
            while (deep := [part for part in inner if isinstance(part.value, list)]) and (
                self.chance(0.5)
            ):
                inner = self.rng.choice([part.value for part in deep])
            self.rng.choice(self.EDITS)(self, inner)
        return parts

    def _value(self, parts: list[Part]) -> None:
        part = self.rng.choice(parts)
        part.value = self.rng.choice(WORDS) if self.chance(0.8) else self.file(0)

    def _add(self, parts: list[Part]) -> None:
        free = [name for name in NAMES if name not in {part.name for part in parts}]
        if free:
            new = self.part(self.rng.choice(free), 1)
            parts.insert(self.rng.randint(0, len(parts)), new)

    def _add_under_header(self, parts: list[Part]) -> None:
        free = [name for name in NAMES if name not in {part.name for part in parts}]
        if free:
            header, parts[0].above = parts[0].above, []
            parts.insert(0, Part(self.rng.choice(free), "1", header))

    def _remove(self, parts: list[Part]) -> None:
        if len(parts) > 1:
            del parts[self.rng.randrange(len(parts))]

    def _remove_under_header(self, parts: list[Part]) -> None:
        if len(parts) > 1:
            parts[1].above = parts[0].above + parts[1].above
            del parts[0]

    def _swap(self, parts: list[Part]) -> None:
        parts.append(parts.pop(0))

    def _replace_all(self, parts: list[Part]) -> None:
        parts[:] = self.file(0)

    def _gap(self, parts: list[Part]) -> None:
        part = self.rng.choice(parts)
        if self.chance(0.5):
            part.gap_above = not part.gap_above
        else:
            part.gap_below = not part.gap_below

    def _comment(self, parts: list[Part]) -> None:
        part = self.rng.choice(parts)
        if self.chance(0.3):
            part.beside = self.note() if self.chance(0.7) else ""
        elif self.chance(0.3):
            part.above = []
        elif self.chance(0.5):
            part.above = [self.note(), *part.above]
        else:
            part.above = [self.note(), *part.above[1:]]

    def _comment_moves_beside(self, parts: list[Part]) -> None:
        part = self.rng.choice(parts)
        if part.beside:
            part.above, part.beside = [*part.above, part.beside], ""
        elif part.above:
            part.beside = part.above.pop()

    EDITS = (
        _value,
        _value,
        _add,
        _add_under_header,
        _remove,
        _remove_under_header,
        _swap,
        _replace_all,
        _gap,
        _gap,
        _comment,
        _comment,
        _comment_moves_beside,
    )


def text_of(parts: list[Part], column: int = 0) -> str:
    """Write a file."""
    out: list[str] = []
    margin = " " * column
    for part in parts:
        lines = [*part.above, ""] if part.gap_below and part.above else part.above
        out += ["\n"] if part.gap_above else []
        out += [f"{margin}{line}".rstrip() + "\n" for line in lines]
        beside = f"  {part.beside}" if part.beside else ""
        if isinstance(part.value, list):
            out.append(f"{margin}{part.name}:{beside}\n{text_of(part.value, column + 2)}")
        else:
            out.append(f"{margin}{part.name}: {part.value}{beside}\n")
    return "".join(out)


def three(seed: int) -> tuple[str, str, str]:
    """Return a base, and two edits of it: the user's comments begin with ``# mine``, upstream's with ``# new``."""
    rng = random.Random(seed)
    base = Author(rng, "old").file()
    ours = Author(rng, "mine").edit(base, rng.randint(1, 3))
    theirs = Author(rng, "new").edit(base, rng.randint(1, 3))
    return text_of(base), text_of(ours), text_of(theirs)


def mutated(seed: int) -> tuple[str, str, str]:
    """Return three versions as :func:`three` does, with lines taken out, doubled, moved or indented on two sides."""
    rng = random.Random(seed)
    base, ours, theirs = three(seed)
    return base, _mutated(rng, ours, "mine"), _mutated(rng, theirs, "new")


def _mutated(rng: random.Random, text: str, who: str) -> str:
    lines = text.splitlines(keepends=True) or ["\n"]
    at = rng.randrange(len(lines))
    what = rng.choice(["delete", "double", "move", "indent", "dedent", "gap", "note"])
    if what == "delete":
        del lines[at]
    elif what == "double":
        lines.insert(at, lines[at])
    elif what == "move":
        lines.insert(rng.randrange(len(lines)), lines.pop(at))
    elif what == "indent":
        lines[at] = f"  {lines[at]}"
    elif what == "dedent":
        lines[at] = lines[at].removeprefix("  ")
    elif what == "gap":
        lines.insert(at, "\n")
    else:
        lines.insert(at, f"# {who} {rng.randint(900, 999)}\n")
    return "".join(lines)
