"""Validators of JSON Schemas, which may refer to each other's parts; nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource

SCHEMAS = "https://hermes-dist.invalid/schema"
"""Where the names of our schemas are; no server has this name, and none is asked."""

Load = Callable[[str], dict[str, Any]]


def validator_of(schema: dict[str, Any], load: Load) -> Draft202012Validator:
    """Make a validator.

    Args:
        schema: The schema.
        load: Loads one of our schemas by name, such as ``common``.
    """

    def carried(uri: str) -> Resource[Any]:
        place, _, file = uri.rpartition("/")
        if place != SCHEMAS:
            raise NoSuchResource(uri)
        return Resource.from_contents(load(file.removesuffix(".schema.json")))

    known: Registry[Any] = Registry(retrieve=carried)  # type: ignore[call-arg]  # attrs hides it from mypy
    return Draft202012Validator(schema, registry=known)
