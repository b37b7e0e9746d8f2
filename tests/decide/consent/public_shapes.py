"""Configurations in the shapes of those that public packages ship, made anew: none of their text is here.

What is kept of them is which sections they have, how many keys, and how they name models, tools and places.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Config = dict[str, Any]

PROVIDERS = ("openrouter", "anthropic", "deepseek", "openai-codex", "nous", "zai")
TOOLS = (
    "browser",
    "clarify",
    "code_execution",
    "cronjob",
    "delegation",
    "file",
    "memory",
    "session_search",
    "skills",
    "terminal",
    "todo",
    "vision",
    "web",
)
AUX = (
    "approval",
    "background_review",
    "compression",
    "curator",
    "kanban_decomposer",
    "mcp",
    "monitor",
    "profile_describer",
    "skills_hub",
    "title_generation",
    "triage_specifier",
    "vision",
    "web_extract",
)


def tools(number: int, *without: str) -> list[str]:
    chosen = [
        tool
        for n, tool in enumerate(TOOLS)
        if (n + number) % 4 or tool in {"file", "skills", "memory"}
    ]
    return [tool for tool in chosen if tool not in without]


def model(provider: str, number: int) -> Config:
    return {"model": {"default": f"maker/model-{number}", "provider": provider}}


def two_lines(provider: str, number: int) -> Config:
    return {**model(provider, number), "agent": {"max_turns": 40 + number}}


def light(provider: str, number: int) -> Config:
    lists = {
        name: tools(number, "browser") for name in ("cli", "discord", "telegram")[: 1 + number % 3]
    }
    return {
        "agent": {"max_turns": 20},
        "memory": {"memory_enabled": True, "user_profile_enabled": True},
        "display": {"personality": "concise"},
        "skills": {"external_dirs": [], "template_vars": True},
        "platform_toolsets": lists,
        "timezone": "Europe/Rome",
    }


def named_endpoint(provider: str, number: int) -> Config:
    """The provider's usual address is spelled out."""
    usual = {
        "default": f"model-{number}",
        "provider": provider,
        "base_url": f"https://api.{provider}.example/v1",
    }
    return {
        "model": usual,
        "toolsets": ["hermes-cli"],
        "context": {"engine": "compressor"},
        "agent": {"max_turns": 120, "tool_use_enforcement": "auto"},
        "display": {"skin": "nord", "language": "en"},
        "platform_toolsets": {"cli": tools(number)},
        "web": {"backend": "tavily"},
    }


def routine(provider: str, number: int) -> Config:
    return {
        **model(provider, number),
        "fallback_providers": [{"provider": provider, "model": "maker/second"}],
        "compression": {"enabled": True, "threshold": 0.6, "protect_last_n": 20},
        "memory": {"memory_enabled": True},
        "approvals": {"mode": "manual", "timeout": 60},
        "security": {"redact_secrets": True},
        "terminal": {"backend": "local", "cwd": ".", "timeout": 180},
        "cron": {"wrap_response": False},
        "display": {"streaming": True, "show_reasoning": False},
        "checkpoints": {"enabled": True},
    }


def moderate(provider: str, number: int) -> Config:
    """A dump of the agent's settings that was shortened by hand; some keys are of an older release."""
    return {
        **routine(provider, number),
        "_onboarding_fresh": False,
        "onboarding": {"seen": {"tool_progress_prompt": True}},
        "agent": {
            "max_turns": 60,
            "verbose": False,
            "reasoning_effort": "medium",
            "disabled_toolsets": [],
        },
        "prompt_caching": {"cache_ttl": "5m"},
        "file_read_max_chars": 100000,
        "security": {"redact_secrets": True, "tirith_enabled": number % 2 == 0},
    }


def wishful(provider: str, number: int) -> Config:
    """It says what it wants in keys of its own."""
    return {
        "model": {"provider": "auto", "default": "auto"},
        "agent": {"max_turns": 90, "tool_use_enforcement": True},
        "tools": {"preferred_toolsets": tools(number)},
        "security": {"redact_secrets": True},
    }


