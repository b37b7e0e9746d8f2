"""Made-up YAML files in many styles, with comments, and random edits of plain data."""

from __future__ import annotations

import copy
import random

KEYS = [
    "model",
    "provider",
    "toolsets",
    "args",
    "env",
    "x y",
    "été",
    "on it",
    "a.b",
    "k1",
    "k2",
    "k3",
    "k4",
    "k5",
]
INLINE = [
    "1",
    "1.0",
    "true",
    "off",
    "~",
    "null",
    "0755",
    "x",
    "plain words",
    "'q # no'",
    '"d: \\"q\\" \\u00e9"',
    ".nan",
    "1.10",
    "12:30:45",
    "-5",
    "2024-01-02",
    "http://x.y/z#frag",
    "é 😀",
    "'it''s'",
    "{}",
    "[]",
    "{a: 1, b: [x, 'y']}",
    "[1, two, {three: 3}]",
    '"on"',
    "<none>",
    "a:b",
    "1_000",
]


class Sample:
    """Writes one random file."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.notes = 0
        self.step = self.rng.choice([2, 2, 2, 4, 3])
        self.flush = self.rng.random() < 0.5
        self.chatty = self.rng.choice([0.0, 0.15, 0.4])

    def text(self) -> str:
        head = self.rng.choice(["", "", "# A header\n\n", "---\n", "# one\n# two\n---\n"])
        text = head + self.map(0, 3)
        if self.rng.random() < 0.15:
            text = text.rstrip("\n")
        if self.rng.random() < 0.15:
            text = text.replace("\n", "\r\n")
        return text

    def note(self) -> str:
        self.notes += 1
        return f"# note {self.notes}{self.rng.choice(['', ' é', ': x', ' # twice', ' - a'])}"

    def above(self, column: int) -> str:
        out = ""
        if self.rng.random() < 0.1:
            out += "\n"
        while self.rng.random() < self.chatty:
            out += " " * self.rng.choice([column, column, column, 0]) + self.note() + "\n"
            if self.rng.random() < 0.2:
                out += "\n"
        return out

    def side(self) -> str:
        return (
            self.rng.choice(["  ", " ", "    "]) + self.note()
            if self.rng.random() < self.chatty
            else ""
        )

    def map(self, column: int, depth: int) -> str:
        keys = self.rng.sample(KEYS, self.rng.randint(1, 5))
        return "".join(
            self.above(column) + " " * column + self.pair(key, column, depth) for key in keys
        )

    def pair(self, key: str, column: int, depth: int) -> str:
        key = self.rng.choice([f'"{key}"', f"'{key}'"]) if self.rng.random() < 0.15 else key
        return f"{key}:{self.value(column, depth)}"

    def value(self, column: int, depth: int) -> str:
        pick = self.rng.random()
        if depth and pick < 0.35:
            return f"{self.side()}\n{self.map(column + self.step, depth - 1)}"
        if depth and pick < 0.55:
            inner = column if self.flush else column + self.step
            return f"{self.side()}\n{self.list(inner, depth - 1)}"
        if pick < 0.65:
            return self.block_text(column)
        if pick < 0.7:
            return self.side() + "\n"
        if pick < 0.75:
            margin = " " * (column + 4)
            return f" {{\n{margin}a: 1,\n{margin}b: [x,\n{margin} y]\n{' ' * (column + 1)}}}{self.side()}\n"
        return " " * self.rng.choice([1, 1, 1, 3]) + self.rng.choice(INLINE) + self.side() + "\n"

    def block_text(self, column: int) -> str:
        margin = " " * (column + self.step)
        mark = self.rng.choice(["|", ">", "|-", ">-", "|+"])
        lines = self.rng.sample(["hello", "# no comment", "key: value", "- dash", "  more", ""], 3)
        body = "".join(f"{margin}{line}\n" if line else "\n" for line in ["first", *lines])
        return (
            f" {mark}{self.side()}\n{body}{'' if mark == '|+' else self.rng.choice(['', chr(10)])}"
        )

    def list(self, column: int, depth: int) -> str:
        dash = " " * column + "-"
        kind = self.rng.random()
        out = ""
        for n in range(self.rng.randint(1, 4)):
            out += self.above(column)
            if kind < 0.35:
                name = self.rng.choice([f"n{n}", f'"n{n}"'])
                out += f"{dash} name: {name}{self.side()}\n"
                out += "".join(
                    " " * (column + 2) + self.pair(key, column + 2, depth)
                    for key in self.rng.sample(KEYS, self.rng.randint(0, 2))
                )
            elif kind < 0.42:
                out += f"{dash}{self.side()}\n{' ' * (column + 3)}v: {n}\n"
            else:
                out += f"{dash} {self.rng.choice(INLINE)}{self.side()}\n"
        return out


def edited(rng: random.Random, data: object, times: int = 1) -> object:
    """Return data with some values changed, taken out or put in."""
    data = copy.deepcopy(data)
    for _ in range(times):
        data = _edit(rng, data)
    return data


def _edit(rng: random.Random, data: object) -> object:
    holders = [one for one in _walk(data) if one]
    if not holders:
        return {"fresh": fresh(rng)}
    one = rng.choice(holders)
    what = rng.random()
    if isinstance(one, dict):
        key = rng.choice([k for k in one if k != "name"] or ["new"])
        if what < 0.35:
            one[key] = fresh(rng)
        elif what < 0.65:
            one.pop(key, None)
        else:
            one[rng.choice(["zz", "yy", "x y", "model"])] = fresh(rng)
    elif isinstance(one, list):
        at = rng.randrange(len(one))
        if what < 0.4:
            del one[at]
        elif what < 0.5:
            rng.shuffle(one)
        else:
            one.insert(
                at,
                {"name": f"new{rng.randint(0, 99)}", "v": 1}
                if isinstance(one[0], dict)
                else fresh(rng),
            )
    return data


def fresh(rng: random.Random) -> object:
    choices = [
        5,
        "new",
        "two\nlines\n",
        True,
        None,
        1.5,
        "off",
        "# x",
        "a: b",
        {"p": 1, "q": [1, "é"]},
        ["i", 2],
        {},
    ]
    return copy.deepcopy(rng.choice(choices))


def _walk(data: object) -> list[object]:
    if isinstance(data, dict):
        return [data, *(one for part in data.values() for one in _walk(part))]
    if isinstance(data, list):
        return [data, *(one for part in data for one in _walk(part))]
    return []


def versions(rng: random.Random, *, lists: bool = True) -> list[dict[str, object]]:
    """Four small documents: a base and three more, each an edit of the base or something of its own."""
    base = _small(rng, lists)
    out = [base]
    for _ in range(3):
        other = _small(rng, lists)
        mixed = {key: value for key, value in base.items() if rng.random() < 0.8}
        for key, value in other.items():
            if rng.random() < 0.4:
                old = mixed.get(key)
                both = isinstance(old, dict) and isinstance(value, dict)
                mixed[key] = {**old, **value} if both and isinstance(old, dict) else value
        out.append(rng.choice([mixed, mixed, mixed, other, base]))
    return copy.deepcopy(out)


def _small(rng: random.Random, lists: bool) -> dict[str, object]:
    doc: dict[str, object] = {}
    for key in rng.sample("abcd", rng.randint(0, 4)):
        inner = rng.sample("xyz", rng.randint(0, 3))
        doc[key] = (
            {k: _leaf(rng, lists) for k in inner} if rng.random() < 0.4 else _leaf(rng, lists)
        )
    if lists and rng.random() < 0.4:
        doc["toolsets"] = [rng.choice("abcde") for _ in range(rng.randint(0, 4))]
    return doc


def _leaf(rng: random.Random, lists: bool) -> object:
    pick = rng.random()
    if lists and pick < 0.25:
        names = rng.sample("pqr", rng.randint(0, 3))
        return [
            {"name": n, **{k: _scalar(rng) for k in rng.sample("vw", rng.randint(0, 2))}}
            for n in names
        ]
    if lists and pick < 0.4:
        return [_scalar(rng) for _ in range(rng.randint(0, 2))]
    return _scalar(rng)


def _scalar(rng: random.Random) -> object:
    return rng.choice([1, 2, 1.0, True, None, "x", "1"])
