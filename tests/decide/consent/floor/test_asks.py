"""The security floor: which values of which keys need a yes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hermes_dist.agents.dialects import Dialect
from hermes_dist.decide.consent.floor import asks as floor
from hermes_dist.decide.consent.floor.asks import UNKNOWN, asks, leaves, row_for
from hermes_dist.decide.consent.floor.rows import FloorRow, Rule, every_row, rows_below
from hermes_dist.model.dialects import as_read
from hermes_dist.model.documents.api import ABSENT, Kind, load_data, same
from hermes_dist.model.keypath import Item, KeyPath, format_key, parse_key
from hermes_dist.model.plan import EffectKind

KNOWN = frozenset(["openrouter"])
ROWS = every_row()
"""The providers of the machine."""
EXAMPLES = Path(__file__).parents[4] / "examples"


def asked(ours: str, new: str) -> list[str]:
    """The keys of ``new`` that need a yes in place of ``ours``, both YAML."""
    old, data = (dict(leaves(load_data(text.encode(), Kind.YAML) or {})) for text in (ours, new))
    keys = old.keys() | data.keys()
    return sorted(
        format_key(k)
        for k in keys
        if asks(k, old.get(k, ABSENT), data.get(k, ABSENT), lambda: KNOWN)
    )


LOOSER = [
    # (the machine's, the new, the keys)
    ("", "approvals: {mode: off}", ["approvals.mode"]),
    ("", "approvals: {mode: 'off'}", ["approvals.mode"]),
    ("", "approvals: {mode: yolo}", ["approvals.mode"]),
    ("", "approvals: {mode: ~}", ["approvals.mode"]),
    ("", "approvals: off", ["approvals"]),
    ("approvals: {mode: manual}", "approvals: 'no'", ["approvals", "approvals.mode"]),
    ("", "approvals: {cron_mode: allow}", ["approvals.cron_mode"]),
    ("", "approvals: {something_new: 1}", ["approvals.something_new"]),
    ("approvals: {deny: [rm, dd]}", "approvals: {deny: [rm]}", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "approvals: {deny: []}", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "approvals: {}", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "x: 1", ["approvals.deny", "x"]),
    ("approvals: {deny: [rm]}", "approvals: {deny: rm}", ["approvals.deny"]),
    ("", "security: {redact_secrets: false}", ["security.redact_secrets"]),
    ("", "security: {redact_secrets: 'true'}", ["security.redact_secrets"]),
    (
        "",
        "security: {tirith_enabled: false, tirith_path: /x/sh}",
        ["security.tirith_enabled", "security.tirith_path"],
    ),
    ("security: {tirith_fail_open: false}", "security: {}", ["security.tirith_fail_open"]),
    ("security: {website_blocklist: {enabled: true}}", "", ["security.website_blocklist.enabled"]),
    ("", "browser: {allow_private_urls: true}", ["browser.allow_private_urls"]),
    ("", "a: {b: {allow_private_urls: true}}", ["a.b.allow_private_urls"]),
    ("", "browser: {allow_unsafe_evaluate: true}", ["browser.allow_unsafe_evaluate"]),
    ("", "command_allowlist: [rm]", ["command_allowlist"]),
    ("command_allowlist: [ls]", "command_allowlist: [ls, rm]", ["command_allowlist"]),
    ("", "command_allowlist: {rm: true}", ["command_allowlist.rm"]),
    ("", "hooks_auto_accept: true", ["hooks_auto_accept"]),
    ("", "hooks: {pre_tool: [{command: x}]}", ["hooks.pre_tool"]),
    (
        "",
        "quick_commands: {x: {type: exec, command: id}}",
        ["quick_commands.x.command", "quick_commands.x.type"],
    ),
    (
        "",
        "gateway: {quick_commands: {x: {type: exec, command: id}}}",
        ["gateway.quick_commands.x.command", "gateway.quick_commands.x.type"],
    ),
    (
        "",
        "lsp: {servers: {pyright: {command: [sh, -c, id], env: {A: b}}}}",
        ["lsp.servers.pyright.command", "lsp.servers.pyright.env.A"],
    ),
    ("", "tts: {providers: {mine: {command: 'sh {text}'}}}", ["tts.providers.mine.command"]),
    (
        "",
        "plugins: {entries: {a: {llm: {allow_tool_override: true}}}}",
        ["plugins.entries.a.llm.allow_tool_override"],
    ),
    ("", "providers: {a: {api: https://x}}", ["providers.a.api"]),
    (
        "",
        "platforms: {telegram: {extra: {allowed_users: [1]}}}",
        ["platforms.telegram.extra.allowed_users"],
    ),
    (
        "",
        "telegram: {allow_from: [1], dm_policy: open}",
        ["telegram.allow_from", "telegram.dm_policy"],
    ),
    (
        "",
        "gateway: {platforms: {qq: {extra: {group_policy: open}}}}",
        ["gateway.platforms.qq.extra.group_policy"],
    ),
    ("", "discord: {allow_bots: all}", ["discord.allow_bots"]),
    (
        "",
        "platforms: {webhook: {enabled: true, extra: {secret: x}}}",
        ["platforms.webhook.enabled", "platforms.webhook.extra.secret"],
    ),
    (
        "",
        "dashboard: {basic_auth: {username: a, password: b}}",
        ["dashboard.basic_auth.password", "dashboard.basic_auth.username"],
    ),
    (
        "browser: {restrict_evaluate: true}",
        "browser: {restrict_evaluate: false}",
        ["browser.restrict_evaluate"],
    ),
    ("", "plugins: {enabled: [evil]}", ["plugins.enabled"]),
    ("plugins: {disabled: [evil]}", "plugins: {disabled: []}", ["plugins.disabled"]),
    (
        "",
        "skills: {inline_shell: true, external_dirs: [/x]}",
        ["skills.external_dirs", "skills.inline_shell"],
    ),
    (
        "skills: {guard_agent_created: true}",
        "skills: {guard_agent_created: false}",
        ["skills.guard_agent_created"],
    ),
    ("", "delegation: {subagent_auto_approve: true}", ["delegation.subagent_auto_approve"]),
    ("terminal: {backend: docker}", "terminal: {backend: local}", ["terminal.backend"]),
    ("terminal: {backend: docker}", "", ["terminal.backend"]),
    ("", "terminal: {backend: ssh, ssh_host: evil}", ["terminal.backend", "terminal.ssh_host"]),
    ("", "terminal: {docker_volumes: ['/:/host']}", ["terminal.docker_volumes"]),
    (
        "",
        "terminal: {docker_image: evil/x, docker_env: {A: b}}",
        ["terminal.docker_env.A", "terminal.docker_image"],
    ),
    ("", "terminal: {env_passthrough: [AWS_SECRET]}", ["terminal.env_passthrough"]),
    ("", "terminal: {cwd: /}", ["terminal.cwd"]),
    ("", "model: {base_url: https://evil.example}", ["model.base_url"]),
    ("model: {base_url: https://mine.example}", "model: {base_url: ''}", ["model.base_url"]),
    ("", "auxiliary: {vision: {base_url: https://x}}", ["auxiliary.vision.base_url"]),
    ("", "browser: {cdp_url: ws://x}", ["browser.cdp_url"]),
    ("", "stt: {whisper_bin: /x, whisper_command: y}", ["stt.whisper_bin", "stt.whisper_command"]),
    ("", "network: {proxy: http://x}", ["network.proxy"]),
    ("", "base_url: x", ["base_url"]),
    ("", "custom_providers: [{name: a, base_url: https://x}]", ["custom_providers"]),
    (
        "custom_providers: [{name: a, base_url: https://x}]",
        "custom_providers: [{name: a, base_url: https://y}]",
        ["custom_providers"],
    ),
    ("", "a: [[{b: [{endpoint: x}]}]]", ["a"]),
    (
        "",
        "mcp_servers: {a: {command: sh, args: [-c, id], env: {X: y}, timeout: 5}}",
        ["mcp_servers.a.args", "mcp_servers.a.command", "mcp_servers.a.env.X"],
    ),
    (
        "",
        "mcp_servers: {a: {url: https://x, headers: {A: b}, ssl_verify: false}}",
        ["mcp_servers.a.headers.A", "mcp_servers.a.ssl_verify", "mcp_servers.a.url"],
    ),
    (
        "mcp_servers: {a: {command: npx, args: [p@1]}}",
        "mcp_servers: {a: {command: npx, args: [p@2]}}",
        ["mcp_servers.a.args"],
    ),
    ("", "sessions: {retention_days: 1}", ["sessions.retention_days"]),
    ("sessions: {retention_days: 200}", "", ["sessions.retention_days"]),
    (
        "",
        "sessions: {retention_days: true}\ncheckpoints: {max_snapshots: '30'}",
        ["checkpoints.max_snapshots", "sessions.retention_days"],
    ),
    ("", "gateway: {trust_recent_files_seconds: 9999}", ["gateway.trust_recent_files_seconds"]),
    ("", "toolsets: [web, spotify]", ["toolsets"]),
    ("toolsets: [web]", "toolsets: [web, terminal]", ["toolsets"]),
    ("toolsets: [web]", "", ["toolsets"]),
    ("", "platform_toolsets: {webhook: [hermes-cli]}", ["platform_toolsets.webhook"]),
    ("approvals: {mode: manual}", "approvals: {mode: smart}", ["approvals.mode"]),
    ("approvals: {mode: manual}", "", ["approvals.mode"]),
    ("", "terminal: {backend: modal}", ["terminal.backend"]),
    ("", "mcp_servers: {a: {enabled: true, timeout: 5, cwd: /x}}", ["mcp_servers.a.cwd"]),
    (
        "mcp_servers: {a: {enabled: false}}",
        "mcp_servers: {a: {enabled: true}}",
        ["mcp_servers.a.enabled"],
    ),
    ("", "fallback_providers: [{provider: elsewhere, model: a}]", ["fallback_providers"]),
    (
        "",
        "telegram: {allowed_chats: '*', allowed_users: [1]}",
        ["telegram.allowed_chats", "telegram.allowed_users"],
    ),
    # Who may do something: longer, other, empty or gone may let in more than before.
    *(
        (f"telegram: {{allow_admin_from: {old}}}", new, ["telegram.allow_admin_from"])
        for old, new in [
            ("['111']", "telegram: {allow_admin_from: ['111', '222']}"),
            ("['111']", "telegram: {allow_admin_from: ['222']}"),
            ("['111']", "telegram: {allow_admin_from: [111]}"),
            ("['111', '222']", "telegram: {allow_admin_from: []}"),
            ("['111', '222']", ""),
            ("['111', '']", "telegram: {allow_admin_from: ['']}"),
            ("['111', nobody]", "telegram: {allow_admin_from: [nobody]}"),
            ("['111', '*']", "telegram: {allow_admin_from: '*'}"),
        ]
    ),
    ("", "platforms: {slack: {allow_from: [U0AAAAAAA]}}", ["platforms.slack.allow_from"]),
    (
        "discord: {allowed_channels: '111,222'}",
        "discord: {allowed_channels: ''}",
        ["discord.allowed_channels"],
    ),
    *(
        (
            "platforms: {whatsapp: {extra: {free_response_chats: ['111', '222']}}}",
            after,
            ["platforms.whatsapp.extra.free_response_chats"],
        )
        for after in (
            "platforms: {whatsapp: {extra: {free_response_chats: []}}}",
            "platforms: {whatsapp: {extra: {free_response_chats: ''}}}",
            "platforms: {whatsapp: {extra: {}}}",
        )
    ),
    (
        "discord: {free_response_channels: '111'}",
        "discord: {free_response_channels: '111,222'}",
        ["discord.free_response_channels"],
    ),
    (
        "platforms: {telegram: {user_allowed_commands: [new]}}",
        "platforms: {telegram: {user_allowed_commands: [new, update]}}",
        ["platforms.telegram.user_allowed_commands"],
    ),
    (
        "plugins: {entries: {a: {allow_tool_override: false}}}",
        "plugins: {entries: {a: {allow_tool_override: true, granted_capabilities: [x]}}}",
        ["plugins.entries.a.allow_tool_override", "plugins.entries.a.granted_capabilities"],
    ),
    *(
        (
            f"mcp_servers: {{a: {{command: x, args: {old}}}}}",
            f"mcp_servers: {{a: {{command: x, args: {new}}}}}",
            ["mcp_servers.a.args"],
        )
        for old, new in [
            ("[serve, --read-only]", "[serve]"),
            ("[serve]", "[serve, --read-only, --allow-write]"),
            ("[serve]", "[--read-only, serve]"),
            ("[serve, --root, /x]", "[serve, --root, --read-only, /x]"),
            ("[serve]", "[other, --read-only]"),
            ("[serve, --root]", "[serve, --root, --read-only]"),
            ("[]", "[--read-only]"),
            ("[--deny, a, b]", "[--deny, a, --read-only, b]"),
            ("[serve]", "[serve, {x: 1}]"),
            ("[serve]", "[serve, [--read-only]]"),
        ]
    ),
    *(
        (
            f"mcp_servers: {{a: {{command: x, tools: {{include: {old}}}}}}}",
            f"mcp_servers: {{a: {{command: x, tools: {{include: {new}}}}}}}",
            ["mcp_servers.a.tools.include"],
        )
        for old, new in [
            ("[read]", "[]"),  # 0.19 then takes all tools
            ("[read]", "''"),
            ("'read,write'", "[read]"),  # the text is one name, so nothing was let through
        ]
    ),
    *(
        (f"{section}: {{{key}: 9}}", f"{section}: {{{key}: .nan}}", [f"{section}.{key}"])
        for section, key in [
            ("gateway", "trust_recent_files_seconds"),
            ("checkpoints", "max_snapshots"),
        ]
    ),
    (
        "mcp_servers: {a: {command: x, tools: {exclude: rm}}}",
        "mcp_servers: {a: {command: x, tools: {exclude: [ls]}}}",
        ["mcp_servers.a.tools.exclude"],
    ),
    (
        "{agent: {disabled_toolsets: 'web,terminal'}, approvals: {deny: 'rm *'}}",
        "{agent: {disabled_toolsets: [web]}, approvals: {deny: []}}",
        ["agent.disabled_toolsets", "approvals.deny"],
    ),
    (
        "mcp_servers: {a: {command: x, tools: {include: [read], exclude: [rm]}}}",
        "mcp_servers: {a: {command: x, tools: {include: [read, write], exclude: []}}}",
        ["mcp_servers.a.tools.exclude", "mcp_servers.a.tools.include"],
    ),
    (
        "mcp_servers: {a: {command: x, sampling: {enabled: false}}}",
        "mcp_servers: {a: {command: x, sampling: {enabled: true}}}",
        ["mcp_servers.a.sampling.enabled"],
    ),
]


@pytest.mark.parametrize(("ours", "new", "keys"), LOOSER, ids=[case[1] for case in LOOSER])
def test_what_is_looser_than_the_machine_needs_a_yes(ours: str, new: str, keys: list[str]) -> None:
    assert asked(ours, new) == keys


FREE = [
    ("", "approvals: {mode: smart}"),
    ("", "approvals: {mode: manual, cron_mode: deny, deny: [rm], timeout: 5}"),
    ("approvals: {mode: off}", "approvals: {mode: off}"),
    ("approvals: {mode: off}", "approvals: {mode: manual}"),
    ("approvals: {mode: off}", ""),
    ("approvals: {deny: [a]}", "approvals: {deny: [b, a]}"),
    (
        "",
        "security: {redact_secrets: true, tirith_fail_open: false, allow_lazy_installs: false, tirith_path: tirith}",
    ),
    ("", "security: {website_blocklist: {enabled: true, domains: [x], shared_files: []}}"),
    ("command_allowlist: [ls, rm]", "command_allowlist: [ls]"),
    ("plugins: {enabled: [a, b]}", "plugins: {enabled: [a], disabled: [b]}"),
    ("hooks: {x: [{command: y}]}", ""),
    ("quick_commands: {x: {command: y}}", "quick_commands: {}"),
    ("mcp_servers: {a: {command: x}}", "mcp_servers: {}"),
    ("", "mcp_servers: {}"),
    ("", "mcp_servers: {a: {enabled: false, timeout: 5}}"),
    ("", "terminal: {backend: docker, timeout: 60, cwd: '.', docker_volumes: [], docker_env: {}}"),
    ("", "skills: {inline_shell: false, guard_agent_created: true}"),
    (
        "",
        "model: {default: x, provider: openrouter, base_url: ''}\ntoolsets: [web]\nagent: {max_turns: 5}",
    ),
    (
        "",
        "custom_providers: [{name: a, model: b}]\nfallback_providers: [{provider: OpenRouter, model: c}]",
    ),
    ("custom_providers: [{name: a, base_url: https://x}]", ""),
    ("", "display: {tool_progress_command: true}"),
    ("", "lsp: {enabled: true, servers: {pyright: {disabled: true}}}"),
    (
        "",
        "telegram: {require_mention: true}\nplatforms: {whatsapp: {extra: {dm_policy: pairing}}}\ngateway: {api_server: {max_concurrent_runs: 5}}",
    ),
    (
        "",
        "checkpoints: {enabled: true, max_snapshots: 30}\nsessions: {retention_days: 400}\ngateway: {trust_recent_files_seconds: 5}",
    ),
    ("sessions: {retention_days: 20}", "sessions: {retention_days: 30}"),
    ("sessions: {retention_days: 20}", ""),
    ("toolsets: [hermes-cli]", "toolsets: [web, file]"),
    (
        "toolsets: [hermes-cli, spotify]",
        "platform_toolsets: {cli: [web], telegram: [hermes-telegram]}",
    ),
    ("", "dashboard: {theme: dark, basic_auth: {username: '', password: ''}}"),
    *(
        (
            f"{{{where}: {{allow_admin_from: ['111', '222']}}}}",
            f"{{{where}: {{allow_admin_from: ['222']}}}}",
        )
        for where in ("telegram", '"discord"')
    ),
    (
        "platforms: {slack: {extra: {allow_from: [U0AAAAAAA, U0BBBBBBB], group_allowed_chats: ['-100200', '-100300']}}}",
        "platforms: {slack: {extra: {allow_from: [U0BBBBBBB], group_allowed_chats: '-100300'}}}",
    ),
    ("discord: {allowed_channels: '111, 222'}", "discord: {allowed_channels: '222'}"),
    ("discord: {free_response_channels: '111,222'}", "discord: {free_response_channels: ''}"),
    (
        "platforms: {whatsapp: {extra: {free_response_chats: ['111', '222']}}}",
        "platforms: {whatsapp: {extra: {free_response_chats: ['222']}}}",
    ),
    ("telegram: {user_allowed_commands: [new, stop]}", "telegram: {user_allowed_commands: [new]}"),
    (
        "platforms: {discord: {require_admin_for_exec_approval: false}}",
        "platforms: {discord: {require_admin_for_exec_approval: true}}",
    ),
    (
        "plugins: {entries: {a: {allow_tool_override: true, llm: {allow_model_override: true}, granted_capabilities: [x, y]}}}",
        "plugins: {entries: {a: {allow_tool_override: false, llm: {allow_model_override: false}, granted_capabilities: [x]}}}",
    ),
    ("plugins: {entries: {a: {allow_tool_override: true}}}", "plugins: {entries: {a: {}}}"),
    *(
        (
            f"mcp_servers: {{a: {{command: x, args: {old}}}}}",
            f"mcp_servers: {{a: {{command: x, args: {new}}}}}",
        )
        for old, new in [
            ("[serve]", "[serve, --read-only]"),
            ("[-y, serve, /data]", "[-y, serve, /data, --read-only]"),
            ("[-y, serve, --root, /x]", "[-y, serve, --read-only, --root, /x]"),
            ("[serve, /data]", "[serve, --read-only, /data]"),
        ]
    ),
    (
        "mcp_servers: {a: {command: x, tools: {include: [read, write], exclude: []}, sampling: {enabled: true}}}",
        "mcp_servers: {a: {command: x, tools: {include: [read], exclude: [rm]}, sampling: {enabled: false}}}",
    ),
]


@pytest.mark.parametrize(("ours", "new"), FREE, ids=[f"{ours} → {new}" for ours, new in FREE])
def test_what_is_stricter_or_ordinary_or_the_default_merges_like_any_other(
    ours: str, new: str
) -> None:
    assert asked(ours, new) == []


DEFAULTS = """\
approvals: {mode: smart, timeout: 60, cron_mode: deny, deny: [], mcp_reload_confirm: true, destructive_slash_confirm: true}
security:
  allow_private_urls: false
  redact_secrets: true
  tirith_enabled: true
  tirith_path: tirith
  tirith_timeout: 5
  tirith_fail_open: true
  website_blocklist: {enabled: false, domains: [], shared_files: []}
  acked_advisories: []
  allow_lazy_installs: true
