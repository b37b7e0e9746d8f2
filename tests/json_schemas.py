"""What ``--json`` wrote, checked against its schema; the schemas are made strict for it."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from hermes_dist.world.load import data_folder


def schema_of(name: str) -> dict[str, Any]:
    """A schema, made strict: what it does not name is not in the output."""
    loaded: dict[str, Any] = json.loads(
        (data_folder("schema") / f"output-{name}.schema.json").read_text("utf-8")
    )
    Draft202012Validator.check_schema(loaded)
    return loaded


def strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema and "anyOf" not in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def validator(schema: Any) -> Draft202012Validator:
    """A validator for a strict schema, with all other schemas strict, too."""
    others = [
        Resource.from_contents(strict(json.loads(path.read_text("utf-8"))))
        for path in data_folder("schema").glob("*.schema.json")
    ]
    known = Registry().with_resources((one.id(), one) for one in others)
    return Draft202012Validator(schema, registry=known)


def checked(done: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    name = found["schema"].split("/")[1]
    schema = strict(schema_of(name))
    if name == "status":  # either of two shapes, each closed
        schema["$defs"]["status"]["properties"]["schema"] = True
        schema["anyOf"][1]["properties"]["schema"] = True
    if name == "outcomes":
        assert all(each["schema"].startswith("hermes-dist/") for each in found["results"])
    errors = [
        f"{error.json_path}: {error.message[:300]}"
        for error in validator(schema).iter_errors(found)
    ]
    assert errors == []
    return found
