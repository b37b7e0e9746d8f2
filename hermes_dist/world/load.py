"""Read files into model values, with good error messages; and the JSON Schemas that the wheel contains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid, quoted
from hermes_dist.model.documents.api import parse_manifest_text
from hermes_dist.model.manifest import Breach, Manifest, field_at, parse_manifest

if TYPE_CHECKING:
    from jsonschema import ValidationError


def load_manifest(data: bytes, hint: str = "") -> Manifest:
    """Read a manifest leniently.

    Args:
        data: The file.
        hint: What to do if it can't be read, where the file is the user's own.

    Raises:
        Invalid: The file is not a YAML map with a name; the error names field and line.
    """
    try:
        doc = parse_manifest_text(data)
    except Invalid as err:
        err.where = f"{MANIFEST}:{err.where}" if err.where else MANIFEST
        err.hint = err.hint or hint
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
    return [(field_at(breach.steps), breach.why) for breach in breaches(data, name)]


def breaches(data: object, name: str) -> list[Breach]:
    """List where data breaks a schema, sorted by place."""
    from hermes_dist.world.schemas import validator_of  # noqa: PLC0415 - jsonschema: only whoever validates pays for it

    found = validator_of(schema(name), schema).iter_errors(data)
    places = dict.fromkeys(breach for error in found for breach in _breaches(error))
    return sorted(places, key=lambda one: (field_at(one.steps), one.why))


def _breaches(error: ValidationError) -> Iterator[Breach]:
    """What an error says; of required fields there is one error each, and only its text names which."""
    steps = tuple(error.absolute_path)
    if error.validator != "required":
        yield Breach(steps, _why(error))
        return
    data, needed = error.instance, error.validator_value
    for field in needed if isinstance(needed, list) else ():
        if isinstance(data, dict) and field not in data:
            yield Breach(steps, f"{field} is missing", field)


def _why(error: ValidationError) -> str:
    wants = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    if error.validator == "not" and error.validator_value == {}:
        return f"it can't be here: {wants}"
    if error.validator == "type":
        return f"it must be {_TYPES.get(str(error.validator_value), error.validator_value)}"
    if error.validator in {"pattern", "not"} and wants:
        return f"{quoted(error.instance, 80)} is not {wants}"
    counted = _COUNTED.get(str(error.validator))
    if counted is not None and isinstance(error.instance, (str, list, dict)):
        return f"it has {len(error.instance)} {counted}, and {error.validator_value} is the most"
    # The message begins with all that is there, however long that is, and ends with what is wrong with it.
    whole, short = repr(error.instance), quoted(error.instance, 80)
    return f"{error.message.replace(whole, short):.200}"


_COUNTED = {"maxLength": "characters", "maxItems": "items", "maxProperties": "fields"}
"""What a limit of a schema counts."""
_TYPES = {
    "string": "text",
    "array": "a list",
    "object": "a map",
    "boolean": "true or false",
    "integer": "a whole number",
}
