"""A request over pipes: one object in, lines of objects out."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from story import FIRST, Story

from hermes_dist.page.exchange import Progress
from hermes_dist.page.pipe import pipe


def run(story: Story, data: bytes | object) -> list[dict[str, Any]]:
    source = io.BytesIO(data if isinstance(data, bytes) else json.dumps(data).encode())
    sink = io.BytesIO()
    pipe(lambda progress: story.ctx.with_options(progress=progress), source, sink)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def reply(story: Story, data: bytes | object) -> dict[str, Any]:
    found: dict[str, Any] = run(story, data)[-1]["reply"]
    return found


def test_a_request_is_answered(story: Story) -> None:
    found = reply(story, {"name": "status", "profile": "bot"})
    assert found["status"] == 200
    assert found["body"]["data"]["profile"] == "bot"


def test_progress_comes_before_the_reply(story: Story) -> None:
    story.ship({"SOUL.md": FIRST["SOUL.md"] + "More.\n"})  # type: ignore[operator]  # text
    state = reply(story, {"name": "status", "profile": "bot"})["body"]["state"]
    ask = {"name": "update", "profile": "bot", "state": state}
    shown = reply(story, {**ask, "fields": {"dry_run": True}})
    lines = run(story, {**ask, "plan": shown["body"]["plan"]})
    assert {"progress": {"line": "writing"}} in lines
    assert list(lines[-1]) == ["reply"]
    assert lines[-1]["reply"]["status"] == 200


@pytest.mark.parametrize(
    ("line", "data"),
    [
        ("writing", {"line": "writing"}),
        (
            "Receiving objects:  45% (9/20)",
            {"line": "Receiving objects:  45% (9/20)", "percent": 45},
        ),
        ("remote: 100%", {"line": "remote: 100%", "percent": 100}),
        ("remote: 999% done", {"line": "remote: 999% done"}),
        ("remote: \x1b[31mred\x07", {"line": "remote: \\u{1b}[31mred\\u{7}"}),
    ],
)
def test_progress_tells_how_much_is_done_and_steers_nothing(
    line: str, data: dict[str, Any]
) -> None:
    assert Progress(line).data() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        b"{}" * 2,
        {"name": 1},
        {"name": "status", "more": 1},
        {"name": "status", "profile": "x" * 300},
        {"name": "status", "profile": "a\nb"},
        {"name": "status", "fields": []},
        {"name": "list", "fields": {"x": 1}},
    ],
)
def test_what_is_no_request_is_refused(story: Story, data: bytes | object) -> None:
    found = reply(story, data)
    assert found["status"] == 400
    assert found["body"]["error"]["schema"] == "hermes-dist/error/1"


def test_a_request_that_never_ends_is_refused(story: Story) -> None:
    assert reply(story, b" " * (9 << 20))["status"] == 400


def test_the_work_goes_on_where_nobody_listens(story: Story) -> None:
    class Gone(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise BrokenPipeError

    state = reply(story, {"name": "status", "profile": "bot"})["body"]["state"]
    ask = {"name": "hold", "profile": "bot", "state": state}
    source = io.BytesIO(json.dumps(ask).encode())
    pipe(lambda _: story.ctx, source, Gone())
    assert story.lock.held == "*"
