"""References in the files of a package: environment variables, and paths on somebody's machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from hermes_dist.agents.places import CONFIG, MCP
from hermes_dist.errors import Invalid
from hermes_dist.merge.frontmatter import split
from hermes_dist.model.documents.api import Kind, kind_of, load_data
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
_PLACEHOLDER = re.compile(rf"\$\{{{_NAME}(:?-[^}}]*)?\}}")
_NAMED_KEY = re.compile(
    rf"""^\s*["']?(?:\w+_)?(?:key|token|secret|password)_env(?:_var)?["']?\s*:\s*["']?{_NAME}\b(-)?""",
    re.MULTILINE,
)
_PYTHON = re.compile(
    rf"""\benviron\s*\[\s*["']{_NAME}["']|(?:\benviron\.get|\bgetenv)\(\s*["']{_NAME}["']"""
)
_SCRIPT = re.compile(rf"\bprocess\.env(?:\.{_NAME}\b|\[[\"']{_NAME}[\"'])")
_SHELL = re.compile(r"\$\{?([A-Z][A-Z0-9_]*_?(?:KEY|TOKEN|SECRET|PASSWORD))\b")
_ALWAYS_THERE = re.compile(
    r"HOME|PATH|USER|LOGNAME|PWD|OLDPWD|SHELL|LANG|TERM|COLUMNS|LINES|TMPDIR|TMP|TEMP|EDITOR|PAGER|HOSTNAME|DISPLAY|CI|TZ"
    r"|NO_COLOR|USERPROFILE|APPDATA|VIRTUAL_ENV|PYTHON\w*|(HERMES|AIGENLABS|XDG|LC|GITHUB)_\w+"
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

_PERSONAL = re.compile(
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
            optional = (
                found[2] if how == "placeholder" else pattern is not _PYTHON or "[" not in found[0]
            )
            yield Reference(name, path, text.count("\n", 0, found.start()) + 1, how, not optional)


def _asked_by_skill(path: RelPath, data: bytes) -> Iterator[Reference]:
    front, _ = split(data)
    try:
        fields = load_data(front, Kind.YAML) if front else None
    except Invalid:
        return
    if not isinstance(fields, dict):
        return
    setup, needs = fields.get("setup"), fields.get("prerequisites")
    asked = [
        *_listed(fields.get("required_environment_variables")),
        *_listed(setup.get("collect_secrets") if isinstance(setup, dict) else None),
        *_listed(needs.get("env_vars") if isinstance(needs, dict) else None),
    ]
    lines = data.decode("utf-8", "replace").splitlines()
    for item in asked:
        name = (
            str(item.get("name") or item.get("env_var") or "")
            if isinstance(item, dict)
            else str(item)
        )
        if ENV_NAME.fullmatch(name):
            line = next((n for n, text in enumerate(lines, 1) if name in text), 1)
            yield Reference(
                name, path, line, "skill", not (isinstance(item, dict) and item.get("optional"))
            )


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else [value] if isinstance(value, dict | str) else []


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
    for found in _PERSONAL.finditer(text):
        who = found["unix"] or found["windows"] or ""
        if who.lower() not in _NOBODY or (own and f"{found[0].rstrip('/')}/".startswith(f"{own}/")):
            yield text.count("\n", 0, found.start()) + 1, found[0]
    if own.count("/") > 1 and not own.startswith(("/home/", "/Users/", "/root/")):
        for found in re.finditer(rf"{re.escape(own)}(?=[/\s\"'`),:;]|$)", text, re.MULTILINE):
            yield text.count("\n", 0, found.start()) + 1, found[0]
