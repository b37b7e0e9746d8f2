"""A home on a disk that keeps no modes: only contents tell whether a file is as the plan saw it."""

from __future__ import annotations

from pathlib import Path

import pytest
from crashes import HOME, UPDATE
from flatdisk import flatten
from realhome import entry, make, read, seen, steps

from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Step
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.transaction.apply import Changed, apply, before_image, generations

SOUL = RelPath("SOUL.md")


@pytest.fixture(params=[False, True], ids=["ignored", "refused"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = make(tmp_path / "home")
    flatten(monkeypatch, refuses=request.param)
    return home


def contents(root: Path) -> dict[str, bytes]:
    return {path: data for path, (data, _) in seen(root).items()}


def recorded(root: Path) -> list[Step]:
    """The plan of an update, which knows from the record that no file is executable."""
    return [
        Step(step.path, step.before and step.before._replace(executable=False), step.after)
        for step in steps(root, UPDATE)
    ]


def test_files_are_exchanged_and_removed_whatever_their_modes(root: Path) -> None:
    before = contents(root)
    with RealFs(root) as fs:
        done = apply(fs, recorded(root), read, b"lock 2\n", {})
    assert done.skipped == ()
    want = {path: data for path, data in {**before, **UPDATE}.items() if data is not None}
    assert contents(root) == {**want, "distribution.lock": b"lock 2\n"}


def test_another_content_is_refused_all_the_same(root: Path) -> None:
    plan = recorded(root)
    (root / SOUL).write_bytes(b"mine\n")
    with RealFs(root) as fs, pytest.raises(Changed) as caught:
        apply(fs, plan, read, b"lock 2\n", {})
    assert caught.value.where == SOUL
    assert (root / SOUL).read_bytes() == b"mine\n"


@pytest.mark.parametrize("executable", [False, True])
def test_a_change_of_a_mode_alone_counts_as_done(executable: bool, root: Path) -> None:
    data = HOME["SOUL.md"]
    step = Step(SOUL, entry(data, executable=not executable), entry(data, executable=executable))
    more = Step(RelPath("config.yaml"), entry(HOME["config.yaml"]), entry(b"model: b\n"))
    with RealFs(root) as fs:
        done = apply(fs, [step, more], read, b"lock 2\n", {})
        assert (done.skipped, done.generation) == ((), 1)
        [generation] = generations(fs)
        assert before_image(fs, generation, step) == data, "a rollback finds what was there"
    assert (root / SOUL).read_bytes() == data
