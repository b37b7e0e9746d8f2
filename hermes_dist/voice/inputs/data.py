"""The inputs of packages and their answers as JSON. No secret is ever among them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hermes_dist.model.lock import Lock
    from hermes_dist.ops.inputs.rows import InputRow


def answers_data(lock: Lock | None) -> list[dict[str, Any]]:
    """The answers that a lock records."""
    return [
        {"name": one.name, "value": one.value, "secret": one.value is None}
        for one in (lock.inputs if lock else ())
    ]


def inputs_data(rows: Iterable[InputRow]) -> list[dict[str, Any]]:
    """The inputs of a package with their answers."""
    return [
        {
            "name": row.name,
            "type": row.type,
            "description": row.description,
            "rules": row.rules,
            "default": row.default,
            "secret": row.secret,
            "env": row.env,
            "choices": list(row.choices),
            "answered": row.answer is not None,
            "value": row.answer.value if row.answer else None,
        }
        for row in rows
    ]
