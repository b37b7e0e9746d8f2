"""What a user reads when the server of a registry over HTTPS answers with something else."""

from __future__ import annotations

import time

import pytest
from rude import Answer, cut, cut_in_the_middle, here, serving, status
from servers import free_port

from hermes_dist.errors import Unreachable
from hermes_dist.world.registry.tuf import fetch_root


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (status(401), "the host refuses access (401)"),
        (status(403), "the host refuses access (403)"),
        (status(404), "there is no registry at this address"),
        (status(429, b"", ("Retry-After", "3600")), "the host got too many requests (429)"),
        (status(503, b"", ("Retry-After", "3600")), "the host failed (503)"),
        (lambda asked: here(asked, asked.path), "it redirects in a circle"),
        (cut, "the connection was cut before everything had arrived"),
        (cut_in_the_middle, "the connection was cut before everything had arrived"),
    ],
    ids=["401", "403", "404", "429", "503", "circle", "cut", "middle"],
)
def test_an_answer_that_is_no_registry(answer: Answer, what: str) -> None:
    before = time.monotonic()
    with serving(answer) as url, pytest.raises(Unreachable) as caught:
        fetch_root(url)
    assert caught.value.what == what
    assert caught.value.hint
    assert time.monotonic() - before < 20, "a server can't make us wait"


def test_nothing_answers() -> None:
    with pytest.raises(Unreachable, match="nothing answers at this address"):
        fetch_root(f"http://127.0.0.1:{free_port()}/index")