command_allowlist: []
hooks: {}
hooks_auto_accept: false
quick_commands: {}
skills: {external_dirs: [], template_vars: true, inline_shell: false, guard_agent_created: false, write_approval: false}
memory: {write_approval: false}
privacy: {redact_pii: false}
delegation: {subagent_auto_approve: false, base_url: '', api_key: ''}
terminal:
  backend: local
  modal_mode: auto
  cwd: .
  timeout: 180
  daemon_term_grace_seconds: 2.0
  env_passthrough: []
  home_mode: auto
  shell_init_files: []
  auto_source_bashrc: true
  docker_image: nikolaik/python-nodejs:python3.11-nodejs20
  docker_forward_env: []
  docker_env: {}
  singularity_image: docker://nikolaik/python-nodejs:python3.11-nodejs20
  modal_image: nikolaik/python-nodejs:python3.11-nodejs20
  daytona_image: nikolaik/python-nodejs:python3.11-nodejs20
  container_cpu: 1
  container_memory: 5120
  container_disk: 51200
  container_persistent: true
  docker_volumes: []
  docker_mount_cwd_to_workspace: false
  docker_network: true
  docker_extra_args: []
  docker_run_as_host_user: false
  persistent_shell: true
browser: {allow_private_urls: false, allow_unsafe_evaluate: false, cdp_url: ''}
cron: {chronos: {portal_url: 'https://portal.nousresearch.com', callback_url: ''}}
model_catalog: {url: 'https://hermes-agent.nousresearch.com/docs/api/model-catalog.json'}
gateway: {media_delivery_allow_dirs: []}
discord: {allowed_channels: ''}
"""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "display: {skin: ares}", []),
        ("display: {skin: ares}", "", []),
        ("", "display: {skin: ../docs/mine}", ["display.skin"]),
        ("", "display: {skin: /tmp/mine}", ["display.skin"]),
        ("terminal: {home_mode: profile}", "terminal: {home_mode: auto}", ["terminal.home_mode"]),
        ("", "terminal: {home_mode: real}", ["terminal.home_mode"]),
        ("", "terminal: {home_mode: profile}", []),
    ],
)
def test_a_name_that_leads_elsewhere_and_the_user_s_own_home_ask(
    before: str, after: str, found: list[str]
) -> None:
    assert asked(before, after) == found


def test_the_agents_own_defaults_spelled_out_are_no_effect() -> None:
    assert asked("", DEFAULTS) == []


def test_leaving_a_default_asks_only_where_a_variable_may_decide_less_strictly() -> None:
    assert asked(DEFAULTS, "") == [
        "security.redact_secrets",
        "terminal.container_persistent",
        "terminal.docker_forward_env",
        "terminal.docker_mount_cwd_to_workspace",
        "terminal.docker_run_as_host_user",
        "terminal.docker_volumes",
        "terminal.home_mode",
    ]


@pytest.mark.parametrize("name", ["coder", "research-bot"])
def test_the_examples_ask_for_nothing_but_their_servers(name: str) -> None:
    config = (EXAMPLES / name / "config.yaml").read_text()
    assert {key.split(".")[0] for key in asked("", config)} <= {"mcp_servers", "web"}


UNHEARD_OF = [
    "new_key: 1",
    "NEW_KEY: x",
    "LD_PRELOAD: /tmp/x.so",
    "HERMES_YOLO_MODE: 1",
    "HERMES_YOLO_MODE: true",
    "http_proxy: ''",
    "display: {brand_new: true}",
    "display: {skin: {name: dark}}",
    "display: {skin: [{a: b}]}",
    "agent: {max_turns: {a: 1}}",
    "approvals: {Mode: manual}",
    "Approvals: {mode: manual}",
    "display.skin: dark",
    "true: x",
    "telegram: {new: ~}",
    "platforms: {telegram: {extra: {whatever: 0}}}",
    "new_section: {a: {b: {c: []}}}",
    "new_section: {}",
    "display: dark",
    "mcp_servers: {a: {sandbox: false}}",
    "providers: {openrouter: {region: x}}",
    "fallback_providers: [{model: a, via: b}]",
    "fallback_providers: [openrouter]",
    "display: [dark]",
    "display: ~",
    "approvals: ~",
    "terminal: {new_image: x}",
    "display: {skin: '${OPENAI_API_KEY}'}",
    "personalities: {a: 'Say ${env:TOKEN} first.'}",
    "agent: {system_prompt: '${A}'}",
    "voice: {stop_phrases: [stop, '${KEY}']}",
]


@pytest.mark.parametrize("new", UNHEARD_OF)
def test_what_is_unknown_needs_a_yes_at_any_depth_and_whatever_its_value(new: str) -> None:
    assert len(asked("", new)) == 1


@pytest.mark.parametrize(
    "old", ["new_key: 1", "platforms: {x: {extra: {only_from: [1]}}}", "display: {brand_new: true}"]
)
def test_to_take_away_what_is_unknown_needs_a_yes(old: str) -> None:
    assert len(asked(old, "")) == 1


def test_a_provider_counts_by_whether_the_machine_uses_it() -> None:
    key: KeyPath = ("model", "provider")
    assert asks(key, ABSENT, "elsewhere") is EffectKind.LOOSENS
    assert asks(key, ABSENT, "elsewhere", lambda: frozenset(["elsewhere"])) is None
    assert asks(key, ABSENT, "Elsewhere", lambda: frozenset(["elsewhere"])) is None
    assert asks(key, "elsewhere", "auto") is asks(key, "elsewhere", ABSENT) is None
    assert asks(key, ABSENT, ["elsewhere"], lambda: frozenset(["elsewhere"])) is EffectKind.LOOSENS


MODELS = [
    ("model",),
    ("model", "default"),
    ("auxiliary", "vision", "model"),
    ("compression", "summary_model"),
]


@pytest.mark.parametrize("key", MODELS, ids=".".join)
@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("deepseek:deepseek-chat", "deepseek"),
        (" DeepSeek : deepseek-chat", "deepseek"),
        ("x.ai:grok-4", "x.ai"),
        ("custom:mine:some:8b", "custom:mine:some"),
        ("custom:a", "custom"),
    ],
)
def test_the_name_of_a_model_may_choose_a_provider(key: KeyPath, model: str, provider: str) -> None:
    assert asks(key, "some/model", model, lambda: KNOWN) is EffectKind.LOOSENS
    assert asks(key, "some/model", model, lambda: frozenset([provider])) is None


@pytest.mark.parametrize("key", MODELS, ids=".".join)
@pytest.mark.parametrize(
    "model", ["deepseek/deepseek-chat:free", "llama3.2:8b", "deepseek", "deepseek:", ":x", "", None]
)
def test_any_other_name_of_a_model_is_harmless(key: KeyPath, model: str | None) -> None:
    assert asks(key, "some/model", model, lambda: KNOWN) is None


def test_a_provider_is_described_only_where_it_is_used() -> None:
    key: KeyPath = ("providers", "elsewhere", "name")
    assert asks(key, ABSENT, "x", lambda: KNOWN) is EffectKind.LOOSENS
    assert asks(key, ABSENT, "x", lambda: frozenset(["elsewhere"])) is None
    assert asks(key, "x", ABSENT, lambda: KNOWN) is None


@pytest.mark.parametrize("word", ["", "auto", "main", "Auto", "MAIN", None])
def test_a_word_that_names_no_particular_provider_needs_no_yes(word: str | None) -> None:
    assert asks(("auxiliary", "vision", "provider"), "elsewhere", word) is None


def test_a_key_with_dots_in_it_is_one_step_of_a_row() -> None:
    key = ("monitoring", "gateway_health_export", "resource_attributes", "service.name")
    assert asks(key, ABSENT, "hermes-gateway") is None
    assert asks(key, ABSENT, "other") is EffectKind.LOOSENS
    assert asks((*key[:3], "service", "name"), ABSENT, "hermes-gateway") is EffectKind.LOOSENS


def test_a_list_that_may_only_shrink_is_replaced_by_nothing_but_a_list() -> None:
    for new in ("web", {"web": True}, None, 7):
        assert asks(("toolsets",), ["web"], new) is EffectKind.LOOSENS


def test_nothing_is_read_of_the_machine_where_neither_a_provider_nor_a_variable_counts() -> None:
    def never() -> frozenset[str]:
        raise AssertionError

    for key, value in leaves(load_data(DEFAULTS.encode(), Kind.YAML)):
        if not row_for(key).variable:
            assert asks(key, ABSENT, value, never) is None


def test_a_new_item_of_a_list_is_judged_by_its_own_keys_and_those_there_are_not() -> None:
    old = "fallback_providers: [{provider: mine, model: a, base_url: http://localhost}]"
    new = "fallback_providers: [{provider: mine, model: a, base_url: http://localhost}, {provider: openrouter, model: b}]"
    assert asked(old, new) == []
    assert asked(old, new.replace("openrouter", "elsewhere")) == ["fallback_providers"]
    assert asked(
        old, "fallback_providers: [{provider: mine, model: a, base_url: http://elsewhere}]"
    ) == ["fallback_providers"]


def test_a_default_that_differs_by_release_counts_as_the_stricter_one() -> None:
    key: KeyPath = ("discord", "bots_require_inline_mention")
    assert asks(key, ABSENT, True) is None
    assert asks(key, ABSENT, False) is EffectKind.LOOSENS
    assert asks(key, True, ABSENT) is EffectKind.LOOSENS
    assert asks(key, False, ABSENT) is None


def test_a_number_whose_default_differs_by_release_has_to_pass_the_harder_one() -> None:
    key: KeyPath = ("curator", "archive_after_days")  # 90 days, or 30
    assert asks(key, ABSENT, 60) is EffectKind.LOOSENS
    assert asks(key, ABSENT, 90) is None
    assert asks(key, 60, ABSENT) is EffectKind.LOOSENS
    assert asks(key, 30, ABSENT) is None


def test_the_agents_own_items_spelled_out_are_nothing_new_wherever_they_stand_in_the_list() -> None:
    key: KeyPath = ("moa", "presets", "default", "reference_models")
    experts = list(row_for(key).defaults[0])  # type: ignore[call-overload]
    assert not {expert["provider"] for expert in experts} <= KNOWN
    assert asks(key, ABSENT, [*reversed(experts)], lambda: KNOWN) is None
    assert asks(key, ABSENT, [{"provider": "elsewhere"}], lambda: KNOWN) is EffectKind.LOOSENS
    assert asks(key, [], experts, lambda: KNOWN) is EffectKind.LOOSENS


def test_a_variable_asks_however_deep_it_is_in_a_value() -> None:
    assert asks(("approvals", "deny"), [], [{"a": "b"}]) is None
    assert asks(("approvals", "deny"), [], [{"a": ["${KEY}"]}]) is EffectKind.LOOSENS


def test_a_number_that_is_spelled_otherwise_does_not_fall() -> None:
    assert asks(("gateway", "trust_recent_files_seconds"), 600, 600.0) is EffectKind.LOOSENS
    assert asks(("gateway", "trust_recent_files_seconds"), 600, 599) is None


def test_a_list_of_ours_without_a_value_counts_as_the_default_and_no_provider_as_none() -> None:
    assert asks(("toolsets",), None, ["search"]) is None
    assert asks(("toolsets",), [], ["search"]) is EffectKind.LOOSENS
    assert asks(("model", "provider"), "mine", None) is None


def test_each_reader_of_yaml_is_asked() -> None:
    key: KeyPath = ("approvals", "mode")
    assert asks(key, "off", "n") is EffectKind.LOOSENS  # as text, nobody knows it
    known = frozenset(["n"])
    assert asks(("model", "provider"), ABSENT, "n", lambda: known) is EffectKind.LOOSENS  # False


def test_a_value_of_ours_that_nobody_knows_counts_as_the_strictest() -> None:
    assert asked("approvals: {mode: paranoid}", "approvals: {mode: smart}") == ["approvals.mode"]
    assert asked("approvals: {mode: paranoid}", "approvals: {mode: 'off'}") == ["approvals.mode"]
    assert asked("approvals: {mode: paranoid}", "") == ["approvals.mode"]
    assert asked("approvals: {mode: paranoid}", "approvals: {mode: manual}") == []


def test_an_empty_map_is_no_value_for_a_section_and_one_for_any_other_key() -> None:
    assert asked("", "approvals: {}") == asked("approvals: {}", "") == []
    assert asked("", "something_new: {}") == asked("something_new: {}", "") == ["something_new"]


def test_a_key_of_yaml_that_is_no_string_is_looked_at_as_text() -> None:
    assert row_for(("approvals", True)) is UNKNOWN


def test_an_item_of_a_list_counts_by_its_name() -> None:
    key: KeyPath = ("custom_providers", Item("name", "a"), "model")
    assert row_for(key).pattern == "custom_providers.*.model"


def test_commands_run_and_settings_loosen() -> None:
    sections = ("hooks", "quick_commands", "mcp_servers", "approvals", "terminal")
    kinds = {key: row_for((key, "x", "env")).kind for key in sections}
    runs, loose = EffectKind.RUNS, EffectKind.LOOSENS
    assert kinds == {
        "hooks": runs,
        "quick_commands": runs,
        "mcp_servers": runs,
        "approvals": loose,
        "terminal": loose,
    }
    assert row_for(("somewhere", "new", "bridge_script")).kind is runs


def test_rows_are_made_for_the_sections_that_are_asked_for() -> None:
    assert {row.pattern.partition(".")[0] for row in rows_below("agent")} == {"agent"}
    assert {row.pattern for row in rows_below("*")} > {"*.allow_from", "*.free_response_chats"}
    assert rows_below("nothing-of-the-agent") == ()
    firsts = dict.fromkeys(row.pattern.partition(".")[0] for row in ROWS)
    assert [row for first in firsts for row in rows_below(first)] == list(ROWS)


def test_a_key_is_looked_up_without_the_rows_of_other_sections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def noted(first: str) -> tuple[FloorRow, ...]:
        asked.append(first)
        return rows_below(first)

    monkeypatch.setattr(floor, "rows_below", noted)
    floor._row_at.cache_clear()
    floor._below.cache_clear()
    assert row_for(("agent", "max_turns")).rule is Rule.HARMLESS
    assert asked == ["agent"]


@pytest.mark.parametrize("row", ROWS, ids=[row.pattern for row in ROWS])
def test_no_row_of_the_table_stands_in_the_shadow_of_another(row: FloorRow) -> None:
    steps = parse_key(row.pattern)
    assert row_for(tuple("anything" if step in {"*", "**"} else step for step in steps)) == row
    if row.rule is Rule.ORDER:
        assert row.order
        assert all(any(same(default, value) for value in row.order) for default in row.defaults)
    if row.rule in (Rule.GROWS, Rule.SHRINKS, Rule.ITEMS):
        assert row.defaults
        assert all(isinstance(default, list) for default in row.defaults)


def test_leaves_are_scalars_lists_and_empty_maps() -> None:
    assert list(leaves({"a": {"b": 1, "c": [{}]}, "d": {}})) == [
        (("a", "b"), 1),
        (("a", "c"), [{}]),
        (("d",), {}),
    ]
    assert list(leaves({})) == [((), {})]


def _matches(pattern: KeyPath, steps: KeyPath) -> bool:
    """What a pattern means, step by step."""
    if not pattern or pattern[0] == "**":
        return bool(pattern) or not steps
    return bool(steps) and pattern[0] in ("*", steps[0]) and _matches(pattern[1:], steps[1:])


def _particular(pattern: KeyPath) -> list[int]:
    return [("*", "**").index(step) + 1 if step in ("*", "**") else 0 for step in pattern]


def test_the_most_particular_line_counts() -> None:
    rng = random.Random(1)
    patterns = [(row, parse_key(row.pattern)) for row in ROWS]
    words = sorted(
        {str(step) for _, pattern in patterns for step in pattern if step not in ("*", "**")}
    )
    words += ["a", "x_url", "", "two\nlines", "[x]", "b.c", "*", "model", "provider"]
    for _ in range(2000):
        _, pattern = rng.choice(patterns)
        key = [
            rng.choice(words) if step in ("*", "**") or rng.random() < 0.1 else step
            for step in pattern
        ]
        matching = [(row, found) for row, found in patterns if _matches(found, tuple(key))]
        best = min(matching, key=lambda pair: _particular(pair[1]), default=(None, ()))[0]
        row = row_for(tuple(key))
        assert (row if row in ROWS else None) == best, key


@pytest.mark.parametrize("text", ["y", "n", "N", "1e9", "-1e9", "._5", "+_7"])
def test_a_word_that_readers_of_yaml_take_differently_asks_where_one_of_them_would(
    text: str,
) -> None:
    read = as_read(text, Dialect.RUAMEL)
    for row in ROWS:
        key = tuple("any" if step in ("*", "**") else step for step in parse_key(row.pattern))
        for ours in (ABSENT, *row.defaults, *row.order, text):
            expected = asks(key, as_read(ours, Dialect.RUAMEL), read)
            assert expected is None or asks(key, ours, text) is not None, (row.pattern, ours)


@pytest.mark.parametrize(
    ("key", "ours", "new"),
    [
        ("approvals.mode", "manual", "n"),
        ("approvals.mode", ABSENT, "N"),
        ("checkpoints.enabled", True, "n"),
        ("security.redact_secrets", ABSENT, "n"),
        ("nobody.knows", ABSENT, "y"),
    ],
)
def test_a_bare_word_that_loosens_for_one_generation_asks(
    key: str, ours: object, new: object
) -> None:
    assert asks(parse_key(key), ours, new) is not None
