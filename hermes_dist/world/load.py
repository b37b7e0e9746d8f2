"""From bytes to model values, with good messages; and the JSON Schemas that the wheel carries."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid
from hermes_dist.model.documents import load_manifest_data
from hermes_dist.model.manifest import Manifest, parse_manifest


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
    """List where data breaks a schema, as (place, sentence)."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only validate pays for it

    found = Draft202012Validator(schema(name)).iter_errors(data)
    return sorted((error.json_path.removeprefix("$").removeprefix("."), error.message) for error in found)
