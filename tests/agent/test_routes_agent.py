"""Our answer about routes is the agent's, on many messages."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

from budget import IS_QUICK
from partners import Generation

from hermes_dist.agents.generation import generation_of
from hermes_dist.decide.fleet.routes import profile_for

_ASK = """
import inspect, json, sys
from gateway.profile_routing import match_profile_route, parse_profile_routes
data = json.load(sys.stdin)
routes = parse_profile_routes(data["routes"])
known = inspect.signature(match_profile_route).parameters
found = [match_profile_route(routes, **{k: v for k, v in m.items() if k in known}) for m in data["messages"]]
print("\\n" + json.dumps([r.profile if r else None for r in found]))
"""
PLACES = ("guild_id", "chat_id", "thread_id")
WHATSAPP = [
    "4917",
    "+4917",
    "4917@s.whatsapp.net",
    "4917:2@s.whatsapp.net",
    "4917@lid",
    "4917@g.us",
    "4918@lid",
]
ODD_IDS: list[object] = [1, 2, 0, 1.0, True, False, "", None, " ", ["1"], "1 "]


def _id(rng: random.Random, platform: str) -> object:
    return (
        rng.choice([None, *WHATSAPP])
        if platform == "whatsapp" and rng.random() < 0.7
        else rng.choice([None, *"1234"])
    )


def _route(rng: random.Random, number: int) -> dict[str, object]:
    platform = rng.choice(["discord", "slack", "whatsapp", "discord-platform"])
    ids = {
        key: value
        for key in (*PLACES, "user_id")
        if (value := _id(rng, platform)) and rng.random() < 0.7
    }
    if number % 6 == 0:
        ids[rng.choice([*PLACES, "user_id"])] = rng.choice(ODD_IDS)
    if number % 5 == 0:
        ids["bot_profile"] = rng.choice(["a", "default", "", " b ", None])
    profile = rng.choice(["a", "b", "Coder", "default", "Default", "test", " ops ", "no/name"])
    route = {"name": str(number), "platform": platform, "profile": profile, **ids}
    return (
        {**route, "enabled": rng.choice([True, True, False, None, 1, "no"])}
        if number % 2
        else route
    )


def _message(rng: random.Random) -> dict[str, object]:
    platform = rng.choice(["discord", "slack", "telegram", "whatsapp"])
    places = {key: _id(rng, platform) for key in (*PLACES, "parent_chat_id", "user_id")}
    return {
        "platform": platform,
        **places,
        "adapter_profile": rng.choice([None, None, "default", "a", "b"]),
    }


def test_thousands_of_messages_are_answered_alike(agent_venv: Path, generation: Generation) -> None:
    rng = random.Random(7)
    grammar = generation_of(generation.version).routes
    program = [str(agent_venv / "bin" / "python"), "-W", "ignore", "-c", _ASK]
    for _ in range(1 if IS_QUICK else 4):
        routes = [_route(rng, number) for number in range(60)] + [{"platform": "discord"}, {}]
        rng.shuffle(routes)
        messages = [_message(rng) for _ in range(5_000)]
        given = json.dumps({"routes": routes, "messages": messages})
        done = subprocess.run(program, input=given, capture_output=True, text=True, check=True)
        theirs = json.loads(done.stdout.splitlines()[-1])
        config = {"gateway": {"multiplex_profiles": True, "profile_routes": routes}}
        ours = [
            profile_for(config, str(m["platform"]), grammar=grammar, **_rest(m)) for m in messages
        ]
        assert len(set(theirs)) > 3
        wrong = [(m, ours[n], theirs[n]) for n, m in enumerate(messages) if ours[n] != theirs[n]]
        assert wrong[:3] == []


def _rest(message: dict[str, object]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key != "platform"}
