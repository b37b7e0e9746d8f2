"""Layers read back from a lock: which files of each counted, and how it relates to the others."""

from __future__ import annotations

from typing import Final

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment.example import ENV_EXAMPLE
from hermes_dist.decide.layers.stack import Layer, Rank
from hermes_dist.decide.layers.wanted import wanted_by
from hermes_dist.decide.parts import part_of
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.tree import Tree

NEVER: Final = frozenset({MANIFEST, str(ENV_EXAMPLE)})
"""What speaks of one package alone, and so never comes from a layer."""


def layer_of(package: LockedPackage, payload: Tree, manifest: Manifest) -> Layer:
    """Make the layer that a package was in a home.

    Args:
        package: The package as the lock records it.
        payload: What of it is installed, as it ships it.
        manifest: Its manifest.

    Raises:
        Invalid: A field about layers is not what it should be.
    """
    # Whether it may name sources of this machine was decided when it was received.
    wanted = wanted_by(manifest, local=True)
    tree = payload
    if package.layer:
        tree = payload.where(
            lambda path: path not in NEVER and (not package.only or part_of(path) in package.only)
        )
    return Layer(
        name=package.name,
        rank=Rank[package.layer.upper() or Rank.OWN.name],
        tree=tree,
        over=frozenset(package.over),
        overrides=wanted.overrides,
        without=wanted.without,
    )
