"""The rows of the floor about toolsets, against what the agent (0.19 and 0.22) enables by itself.

The lists are written by hand from the agent's ``toolsets.py`` and ``platforms.py``, not taken from the table.
"""

from __future__ import annotations

import pytest

from hermes_dist.decide.consent.floor.asks import asks, row_for
from hermes_dist.model.documents.api import ABSENT
from hermes_dist.model.plan import EffectKind

ENABLED = [
    "browser",
    "clarify",
    "code_execution",
    "coding",
    "computer_use",
    "context_engine",
    "cronjob",
    "debugging",
    "delegation",
    "file",
    "image_gen",
    "memory",
    "safe",
    "search",
    "session_search",
    "skills",
    "terminal",
    "todo",
    "tts",
    "vision",
    "web",
]
"""Toolsets whose tools are all among those that every full platform of the agent has."""
MORE = ["x_search", "video", "video_gen", "spotify", "homeassistant", "discord_admin", "mqtt", ""]
"""Toolsets that the agent enables only where a config says so."""
FULL = [
    "bluebubbles",
    "cli",
    "cron",
    "dingtalk",
    "discord",
    "email",
    "feishu",
    "matrix",
    "mattermost",
    "qqbot",
    "signal",
    "slack",
    "sms",
    "telegram",
    "wecom",
    "weixin",
    "whatsapp",
]
"""Platforms where their own user writes to the agent, with all of its tools."""
GUARDED = {
    "api_server": "hermes-api-server",
    "google_chat": "hermes-google_chat",
    "homeassistant": "hermes-homeassistant",
    "teams": "hermes-teams",
    "webhook": "hermes-webhook",
    "wecom_callback": "hermes-wecom-callback",
    "whatsapp_cloud": "hermes-whatsapp",
    "yuanbao": "hermes-yuanbao",
}
"""Platforms where others may write to it, and the toolset that the agent names as their default."""
MILD = ["clarify", "search", "todo", "tts", "vision"]


def asked(platform: str, *toolsets: str) -> bool:
    return asks(("platform_toolsets", platform), ABSENT, list(toolsets)) is EffectKind.LOOSENS


@pytest.mark.parametrize("name", ENABLED)
def test_a_toolset_that_the_agent_has_anyway_needs_no_yes(name: str) -> None:
    assert asks(("toolsets",), ABSENT, [name]) is None
    assert asks(("toolsets",), ["hermes-cli"], [name]) is None
    assert not asked("telegram", name)


@pytest.mark.parametrize("name", MORE)
def test_a_toolset_that_the_agent_does_not_enable_by_itself_needs_one(name: str) -> None:
    assert asks(("toolsets",), ABSENT, [name]) is EffectKind.LOOSENS
    assert asks(("toolsets",), ["hermes-cli"], ["hermes-cli", name]) is EffectKind.LOOSENS
    assert asked("telegram", name)


@pytest.mark.parametrize("platform", FULL)
def test_a_full_platform_has_its_own_toolset_and_every_usual_one(platform: str) -> None:
    assert not asked(platform, f"hermes-{platform}")
    assert not asked(platform, *ENABLED)
    assert asked(platform, "spotify")


@pytest.mark.parametrize("platform", GUARDED)
def test_a_platform_of_strangers_has_its_own_toolset_and_mild_ones(platform: str) -> None:
    assert not asked(platform, GUARDED[platform])
    for name in MILD:
        assert not asked(platform, name)
    for name in set(ENABLED) - set(MILD):
        assert asked(platform, name), name
    assert asked(platform, "hermes-cli")


@pytest.mark.parametrize(
    "platform", ["qqbot", "wecom", "weixin", "whatsapp", "whatsapp_cloud", "yuanbao"]
)
@pytest.mark.parametrize("who", ["dm", "group"])
def test_who_may_write_to_a_bot_only_gets_stricter(platform: str, who: str) -> None:
    key = ("platforms", platform, "extra", f"{who}_policy")
    order = ["disabled", "allowlist", "pairing"]
    for n, before in enumerate(order):
        for m, after in enumerate(order):
            assert (asks(key, before, after) is None) == (m <= n), (before, after)
    assert asks(key, "pairing", "open") is EffectKind.LOOSENS
    assert asks(key, "disabled", ABSENT) is EffectKind.LOOSENS


def test_the_models_that_the_agent_asks_by_itself_may_be_spelled_out() -> None:
    key = ("moa", "presets", "default", "reference_models")
    experts = [
        {"provider": "openai-codex", "model": "gpt-5.5"},
        {"provider": "openrouter", "model": "deepseek/deepseek-v4-pro"},
    ]
    assert asks(key, ABSENT, experts) is None
    for number in range(2):
        others = [*experts]
        others[number] = {"provider": "elsewhere", "model": "x"}
        assert asks(key, ABSENT, others) is EffectKind.LOOSENS


@pytest.mark.parametrize(
    "generation",
    ["nikolaik/python-nodejs:python3.11-nodejs20", "nousresearch/hermes-sandbox:desktop"],
)
def test_the_image_of_either_generation_may_be_spelled_out(generation: str) -> None:
    for key in ("docker_image", "modal_image", "daytona_image"):
        assert asks(("terminal", key), ABSENT, generation) is None
        assert asks(("terminal", key), ABSENT, f"{generation}x") is EffectKind.LOOSENS
    assert asks(("terminal", "singularity_image"), ABSENT, f"docker://{generation}") is None


def test_a_row_stands_where_a_platform_is_known_and_nowhere_else() -> None:
    named = {row_for(("platform_toolsets", name)).pattern for name in (*FULL, *GUARDED, "newone")}
    assert named == {*(f"platform_toolsets.{name}" for name in (*FULL, *GUARDED)), "**"}
