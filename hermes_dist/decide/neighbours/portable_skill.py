"""Skills in the strict form of Agent Skills; a strict agent ignores any other."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, Unmergeable, dump, parse, rewrite, same
from hermes_dist.model.documents.frontmatter import cut
from hermes_dist.model.documents.json_text import json_text
from hermes_dist.model.values import as_map

_LONGEST = {"description": 1024, "compatibility": 500}
_TEXTS = ("description", "license", "compatibility", "allowed-tools")


def portable_skill(data: bytes, name: str) -> bytes:
    """Write the front matter of a ``SKILL.md`` as Agent Skills wants it; what is so already stays byte by byte.

    Args:
        data: The file.
        name: The name of its folder, which its own name has to be.
    """
    parts = cut(data)
    try:
        doc = parse(parts.front, Kind.YAML) if parts else None
    except Invalid:
        doc = None
    if parts is None or doc is None or not isinstance(doc.value, dict):
        head = dump({"name": name, "description": _about(name)}, Kind.YAML)
        return b"---\n" + head + b"---\n" + data
    want = _strict(doc.value, name)
    if same(want, doc.value):
        return data
    try:
        front = rewrite(doc, want).content
    except Unmergeable:
        front = dump(want, Kind.YAML)
    return parts.opening + front + parts.closing + parts.body


def _strict(front: Mapping[object, object], name: str) -> dict[object, object]:
    want: dict[object, object] = {**front, "name": name}
    for key in _TEXTS:
        if key in want:
            want[key] = _text(want[key])[: _LONGEST.get(key)]
    want["description"] = want.get("description") or _about(name)
    if "metadata" in want:
        rows = as_map(want["metadata"])
        want["metadata"] = {str(key): _text(value) for key, value in rows.items()}
    return {key: value for key, value in want.items() if value != ""}


def _text(value: object) -> str:
    """A value as one text: names in a list after each other, anything deeper as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if value is None:
        return ""
    return json_text(value, sort_keys=True)


def _about(name: str) -> str:
    return f"The skill {name}."