def pinned_everywhere(provider: str, number: int) -> Config:
    one = {"provider": provider, "model": "maker/small"}
    return {
        **model(provider, number),
        "fallback_model": dict(one),
        "delegation": dict(one),
        "curator": {"enabled": False},
        "auxiliary": {name: dict(one) for name in AUX},
        "provider_routing": {"order": ["first", "second"]},
        "model_aliases": {"careful": dict(one)},
        "terminal": {"backend": "local", "cwd": f"/srv/class-{number}"},
        "agent": {"reasoning_effort": "high"},
        "prompt_caching": {"cache_ttl": "1h"},
    }


def own_endpoint(provider: str, number: int) -> Config:
    place = {
        "name": "local",
        "base_url": f"http://llm-{number}.example/v1",
        "key_env": "LOCAL_KEY",
        "model": "m",
        "models": {"m": {}},
    }
    return {
        "model": {
            "default": "m",
            "provider": "custom",
            "base_url": f"http://llm-{number}.example/v1",
        },
        "custom_providers": [place],
        "session_reset": {"mode": "none"},
        "plugins": {"enabled": ["reader"], "disabled": []},
        "known_plugin_toolsets": {"cli": ["spotify"]},
        "known_builtin_toolsets": {"cli": list(TOOLS)},
        "platform_toolsets": {"cli": tools(number)},
        "_config_version": 39,
    }


def hardened(provider: str, number: int) -> Config:
    few = ["clarify", "search", "tts", "vision"]
    places = (
        "cli",
        "telegram",
        "discord",
        "slack",
        "whatsapp",
        "whatsapp_cloud",
        "webhook",
        "api_server",
        "yuanbao",
        "cron",
    )
    return {
        "model": {"provider": "lmstudio", "default": ""},
        "platform_toolsets": dict.fromkeys(places, few),
        "agent": {
            "max_turns": 20,
            "verify_on_stop": False,
            "disabled_toolsets": ["terminal", "file"],
        },
        "web": {"search_backend": "", "extract_backend": ""},
        "privacy": {"redact_pii": True},
        "browser": {"allow_private_urls": False, "record_sessions": False},
        "curator": {"enabled": False},
        "memory": {"memory_enabled": False, "write_approval": True},
        "skills": {"external_dirs": [], "write_approval": True},
        "delegation": {"inherit_mcp_toolsets": False, "subagent_auto_approve": False},
        "hooks": {},
        "quick_commands": {},
        "security": {
            "tirith_fail_open": False,
            "allow_lazy_installs": False,
            "website_blocklist": {"enabled": False},
        },
        "smart_model_routing": {"enabled": False},
        "hooks_auto_accept": False,
        "mcp_servers": {},
    }


def only_schedules(provider: str, number: int) -> Config:
    return {
        "cron": {
            "max_parallel_jobs": 1,
            "mirror_delivery": True,
            "script_timeout_seconds": 60 * number,
        }
    }


def foreign(provider: str, number: int) -> Config:
    """No setting of the agent is in it."""
    return (
        {"adoption_status": "permanent"}
        if number % 2
        else {**model(provider, number), "tools": {"default": True}}
    )


def with_servers(provider: str, number: int) -> Config:
    server = {"command": "npx", "args": ["-y", f"@example/server@{number}"], "timeout": 120}
    return {
        **two_lines(provider, number),
        "mcp_servers": {"first": server, "second": {"url": "https://mcp.example/x"}},
    }


def with_a_plugin(provider: str, number: int) -> Config:
    return {
        **model(provider, number),
        "plugins": {"enabled": ["desk"], "entries": {"desk": {"allow_tool_override": False}}},
        "agent": {"disabled_toolsets": ["terminal", "computer_use"]},
        "display": {"show_reasoning": False},
        "auxiliary": {"background_review": {"enabled": False}},
        "image_gen": {"provider": provider, "model": "i"},
    }


