"""Our answer about routes is the agent's, on many messages."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

from hermes_dist.decide.routing import profile_for

_ASK = """
import json, sys
from gateway.profile_routing import match_profile_route, parse_profile_routes
data = json.load(sys.stdin)
routes = parse_profile_routes(data["routes"])
found = [match_profile_route(routes, **m) for m in data["messages"]]
print(json.dumps([r.profile if r else None for r in found]))
"""


def _id(rng: random.Random) -> str | None:
    return rng.choice([None, "1", "2", "3", "4"])


def test_ten_thousand_messages_are_answered_alike(agent_venv: Path) -> None:
    rng = random.Random(7)
    routes: list[dict[str, object]] = [{"platform": "discord"}, {"platform": "discord", "profile": "no/name"}, {}]
    for number in range(60):
        ids: dict[str, object] = {k: v for k in ("guild_id", "chat_id", "thread_id") if (v := _id(rng))}
        if number % 9 == 0:
            ids = {key: int(str(value)) for key, value in ids.items()}
        profile = rng.choice(["a", "b", "Coder", "default", "test", " ops "])
        route = {"name": str(number), "platform": rng.choice(["discord", "slack"]), "profile": profile, **ids}
        routes.append({**route, "enabled": rng.random() > 0.2} if number % 2 else route)
    rng.shuffle(routes)
    messages = [
        {"platform": rng.choice(["discord", "slack", "telegram"])}
        | {key: _id(rng) for key in ("guild_id", "chat_id", "thread_id", "parent_chat_id")}
        for _ in range(10_000)
    ]
    done = subprocess.run(
        [str(agent_venv / "bin" / "python"), "-c", _ASK], input=json.dumps({"routes": routes, "messages": messages}), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    theirs = json.loads(done.stdout.splitlines()[-1])
    config = {"gateway": {"multiplex_profiles": True, "profile_routes": routes}}
    ours = [profile_for(config, str(m.pop("platform")), **m) for m in messages]
    assert len(set(theirs)) > 3
    assert ours == theirs
