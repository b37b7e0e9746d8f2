"""The providers and variables that this machine uses, read only if a decision depends on them."""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path

from hermes_dist.decide.consent.floor.asks import Known
from hermes_dist.decide.consent.floor.providers import providers_in, providers_of
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.ops.change.variables import variables_in
from hermes_dist.ops.context import Context
from hermes_dist.world.files import read_file


def providers_used(ctx: Context, home: Path, given: frozenset[str] = frozenset()) -> Known:
    """The providers named in the settings of the default profile or the home, or whose key is set; and all variables.

    Args:
        ctx: The context.
        home: The folder of the home; it need not exist.
        given: Names of variables that are about to be set in the home.
    """

    @cache
    def known() -> frozenset[str]:
        places = (ctx.layout.root, home)
        named = (name for place in places for name in providers_in(settings_in(place)))
        files = map(variables_in, places)
        variables = frozenset([*chain.from_iterable(files), *ctx.env, *given])
        return frozenset([*named, *providers_of(variables), *variables])

    return known


def settings_in(home: Path) -> object:
    """The data of a home's ``config.yaml``; None if it can't be read."""
    try:
        return load_data(read_file(home / CONFIG), Kind.YAML)
    except (Invalid, OSError):
        return None
