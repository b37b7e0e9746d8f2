"""The time zone that the next times of jobs are told in is the one that the agent goes by."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.change.review import agent_time
from hermes_dist.ops.context import Context

NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


class At(Context):
    def now(self) -> datetime:
        return NOON


@pytest.mark.parametrize(
    ("dotenv", "env", "config", "hour"),
    [
        ("", {}, "timezone: Asia/Tokyo\n", 21),
        ("", {"HERMES_TIMEZONE": "America/New_York"}, "timezone: Asia/Tokyo\n", 7),
        (
            "HERMES_TIMEZONE=Asia/Kolkata\n",
            {"HERMES_TIMEZONE": "America/New_York"},
            "timezone: Asia/Tokyo\n",
            17,
        ),
        ("", {}, "timezone: ' Asia/Tokyo '\n", 21),
    ],
)
def test_the_variable_goes_before_the_setting(
    tmp_path: Path, dotenv: str, env: dict[str, str], config: str, hour: int
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    (tmp_path / "config.yaml").write_text(config)
    at = agent_time(At(HERMES, Layout(HERMES, tmp_path, tmp_path), env), tmp_path)
    assert at == NOON
    assert at.hour == hour


@pytest.mark.parametrize(
    "config",
    [
        "",
        "timezone: Nowhere/At/All\n",
        "timezone: ../../etc/passwd\n",
        "timezone: 5\n",
        "[",
        "timezone: ''\n",
    ],
)
def test_without_a_zone_that_there_is_it_is_the_machines(tmp_path: Path, config: str) -> None:
    (tmp_path / "config.yaml").write_text(config)
    assert (
        agent_time(At(HERMES, Layout(HERMES, tmp_path, tmp_path), {}), tmp_path).utcoffset()
        == NOON.astimezone().utcoffset()
    )
