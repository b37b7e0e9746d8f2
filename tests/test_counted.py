"""What the commonest commands do has not grown: modules, calls, processes, bytes; whatever else the machine does."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import counted

PYTHON, FIGURES = counted.on_file()


@pytest.mark.needs("linux")  # the figures are of Linux
@pytest.mark.parametrize(
    "kind",
    [
        counted.Machine,
        pytest.param(counted.Weighing, marks=[pytest.mark.needs("valgrind"), pytest.mark.minutes]),
    ],
)
def test_no_command_does_more_than_the_figures_allow(
    tmp_path: Path, kind: type[counted.Machine]
) -> None:
    now = dict(counted.counted(tmp_path, kind))
    assert set(now) == set(FIGURES), "run: make counts"
    over = counted.grown(FIGURES, now, PYTHON)
    if over:
        told = "\n".join(map(str, over))
        pytest.fail(
            f"{told}\nIf it has to be so: make counts, and say why in the commit.", pytrace=False
        )


def test_the_file_allows_what_the_rule_says() -> None:
    now = {
        command: {what: figure["is"] for what, figure in counts.items()}
        for command, counts in FIGURES.items()
    }
    assert (
        counted.dumped(now).partition("\n\n[")[2]
        == counted.FIGURES.read_text().partition("\n\n[")[2]
    )


@pytest.mark.parametrize(
    ("what", "python", "told"),
    [
        ("own_calls", PYTHON, True),
        ("own_calls", "3.99", True),
        ("git", "3.99", True),
        ("modules", PYTHON, True),
        ("modules", "3.99", False),
    ],
)
def test_growth_is_told_with_its_command(
    monkeypatch: pytest.MonkeyPatch, what: str, python: str, told: bool
) -> None:
    monkeypatch.setattr(counted, "running", lambda: PYTHON)
    most = FIGURES["status"][what]["most"]
    assert counted.grown(FIGURES, {"status": {what: most}}, python) == []
    over = counted.grown(FIGURES, {"status": {what: most + 1}}, python)
    assert [each.what for each in over] == [what] * told
    for each in over:
        assert str(each).startswith(f"status: {what.replace('_', ' ')} grew from ")
        assert f"{most:,} are allowed" in str(each)


def test_what_a_command_does_is_seen(tmp_path: Path) -> None:
    machine = counted.Machine(tmp_path)
    (machine.profiles / "bot").mkdir(parents=True)
    least, more = machine.count("--version"), machine.count("list")
    assert least["own_modules"] < more["own_modules"] < more["modules"]
    assert least["own_calls"] < more["own_calls"]
    assert least["system_calls"] < more["system_calls"]
    assert 0 < least["bytes"] < 100
