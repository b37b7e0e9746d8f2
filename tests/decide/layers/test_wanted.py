"""What a manifest says of layers is read, and a package that leaves names none that stays here."""

from __future__ import annotations

import pytest

from hermes_dist.decide.layers.wanted import check_leaves, wanted_by
from hermes_dist.errors import Invalid, Refused
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


@pytest.mark.parametrize("value", [["//base"], 5, True])
def test_a_base_that_is_not_one_text_is_not_called_missing(value: object) -> None:
    manifest = parse_manifest({"name": "bot", "version": "1.0.0", "extends": value})
    with pytest.raises(Invalid, match="not one source, written as text"):
        wanted_by(manifest, local=True)
