"""From bytes to model values, with good messages; and the JSON Schemas that the wheel carries."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Steps, parse_manifest_text
from hermes_dist.model.manifest import Manifest, field_at, parse_manifest

if TYPE_CHECKING:
    from jsonschema import ValidationError


def load_manifest(data: bytes) -> Manifest:
    """Read a manifest leniently.

    Raises:
        Invalid: The file is not a YAML map with a name; the error names field and line.
    """
    try:
        doc = parse_manifest_text(data)
    except Invalid as err:
        err.where = f"{MANIFEST}:{err.where}" if err.where else MANIFEST
        raise
    return parse_manifest(doc.value, doc)


def data_folder(name: str) -> Path:
    """Find ``schema`` or ``registry``: in the wheel, or in a checkout."""
    package = Path(__file__).parent.parent
    carried = package / "_data" / name
    return carried if carried.is_dir() else package.parent / name


@cache
def schema(name: str) -> dict[str, Any]:
    """Load the JSON Schema ``NAME.schema.json``."""
    loaded: dict[str, Any] = json.loads(
        (data_folder("schema") / f"{name}.schema.json").read_bytes()
    )
    return loaded


def violations(data: object, name: str) -> list[tuple[str, str]]:
    """List where data breaks a schema, as (place, sentence), such as ``env_requires[2].name``."""
    return [(field_at(steps), sentence) for steps, sentence in breaches(data, name)]


def breaches(data: object, name: str) -> list[tuple[Steps, str]]:
    """List where data breaks a schema, as (steps, sentence), sorted by place."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only validate pays for it

    found = Draft202012Validator(schema(name)).iter_errors(data)
    places = [(tuple(error.absolute_path), _sentence(error)) for error in found]
    return sorted(places, key=lambda one: (field_at(one[0]), one[1]))


def _sentence(error: ValidationError) -> str:
    wants = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    if error.validator == "required":
        field = error.message.split("'")[1]
        return f"{field} is missing"
    if error.validator == "not" and error.validator_value == {}:
        return f"it can't be here: {wants}"
    if error.validator == "type":
        return f"it must be {_TYPES.get(str(error.validator_value), error.validator_value)}"
    if error.validator in {"pattern", "not"} and wants:
        return f"{error.instance!r:.80} is not {wants}"
    return f"{error.message:.200}"


_TYPES = {
    "string": "text",
    "array": "a list",
    "object": "a map",
    "boolean": "true or false",
    "integer": "a whole number",
}
