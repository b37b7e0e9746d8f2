"""The files of sync are what their schemas say, and the schemas say all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from json_schemas import strict, validator
from meeting_of_three import BOT, NOTE, private_story, yes

from hermes_dist.model.sync import meeting, record
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.sync.begin import Options, join
from hermes_dist.ops.sync.machines import accept, forget
from hermes_dist.ops.sync.now import sync_now
from hermes_dist.ops.sync.state import begin, need_record, record_path
from hermes_dist.world.load import data_folder


def schema_of(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (data_folder("schema") / f"sync-{name}.schema.json").read_text()
    )
    return loaded


def errors_of(name: str, data: bytes | str) -> list[str]:
    found = validator(strict(schema_of(name))).iter_errors(json.loads(data))
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


def test_what_machines_write_fits(tmp_path: Path) -> None:
    story = private_story(tmp_path)
    first, second, _ = story.machines
    accept(first.ctx, BOT, "b")
    for machine in (first, second):
        sync_now(machine.ctx, BOT, Request(), yes)
    third = story.machines[2]
    join(third.ctx, BOT, story.url, Options(machine="c"), Request(), yes)
    forget(first.ctx, BOT, "c")
    (first.home / NOTE).unlink()
    sync_now(first.ctx, BOT, Request(), yes)
    known = need_record(first.ctx, BOT)
    begin(first.home, known, known.seen)
    files = {
        "meeting": "meeting.json",
        "machine": "machines/b.json",
        "private": "private.json",
        "shared": "shared.json",
        "gone": "gone.json",
    }
    for name, path in files.items():
        assert errors_of(name, story.repo.git("show", f"main:{path}")) == []
    for machine in (first, second):
        assert errors_of("record", record_path(machine.home).read_bytes()) == []
    assert errors_of("machine", '{"name": "B"}') != []


@pytest.mark.parametrize(
    ("struct", "schema", "at"),
    [
        (meeting.About, "meeting", ()),
        (meeting.Machine, "machine", ()),
        (meeting.Sent, "machine", ("properties", "sent")),
        (meeting.Index, "private", ()),
        (meeting.Said, "private", ("properties", "files", "additionalProperties")),
        (meeting.GoneMachines, "gone", ()),
        (meeting.Gone, "gone", ("properties", "machines", "items")),
        (record.Record, "record", ()),
        (record.KnownKeys, "record", ("properties", "keys", "additionalProperties")),
        (record.Next, "record", ("properties", "next")),
        (record.Seen, "record", ("$defs", "seen")),
        (record.Mark, "record", ("$defs", "seen", "properties", "marks", "additionalProperties")),
        (record.Checked, "record", ("$defs", "seen", "properties", "checked")),
    ],
)
def test_a_schema_names_every_field(struct: Any, schema: str, at: tuple[str, ...]) -> None:
    part = schema_of(schema)
    for step in at:
        part = part[step]
    assert set(part["properties"]) == set(struct.__struct_encode_fields__)
