"""The gateways of a team start and stop as the file says, that is said before, and a running one is never ended unsaid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest
from fleet import PROGRAM, Fleet
from teams import package


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path / "home")
    yield made
    made.end()


def run(fleet: Fleet, *words: str, code: int = 0) -> str:
    done = forked.said([str(PROGRAM), *words], fleet.env, fleet.home)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout if "--json" in words else done.stdout + done.stderr


def write(file: Path, **gateways: str) -> None:
    file.write_text(
        "format = 1\n"
        + "".join(
            f'[[profiles]]\nname = "{name}"\nsource = "./{name}"\n{line}\n'
            for name, line in gateways.items()
        )
    )


def test_gateways_start_stop_and_are_named_before(tmp_path: Path, fleet: Fleet) -> None:
    for name in ("a", "b"):
        package(tmp_path / name, name)
    file = tmp_path / "team.toml"
    write(file, a="gateway = true", b="")
    run(fleet, "apply", str(file), "-y")
    assert len(fleet.processes()) == 1
    assert "Nothing to do" in run(fleet, "apply", str(file))
    snapshot = json.loads(run(fleet, "snapshot", "--json"))["text"]
    assert snapshot.count("gateway = true") == 1

    # An update of a running agent restarts nothing, and says what does.
    soul = tmp_path / "a" / "SOUL.md"
    soul.write_text(soul.read_text().replace("kind", "very kind"))
    said = run(fleet, "apply", str(file), "-y")
    assert "the running gateway of a takes this up after: hermes-dist gateways restart a" in said
    soul.write_text(soul.read_text().replace("brief", "very brief"))
    before = fleet.processes()
    found = json.loads(run(fleet, "apply", str(file), "-y", "--restart", "--json"))
    assert [one["profile"] for one in found["restarted"]] == ["a"]
    assert len(fleet.processes()) == 1
    assert fleet.processes() != before

    # What the file says nothing about stays as it is.
    write(file, a="", b="")
    assert "Nothing to do" in run(fleet, "apply", str(file))
    write(file, a="gateway = false", b="")
    assert "a        stop its gateway" in run(
        fleet, "apply", str(file), "-n", "--exit-code", code=10
    )
    assert len(fleet.processes()) == 1
    assert "✓ a: stop its gateway" in run(fleet, "apply", str(file), "-y")
    assert fleet.processes() == []
    assert "Nothing to do" in run(fleet, "apply", str(file))


def test_what_is_pruned_is_stopped_and_that_is_said(tmp_path: Path, fleet: Fleet) -> None:
    package(tmp_path / "a", "a")
    file = tmp_path / "team.toml"
    write(file, a="")
    fleet.profile("old")
    run(fleet, "gateways", "start", "old")
    said = run(fleet, "apply", str(file), "--prune", "-n")
    assert "old      stop its gateway, and move to the trash, for 30 days" in said
    assert len(fleet.processes()) == 1
    run(fleet, "apply", str(file), "--prune", "-y")
    assert fleet.processes() == []


def test_a_gateway_that_does_not_start_is_an_error_and_the_rest_is_done(
    tmp_path: Path, fleet: Fleet
) -> None:
    for name in ("a", "b"):
        package(tmp_path / name, name)
    file = tmp_path / "team.toml"
    write(file, a="gateway = true", b="")
    fleet.profile("a", mode="fail")
    said = run(fleet, "apply", str(file), "-y", code=1)
    assert "its gateway did not start" in said
    assert "✓ b: install" in said
