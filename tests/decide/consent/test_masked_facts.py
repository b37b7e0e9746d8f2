"""Facts hold no secret: by its looks, by its name, or because this machine keeps it; a change of it is still seen."""

from __future__ import annotations

import base64
import json

import pytest

from hermes_dist.decide.consent.masked_facts import mask_facts
from hermes_dist.model.facts import facts_of
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest

TOKEN = "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"
WORD = "correct-horse-battery-staple-77"
CONFIG = RelPath("config.yaml")


def effect(key: str, value: object, name: str = "") -> Effect:
    return Effect(
        EffectKind.RUNS,
        CONFIG,
        key,
        facts_of([(name, value)]),
        Digest.of(repr(value).encode()),
        off=True,
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mcp_servers.s.env.API_KEY", TOKEN),
        ("mcp_servers.s.env.MODE", WORD),
        ("mcp_servers.s.env.MODE", base64.b64encode(WORD.encode()).decode()),
        ("mcp_servers.s.env.DB_PASSWORD", "hunter2-Kq9x"),
        ("mcp_servers.s.args", ["run", "--token", TOKEN]),
        ("mcp_servers.s.args", ["run", "--password", "hunter2-Kq9x"]),
        ("mcp_servers.s.headers.Authorization", f"Bearer {TOKEN}"),
        ("mcp_servers.s.url", f"https://user:{WORD}@example.org/"),
        ("custom_providers", [{"name": "x", "api_key": TOKEN}]),
        ("jobs[id=a]", f"call it with {TOKEN} and {WORD}"),
    ],
)
def test_a_secret_becomes_a_mark(key: str, value: object) -> None:
    (shown,) = mask_facts([effect(key, value)], {"MY_WORD": WORD})
    text = json.dumps(shown.facts)
    assert "[secret " in text
    for secret in (TOKEN, WORD, "hunter2", base64.b64encode(WORD.encode()).decode()):
        assert secret not in text
    assert shown.digest == effect(key, value).digest


def test_a_changed_secret_has_another_mark_and_the_same_one_the_same() -> None:
    first, again, other = mask_facts(
        [
            effect("a.api_key", TOKEN),
            effect("a.api_key", TOKEN),
            effect("a.api_key", TOKEN[:-1] + "b"),
        ],
        {},
    )
    assert first == again
    assert first.facts != other.facts


@pytest.mark.parametrize(
    "value",
    [
        "npx",
        "${API_KEY}",
        ["-y", "web-server@1.2.3"],
        "https://example.org/mcp",
        5,
        True,
        "Say good morning.",
    ],
)
def test_what_is_no_secret_stays(value: object) -> None:
    one = effect("mcp_servers.s.command", value)
    assert mask_facts([one], {"MY_WORD": WORD}) == (one,)
