"""Moves of homes that go on after a crash: a journal that somebody planted leads to nothing outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.profiles.lifecycle import Move
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles.profile_moves import finish_move, journal
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.links import Linked
from hermes_dist.world.transaction.move_home import inode

USER = 4321


def planted(tmp_path: Path, move: Move) -> Context:
    layout = Layout(HERMES, tmp_path / "hermes", tmp_path)
    ctx = Context(HERMES, layout, {"HOME": str(tmp_path), "PATH": ""})
    layout.shared.mkdir(parents=True)
    journal(ctx).write_bytes(move.encode())
    return ctx


def test_only_files_of_services_are_written_and_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    home = tmp_path / "hermes/profiles/new"
    home.mkdir(parents=True)
    files = {str(tmp_path / "mine"): None, str(tmp_path / "planted"): "x"}
    unit = tmp_path / ".config/systemd/user/hermes-gateway-new.service"
    move = Move(
        verb="rename",
        name="old",
        to="new",
        source="profiles/old",
        target="profiles/new",
        inode=inode(home),
        services={**files, str(unit): "unit"},
    )
    ctx = planted(tmp_path, move)
    with RealFs(ctx.layout.root, home=True) as fs:
        finish_move(ctx, fs)
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "planted").exists()
    assert unit.read_text() == "unit"


@pytest.mark.needs("root")
@pytest.mark.parametrize("field", ["target", "record"])
def test_nothing_of_root_is_removed_through_a_link_of_the_user(field: str, tmp_path: Path) -> None:
    victim = tmp_path / "etc/victim"
    victim.mkdir(parents=True)
    (tmp_path / "etc/victim.json").write_text("of root")
    places = {"target": "profiles/new", "record": ""}
    places[field] = "distributions/trash/victim" + ".json" * (field == "record")
    move = Move(verb="restore", name="old", to="new", source="profiles/old", **places)
    home = victim if field == "target" else tmp_path / "hermes/profiles/new"
    home.mkdir(parents=True, exist_ok=True)
    ctx = planted(tmp_path, replace(move, inode=inode(home), erase=field == "target"))
    os.chown(ctx.layout.root, USER, USER)
    ctx.layout.trash.symlink_to(victim.parent)
    with RealFs(ctx.layout.root, home=True) as fs, pytest.raises(Linked):
        finish_move(ctx, fs)
    assert victim.is_dir()
    assert (tmp_path / "etc/victim.json").exists()
