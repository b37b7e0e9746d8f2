"""What ``--json`` wrote, checked against its schema; the schemas are made strict for it."""

from __future__ import annotations

import json
from functools import cache
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
    names = "properties" in schema or "$ref" in schema
    if schema.get("type") == "object" and names and "anyOf" not in schema:
        # Not additionalProperties, which would refuse what a part under allOf names.
        closed.setdefault("unevaluatedProperties", False)
    return closed


@cache
def _all() -> Registry[Any]:
    """All schemas by their address, each made strict."""
    others = [
        Resource.from_contents(strict(json.loads(path.read_text("utf-8"))))
        for path in data_folder("schema").glob("*.schema.json")
    ]
    return Registry().with_resources((one.id(), one) for one in others)


def validator(schema: Any) -> Draft202012Validator:
    """A validator for a strict schema, with all other schemas strict, too."""
    return Draft202012Validator(schema, registry=_all())


@cache
def _validator_of(name: str) -> Draft202012Validator:
    """The validator of a command's output; thousands of outputs are checked in one run."""
    schema = strict(schema_of(name))
    if name == "status":  # either of two shapes, each closed
        schema["$defs"]["status"]["properties"]["schema"] = True
        schema["anyOf"][1]["properties"]["schema"] = True
    return validator(schema)


def checked(done: Any) -> dict[str, Any]:
    """The data that a command wrote with ``--json``, once they are what their schema says."""
    found: dict[str, Any] = json.loads(done.stdout)
    name = found["schema"].split("/")[1]
    if name == "outcomes":
        assert all(each["schema"].startswith("hermes-dist/") for each in found["results"])
    errors = [
        f"{error.json_path}: {error.message[:300]}"
        for error in _validator_of(name).iter_errors(found)
    ]
    assert errors == []
    return found