def a_bot(provider: str, number: int) -> Config:
    """A bot for a team: it opens a port, and uses managed services."""
    slack = {"gateway_restart_notification": False, "extra": {"allow_admin_from": ["nobody"]}}
    return {
        "model": {"provider": "custom", "default": "m", "base_url": "${LLM_URL}"},
        "approvals": {"mode": "smart"},
        "terminal": {"cwd": "/opt/data"},
        "mcp_servers": {"desk": {"url": "${DESK_URL}"}},
        "plugins": {"enabled": ["desk"]},
        "display": {
            "busy_input_mode": "steer",
            "platforms": {"slack": {"tool_progress": "off", "assistant_status": "x"}},
        },
        "platforms": {
            "webhook": {"enabled": True, "extra": {"port": 8600 + number}},
            "slack": slack,
        },
        "skills": {"disabled": ["wiki"], "config": {"desk": {"root": "/srv"}}},
        "web": {"backend": "tavily", "use_gateway": True},
        "tts": {"use_gateway": True},
        "browser": {"cloud_provider": "b", "use_gateway": True},
    }


def whole_dump(provider: str, number: int) -> Config:
    """Every setting of an older release, as ``config.yaml`` is after a first start, with a few of the author's."""
    slots = {
        name: {
            "provider": "auto",
            "model": "",
            "base_url": "",
            "api_key": "",
            "timeout": 30,
            "extra_body": {},
        }
        for name in (*AUX, "session_search")
        if name not in {"monitor", "background_review"}
    }
    own = [
        "hermes-cli",
        "hermes-telegram",
        "hermes-slack",
        "hermes-yuanbao",
        "hermes-homeassistant",
    ]
    return {
        **model(provider, number),
        "providers": {},
        "fallback_providers": [],
        "credential_pool_strategies": {},
        "agent": {
            "max_turns": 90,
            "verbose": False,
            "personalities": {"calm": "You are calm."},
            "service_tier": "",
        },
        "terminal": {
            "backend": "local",
            "cwd": ".",
            "auto_source_bashrc": True,
            "vercel_runtime": "node24",
            "docker_env": {},
            "docker_volumes": [],
            "lifetime_seconds": 300,
            "docker_mount_cwd_to_workspace": False,
        },
        "browser": {
            "engine": "auto",
            "cdp_url": "",
            "camofox": {"managed_persistence": False},
            "record_sessions": False,
        },
        "auxiliary": slots,
        "bedrock": {"region": "", "guardrail": {"trace": "disabled"}},
        "honcho": {},
        "whatsapp": {},
        "display": {
            "personality": "calm",
            "cleanup_progress": False,
            "tool_progress": "all",
            "platforms": {},
        },
        "memory": {"memory_enabled": True, "provider": "", "flush_min_turns": 6},
        "tts": {"provider": "edge"},
        "stt": {"enabled": True, "provider": "local"},
        "logging": {"level": "INFO", "memory_monitor": {"enabled": True}},
        "approvals": {"mode": "manual", "cron_mode": "deny", "mcp_reload_confirm": True},
        "command_allowlist": [],
        "security": {
            "tirith_path": "tirith",
            "tirith_fail_open": True,
            "allow_lazy_installs": True,
            "acked_advisories": [],
        },
        "slack": {"require_mention": True, "free_response_channels": "", "channel_prompts": {}},
        "hooks": {},
        "sessions": {"auto_prune": False, "retention_days": 90, "write_json_snapshots": False},
        "quick_commands": {},
        "updates": {"pre_update_backup": False, "backup_keep": 5},
        "_config_version": 23,
        "group_sessions_per_user": True,
        "session_reset": {"mode": "both", "idle_minutes": 1440, "at_hour": 4},
        "lsp": {"install_strategy": "auto"},
        "platform_toolsets": {name.removeprefix("hermes-"): [name] for name in own},
    }


SHAPES = (
    two_lines,
    light,
    named_endpoint,
    routine,
    moderate,
    wishful,
    pinned_everywhere,
    own_endpoint,
    hardened,
    only_schedules,
    foreign,
    with_servers,
    with_a_plugin,
    a_bot,
    whole_dump,
)


def every_shape() -> Iterator[tuple[str, str, Config]]:
    """Yield each shape three times: a name, the provider that it names, and the configuration."""
    for number, shape in enumerate(SHAPES * 3):
        provider = PROVIDERS[number % len(PROVIDERS)]
        yield f"{shape.__name__}-{number}", provider, shape(provider, number)
