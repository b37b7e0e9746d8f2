"""The two ways to work on a profile: through the Python functions, and through the commands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

import forked
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from hermes_dist.brand import HERMES
from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import (
    approvals,
    history,
    install,
    resolve,
    rollback,
    uninstall,
    upkeep,
)
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles import clone, lifecycle, trash_and_archive
from hermes_dist.ops.profiles.doctor import doctor
from hermes_dist.ops.transfer import export, import_archive
from hermes_dist.voice.package_json import outcome_data, status_data
from hermes_dist.world.load import data_folder

State = dict[str, Any]
"""What ``status --json`` says."""


class Hands(Protocol):
    """What a session does to a profile. Each returns the exit code, true or not."""

    def install(self, source: str, name: str, *, again: bool = False) -> int: ...
    def update(
        self, name: str, *, side: Side | None = None, effects: bool = False, without: str = ""
    ) -> int: ...
    def resolve(self, name: str, side: Side, place: str, *, always: bool = False) -> int: ...
    def forget(self, name: str) -> int: ...
    def approve(self, name: str) -> int: ...
    def revoke(self, name: str, thing: str) -> int: ...
    def rollback(self, name: str, to: int | None, *, exact: bool) -> int: ...
    def abort(self, name: str) -> int: ...
    def hold(self, name: str, *, on: bool) -> int: ...
    def rename(self, old: str, new: str) -> int: ...
    def clone(self, source: str, name: str) -> int: ...
    def delete(self, name: str) -> int: ...
    def export(self, name: str, path: Path) -> int: ...
    def import_(self, path: Path, name: str) -> int: ...
    def uninstall(self, name: str) -> int: ...
    def look(self, name: str) -> None: ...
    def status(self, name: str) -> State: ...
    def verify(self, name: str) -> bool: ...


def _yes(_: object) -> bool:
    return True


def _code(outcome: Outcome) -> int:
    check({"schema": "hermes-dist/outcome/1", **outcome_data(outcome)})
    return 3 if outcome.open_conflicts else 0


def _told(action: Callable[[], int]) -> int:
    """The exit code of an action, whether it raises or not."""
    try:
        return action()
    except DistError as error:
        return int(error.code)


class Functions:
    """Through the functions that the commands call, in this process."""

    def __init__(self, env: dict[str, str]) -> None:
        self.ctx = Context.from_environment(HERMES, env=env)

    def install(self, source: str, name: str, *, again: bool = False) -> int:
        return _told(
            lambda: _code(
                install.install(self.ctx, source, Request(), _yes, name=name, force=again)
            )
        )

    def update(
        self, name: str, *, side: Side | None = None, effects: bool = False, without: str = ""
    ) -> int:
        parts = frozenset({without} - {""})
        request = Request(choices=Choices(default=side, allow_effects=effects, without=parts))
        return _told(lambda: _code(update(self.ctx, ProfileName(name), request, _yes)))

    def resolve(self, name: str, side: Side, place: str, *, always: bool = False) -> int:
        return _told(
            lambda: _code(
                resolve.resolve(
                    self.ctx,
                    ProfileName(name),
                    side,
                    Request(),
                    _yes,
                    place=place,
                    always=always,
                )
            )
        )

    def forget(self, name: str) -> int:
        return _told(lambda: _code(resolve.forget(self.ctx, ProfileName(name), Request(), _yes)))

    def approve(self, name: str) -> int:
        return _told(lambda: _code(resolve.approve(self.ctx, ProfileName(name), Request(), _yes)))

    def revoke(self, name: str, thing: str) -> int:
        return _told(
            lambda: _code(approvals.revoke(self.ctx, ProfileName(name), (thing,), Request(), _yes))
        )

    def rollback(self, name: str, to: int | None, *, exact: bool) -> int:
        return _told(
            lambda: _code(
                rollback.rollback(self.ctx, ProfileName(name), Request(), _yes, to=to, exact=exact)
            )
        )

    def abort(self, name: str) -> int:
        return _told(lambda: _code(rollback.abort(self.ctx, ProfileName(name), Request(), _yes)))

    def hold(self, name: str, *, on: bool) -> int:
        return _told(lambda: _code(history.hold(self.ctx, ProfileName(name), on=on)))

    def rename(self, old: str, new: str) -> int:
        lifecycle.rename(self.ctx, old, new)
        return 0

    def clone(self, source: str, name: str) -> int:
        clone.clone(self.ctx, name, ProfileName(source), alias=False)
        return 0

    def delete(self, name: str) -> int:
        place: trash_and_archive.Place = "trash"
        trash_and_archive.put_away(self.ctx, ProfileName(name), place, purge=True)
        return 0

    def export(self, name: str, path: Path) -> int:
        export.export(self.ctx, ProfileName(name), export.Packing(), path)
        return 0

    def import_(self, path: Path, name: str) -> int:
        return _told(
            lambda: _code(
                import_archive.import_(
                    self.ctx, path, Request(), _yes, passphrase=_nobody, name=name
                )
            )
        )

    def uninstall(self, name: str) -> int:
        return _told(
            lambda: _code(uninstall.uninstall(self.ctx, ProfileName(name), Request(), _yes))
        )

    def look(self, name: str) -> None:
        history.history(self.ctx, ProfileName(name))
        approvals.consents(self.ctx, ProfileName(name))
        doctor(self.ctx)

    def status(self, name: str) -> State:
        found = status_data(status(self.ctx, ProfileName(name)))
        check({"schema": "hermes-dist/status/1", **found})
        return found

    def verify(self, name: str) -> bool:
        return upkeep.verify(self.ctx, ProfileName(name)).sound


def _nobody(*_: object) -> str:
    raise AssertionError("nobody is asked for a passphrase")


class Commands:
    """Through the commands, each in a process of its own; every result is held against its schema."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env, self.folder = {**os.environ, **env}, folder

    def _run(self, *words: str) -> tuple[int, Any]:
        done = forked.run(["hermes-dist", *words, "--json", "--no-input"], self.env, self.folder)
        said = done.stderr.decode()
        assert "Traceback" not in said, (words, said)
        assert "fault of this program" not in said, (words, said)
        data = json.loads(done.stdout)
        check(data)
        return done.returncode, data

    def _do(self, *words: str) -> int:
        return self._run(*words, "-y")[0]

    def install(self, source: str, name: str, *, again: bool = False) -> int:
        return self._do("install", source, "--name", name, *(["--force"] * again))

    def update(
        self, name: str, *, side: Side | None = None, effects: bool = False, without: str = ""
    ) -> int:
        more = ["--allow-effects"] * effects + ["--except", without] * bool(without)
        if side is not None:
            more += ["--conflict", "theirs" if side is Side.THEIRS else "keep"]
        return self._do("update", name, *more)

    def resolve(self, name: str, side: Side, place: str, *, always: bool = False) -> int:
        more = ["--always"] * always
        return self._do("resolve", name, *([place] if place else []), f"--{side.value}", *more)

    def forget(self, name: str) -> int:
        return self._do("resolve", name, "--forget")

    def approve(self, name: str) -> int:
        return self._do("approve", name)

    def revoke(self, name: str, thing: str) -> int:
        return self._do("approve", name, "--revoke", thing)

    def rollback(self, name: str, to: int | None, *, exact: bool) -> int:
        number = [str(to)] if to is not None else []
        return self._do("rollback", name, *number, *(["--exact"] * exact))

    def abort(self, name: str) -> int:
        return self._do("update", name, "--abort")

    def hold(self, name: str, *, on: bool) -> int:
        return self._run("hold" if on else "unhold", name)[0]

    def rename(self, old: str, new: str) -> int:
        return self._run("rename", old, new)[0]

    def clone(self, source: str, name: str) -> int:
        return self._run("create", name, "--clone-from", source, "--no-alias")[0]

    def delete(self, name: str) -> int:
        return self._do("delete", name, "--purge")

    def export(self, name: str, path: Path) -> int:
        return self._run("export", name, "-o", str(path))[0]

    def import_(self, path: Path, name: str) -> int:
        return self._do("import", str(path), "--name", name)

    def uninstall(self, name: str) -> int:
        return self._do("uninstall", name)

    def look(self, name: str) -> None:
        assert self._run("history", name)[0] == 0
        assert self._run("approve", name, "--list")[0] == 0
        assert self._run("doctor")[0] in (0, 1)
        assert self._run("diff", name)[0] in (0, 1)

    def status(self, name: str) -> State:
        found: State = self._run("status", name)[1]
        return found

    def verify(self, name: str) -> bool:
        return self._run("verify", name)[0] == 0


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = [
        json.loads(path.read_text("utf-8")) for path in data_folder("schema").glob("*.schema.json")
    ]
    known = Registry().with_resources(
        (each["$id"], Resource.from_contents(each)) for each in schemas
    )
    schema = json.loads((data_folder("schema") / f"output-{name}.schema.json").read_text("utf-8"))
    return Draft202012Validator(schema, registry=known)


def check(data: Any) -> None:
    """Hold an output against the schema that it names; one that was seen before needs no second look."""
    _checked(json.dumps(data))


@lru_cache(maxsize=32)
def _checked(text: str) -> None:
    data = json.loads(text)
    name = data["schema"].split("/")[1]
    problems = [error.message for error in _validator(name).iter_errors(data)]
    assert not problems, (name, problems[:3])
