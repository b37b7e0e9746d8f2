"""Answer one request over pipes: JSON on standard input, lines of JSON on standard output.

The agent's dashboard starts this program for each request, because its own environment need not hold us.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Any, BinaryIO

from hermes_dist.errors import DistError, UsageError
from hermes_dist.light import read_json
from hermes_dist.page.answer import ContextOf, answer
from hermes_dist.page.exchange import Progress, Reply, ask_of
from hermes_dist.page.requests.row import Found
from hermes_dist.voice.clean import error_data

LONGEST_ASK = 8 << 20
"""The longest request, in bytes: a text of 1 MiB can be six times as long in JSON."""


def pipe(context_of: ContextOf, source: BinaryIO, sink: BinaryIO) -> None:
    """Read one request, and write its progress and its reply.

    Args:
        context_of: Makes the context.
        source: Holds ``{"name", "profile", "fields", "state", "plan"}`` up to its end.
        sink: Gets ``{"progress": {"line"}}`` for each line of progress, and ``{"reply": {"status", "body"}}`` last. If
            nobody reads it any more, the work goes on.
    """
    lock = Lock()

    def write(data: Mapping[str, Any]) -> None:
        line = json.dumps(data, ensure_ascii=True).encode() + b"\n"
        with lock, suppress(OSError, ValueError):
            sink.write(line)
            sink.flush()

    def heard(progress: Progress) -> None:
        write({"progress": progress.data()})

    try:
        ask = ask_of(_read(source))
    except DistError as error:
        reply = bad(error)
    else:
        reply = answer(context_of, ask, heard)
    write({"reply": {"status": reply.status, "body": reply.body}})


def bad(error: DistError, status: int = 400) -> Reply:
    """The reply to what is not even a request."""
    data = Found("error", {"error": error_data(error, str)}).body()
    return Reply(status, {"profile": "", "state": "", "error": data})


def _read(source: BinaryIO) -> object:
    data = source.read(LONGEST_ASK + 1)
    if len(data) > LONGEST_ASK:
        raise UsageError(f"the request is longer than {LONGEST_ASK} bytes")
    return parsed(data)


def parsed(data: bytes) -> object:
    """Read JSON from outside.

    Raises:
        UsageError: It is not JSON in UTF-8, or nested too deep.
    """
    try:
        return read_json(data.decode())
    except ValueError:
        raise UsageError("the request is not JSON in UTF-8") from None
