"""What registries say reaches a bundle and comes out of it, under the fingerprint that a team's file names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from shelf_of import entry
from tufrepo import Serving, TufRepo

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Refused, Unreachable
from hermes_dist.model.registry import Registry, RegistryKind, entry_path
from hermes_dist.world.bundled import serve
from hermes_dist.world.bundled.contents import Bundle, Index
from hermes_dist.world.bundled.record import Recorder
from hermes_dist.world.disk.store import Store
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.registry.tuf import root_digest


def layout(folder: Path) -> Layout:
    (folder / ".hermes").mkdir(parents=True)
    return Layout(HERMES, folder / ".hermes", folder)


def opened(bundle: Bundle, folder: Path) -> Registries:
    place = layout(folder)
    store = Store(place.store)
    return serve.registries(bundle, place, store, dict(os.environ), allow_insecure=False)


def test_static_files_are_read_once_and_trusted_by_their_root(tmp_path: Path) -> None:
    repo, place, recorder = (
        TufRepo({entry_path("bot"): entry("bot", "github.com/you/bot")}),
        (layout(tmp_path / "maker")),
        Recorder(),
    )
    with Serving(repo) as server:
        web = Registry(name="web", kind=RegistryKind.TUF, location=server.url)
        real = recorder.registries(
            place, Store(place.store), dict(os.environ), offline=False, allow_insecure=False
        )
        real.add_tuf(web, repo.root_bytes)
        web = real.named("web")
        assert real.get(web, "bot") is not None
        assert real.get(web, "nobody") is None
    index = Index(registries=recorder.listed(real, place.shared))
    assert index.names == ("bot",)
    bundle = Bundle(index=index, place=tmp_path, beside="", remake="hermes-dist snapshot")

    there = opened(bundle, tmp_path / "there")
    with pytest.raises(Refused, match="fingerprint"):
        there.add_tuf(replace(web, root="0" * 64))
    there.add_tuf(replace(web, root=root_digest(repo.root_bytes)))
    web = there.named("web")
    package = there.get(web, "bot")
    assert package is not None
    assert str(package.source) == "https://github.com/you/bot"
    assert there.get(web, "nobody") is None
    with pytest.raises(Unreachable, match="the bundle does not hold it"):
        there.get(web, "other")
    # Another registry of that name is another one: the bundle knows nothing of it.
    with pytest.raises(Unreachable):
        opened(bundle, tmp_path / "else").get(replace(web, location="https://git.example/x"), "bot")
