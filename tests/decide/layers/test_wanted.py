"""A package that leaves this machine names no layer that stays on it."""

from __future__ import annotations

import pytest

from hermes_dist.decide.layers.wanted import check_leaves
from hermes_dist.errors import Refused
from hermes_dist.model.manifest import parse_manifest
from hermes_dist.model.source import parse_source


@pytest.mark.parametrize(
    "layer", ["/srv/base", "./base", "file:///srv/base.git", "git@localhost:base"]
)
def test_a_layer_of_this_machine_does_not_leave_with_a_package(layer: str) -> None:
    manifest = parse_manifest({"name": "bot", "version": "1.0.0", "dependencies": [layer]})
    with pytest.raises(Refused, match="is on this machine") as caught:
        check_leaves(manifest, parse_source("github.com/you/bot"))
    assert "publish the layer first" in caught.value.hint
    check_leaves(manifest, parse_source("file:///srv/bot.git"))


def test_others_and_folders_beside_it_do() -> None:
    fields = {"extends": "//base", "dependencies": ["github.com/team/base@^1", "search@^2"]}
    check_leaves(
        parse_manifest({"name": "bot", "version": "1.0.0", **fields}),
        parse_source("github.com/you/bot"),
    )
