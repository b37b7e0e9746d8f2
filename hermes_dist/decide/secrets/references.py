"""References in the files of a package: environment variables, and paths on somebody's machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.places import CONFIG, MCP
from hermes_dist.brand import BRANDS
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.manifest import ENV_NAME
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree


class Reference(Struct, frozen=True, order=True):
    """A variable that a file refers to.

    Attributes:
        line: The line number, from 1.
        how: ``placeholder`` (the agent inserts the value), ``skill`` (its front matter asks for it) or ``program``.
        required: There is no fallback if it is not set.
    """

    name: str
    path: RelPath
    line: int
    how: str
    required: bool = True


_NAME = r"([A-Z][A-Z0-9_]*)"
_PLACEHOLDER = lazily.pattern(rf"\$\{{{_NAME}(:?-[^}}]*)?\}}")
_NAMED_KEY = lazily.pattern(
    rf"""^\s*["']?(?:\w+_)?(?:key|token|secret|password)_env(?:_var)?["']?\s*:\s*["']?{_NAME}\b(-)?""",
    re.MULTILINE,
)
_PYTHON = lazily.pattern(
    rf"""\benviron\s*\[\s*["']{_NAME}["']|(?:\benviron\.get|\bgetenv)\(\s*["']{_NAME}["']"""
)
_SCRIPT = lazily.pattern(rf"\bprocess\.env(?:\.{_NAME}\b|\[[\"']{_NAME}[\"'])")
_SHELL = lazily.pattern(r"\$\{?([A-Z][A-Z0-9_]*_?(?:KEY|TOKEN|SECRET|PASSWORD))\b")
_ALWAYS_THERE = lazily.pattern(
    r"HOME|PATH|USER|LOGNAME|PWD|OLDPWD|SHELL|LANG|TERM|COLUMNS|LINES|TMPDIR|TMP|TEMP|EDITOR|PAGER|HOSTNAME|DISPLAY|CI|TZ"
    r"|NO_COLOR|USERPROFILE|APPDATA|VIRTUAL_ENV|PYTHON\w*"
    rf"|(XDG|LC|GITHUB|{'|'.join(brand.name.upper() for brand in BRANDS)})_\w+"
)
_DOCUMENTS = (CONFIG, MCP)
_SUFFIXES = {
    ".py": _PYTHON,
    ".js": _SCRIPT,
    ".mjs": _SCRIPT,
    ".cjs": _SCRIPT,
    ".ts": _SCRIPT,
    ".sh": _SHELL,
    ".bash": _SHELL,
}
_MOST = 1 << 20

# What comes before tells a home from a part of another path: $X/home/ada, ~/home/ada and
# https://x.example/home/ada are no places on a machine.
_PERSONAL = lazily.pattern(
    r"(?<![\w.~$}>/-])(?:/home/|/Users/)(?P<unix>[A-Za-z0-9._-]+)(?=[/\s\"'`),:;]|$)"
    r"|\b[A-Za-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/)(?P<windows>[\w.-]+)|(?<![\w.~$}>/-])/root/[.\w]",
    re.MULTILINE,
)
_HINTS = ("/home/", "Users", "/root/")
_NOBODY = frozenset(
    [
        "user",
        "username",
        "you",
        "yourname",
        "your-name",
        "your_name",
        "your-user",
        "youruser",
        "me",
        "myuser",
        "name",
        "someone",
        "runner",
        "ubuntu",
        "vscode",
        "linuxbrew",
        "app",
        "node",
        "agent",
        "hermes",
        "shared",
        "public",
        "alice",
        "bob",
        "jane",
        "john",
        "xxx",
        "example",
        "foo",
        "u",
        "x",
        "...",
    ]
)
"""User names that mean anybody in examples."""


def references(tree: Tree, read: Read) -> list[Reference]:
    """List every variable that the files of a package refer to, in order of position."""
    found = (one for path in tree for one in variables_in(path, read(tree[path].digest)))
    return sorted(set(found), key=lambda one: (one.path, one.line, one.name))


def variables_in(path: RelPath, data: bytes) -> Iterator[Reference]:
    """Yield the variables that one file refers to, except those that every machine has or that the agent sets."""
    text = data[:_MOST].decode("utf-8", "replace")
    if path in _DOCUMENTS or (path.top == "cron" and kind_of(path)):
        yield from _matches(path, text, _PLACEHOLDER, "placeholder")
        yield from _matches(path, text, _NAMED_KEY, "placeholder")
    elif path.name == "SKILL.md":
        yield from _asked_by_skill(path, data)
    elif path.suffix in _SUFFIXES:
        yield from _matches(path, text, _SUFFIXES[path.suffix], "program")


def _matches(path: RelPath, text: str, pattern: re.Pattern[str], how: str) -> Iterator[Reference]:
    for found in pattern.finditer(text):
        name = next(group for group in found.groups() if group)
        if not _ALWAYS_THERE.fullmatch(name):
            line = text.count("\n", 0, found.start()) + 1
            yield Reference(name, path, line, how, _is_required(found, pattern, how))


def _is_required(found: re.Match[str], pattern: re.Pattern[str], how: str) -> bool:
    """Whether nothing stands in for a variable that is not set."""
    if how == "placeholder":
        return not found[2]
    # Of all programs, only Python's ``environ["NAME"]`` fails without the variable.
    return pattern is _PYTHON and "[" in found[0]


def _asked_by_skill(path: RelPath, data: bytes) -> Iterator[Reference]:
    """Yield the variables that the front matter of a skill asks for, in any of the forms that skills use."""
    lines = data.decode("utf-8", "replace").splitlines()
    for item in _asked_in(_front_matter(data)):
        name, required = str(item), True
        if isinstance(item, Mapping):
            name = str(item.get("name") or item.get("env_var") or "")
            required = not item.get("optional")
        if ENV_NAME.fullmatch(name):
            line = next((n for n, text in enumerate(lines, 1) if name in text), 1)
            yield Reference(name, path, line, "skill", required)


def _front_matter(data: bytes) -> Mapping[object, object]:
    """Return the front matter of a skill; empty if it has none or can't be read."""
    front, _ = split(data)
    if not front:
        return {}
    try:
        return _map(load_data(front, Kind.YAML))
    except Invalid:
        return {}


def _asked_in(fields: Mapping[object, object]) -> Iterator[object]:
    yield from _listed(fields.get("required_environment_variables"))
    yield from _listed(_map(fields.get("setup")).get("collect_secrets"))
    yield from _listed(_map(fields.get("prerequisites")).get("env_vars"))


def _map(value: object) -> Mapping[object, object]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> Iterable[object]:
    if isinstance(value, dict | str):
        return [value]
    return value if isinstance(value, list) else []


def personal_paths(text: str, own: str = "") -> Iterator[tuple[int, str]]:
    r"""Find paths on somebody's machine: ``/home/ada/…``, ``/Users/ada/…``, ``C:\Users\ada``.

    Args:
        text: The text of a file.
        own: The home folder of the current user; it counts whatever its name is.

    Returns:
        Pairs of line and path; user names that mean anybody (``user``, ``you``) do not count.
    """
    if not any(hint in text for hint in _HINTS) and (not own or own not in text):
        return
    for found in _homes_in(text, own):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def _homes_in(text: str, own: str) -> Iterator[re.Match[str]]:
    for found in _PERSONAL.finditer(text):
        who = found["unix"] or found["windows"] or ""
        is_own = own and f"{found[0].rstrip('/')}/".startswith(f"{own}/")
        if is_own or who.lower() not in _NOBODY:
            yield found
    # A home in an unusual place is searched for by its own path; ``/`` or ``/x`` alone would be found everywhere.
    if own.count("/") > 1 and not own.startswith(("/home/", "/Users/", "/root/")):
        yield from re.finditer(rf"{re.escape(own)}(?=[/\s\"'`),:;]|$)", text, re.MULTILINE)
