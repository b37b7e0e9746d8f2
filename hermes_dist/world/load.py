"""From bytes to model values, with good messages; and the JSON Schemas that the wheel carries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid
from hermes_dist.model.documents import load_manifest_data
from hermes_dist.model.manifest import Manifest, parse_manifest

if TYPE_CHECKING:
    from jsonschema import ValidationError


def load_manifest(data: bytes) -> Manifest:
    """Read a manifest leniently.

    Raises:
        Invalid: It is no YAML map with a name; the error names field and line.
    """
    try:
        fields = load_manifest_data(data)
    except Invalid as err:
        raise err.within(MANIFEST) from None
    return parse_manifest(fields, data.decode("utf-8", "replace"))


def data_folder(name: str) -> Path:
    """Find ``schema`` or ``registry``: in the wheel, or in a checkout."""
    package = Path(__file__).parent.parent
    carried = package / "_data" / name
    return carried if carried.is_dir() else package.parent / name


@cache
def schema(name: str) -> dict[str, Any]:
    """Load the JSON Schema ``NAME.schema.json``."""
    loaded: dict[str, Any] = json.loads((data_folder("schema") / f"{name}.schema.json").read_bytes())
    return loaded


def violations(data: object, name: str) -> list[tuple[str, str]]:
    """List where data breaks a schema, as (place, sentence), such as ``env_requires[2].name``."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only validate pays for it

    found = Draft202012Validator(schema(name)).iter_errors(data)
    places = ((_place(error.absolute_path), _sentence(error)) for error in found)
    return sorted((place, sentence) for place, sentence in places)


def _place(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


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
    "string": "text", "array": "a list", "object": "a map", "boolean": "true or false", "integer": "a whole number",
}  # fmt: skip
