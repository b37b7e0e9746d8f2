"""The security floor: which values of which keys need a yes."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from hermes_dist.decide.consent.floor import TABLE, Row, Rule, leaves, loosens, row_for
from hermes_dist.model.documents import ABSENT, Kind, load_data
from hermes_dist.model.keypath import Item, KeyPath, format_key
from hermes_dist.model.plan import EffectKind

EXAMPLES = Path(__file__).parents[3] / "examples"


def asked(ours: str, new: str) -> list[str]:
    """The keys of ``new`` that need a yes in place of ``ours``, both YAML."""
    old, data = (dict(leaves(load_data(text.encode(), Kind.YAML) or {})) for text in (ours, new))
    found = []
    for key in old.keys() | data.keys():
        row = row_for(key, data.get(key, ABSENT))
        if row is not None and loosens(row, old.get(key, ABSENT), data.get(key, ABSENT)):
            found.append(format_key(key))
    return sorted(found)


LOOSER = [
    # (the machine's, the new, the keys)
    ("", "approvals: {mode: off}", ["approvals.mode"]),
    ("", "approvals: {mode: 'off'}", ["approvals.mode"]),
    ("", "approvals: {mode: yolo}", ["approvals.mode"]),
    ("", "approvals: {mode: ~}", ["approvals.mode"]),
    ("", "approvals: off", ["approvals"]),
    ("approvals: {mode: manual}", "approvals: 'no'", ["approvals"]),
    ("", "approvals: {cron_mode: allow}", ["approvals.cron_mode"]),
    ("", "approvals: {something_new: 1}", ["approvals.something_new"]),
    ("approvals: {deny: [rm, dd]}", "approvals: {deny: [rm]}", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "approvals: {deny: []}", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "approvals: {}", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "x: 1", ["approvals.deny"]),
    ("approvals: {deny: [rm]}", "approvals: {deny: rm}", ["approvals.deny"]),
    ("", "security: {redact_secrets: false}", ["security.redact_secrets"]),
    ("", "security: {redact_secrets: 'true'}", ["security.redact_secrets"]),
    ("", "security: {tirith_enabled: false, tirith_path: /x/sh}", ["security.tirith_enabled", "security.tirith_path"]),
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
    ("", "quick_commands: {x: {type: exec, command: id}}", ["quick_commands.x.command", "quick_commands.x.type"]),
    ("", "gateway: {quick_commands: {x: {type: exec, command: id}}}",
     ["gateway.quick_commands.x.command", "gateway.quick_commands.x.type"]),
    ("", "lsp: {servers: {pyright: {command: [sh, -c, id], env: {A: b}}}}",
     ["lsp.servers.pyright.command", "lsp.servers.pyright.env.A"]),
    ("", "tts: {providers: {mine: {command: 'sh {text}'}}}", ["tts.providers.mine.command"]),
    ("", "plugins: {entries: {a: {llm: {allow_tool_override: true}}}}", ["plugins.entries.a.llm.allow_tool_override"]),
    ("", "providers: {a: {api: https://x}}", ["providers.a.api"]),
    ("", "platforms: {telegram: {extra: {allowed_users: [1]}}}", ["platforms.telegram.extra.allowed_users"]),
    ("", "telegram: {allow_from: [1], dm_policy: open}", ["telegram.allow_from", "telegram.dm_policy"]),
    ("", "gateway: {platforms: {qq: {extra: {group_policy: open}}}}", ["gateway.platforms.qq.extra.group_policy"]),
    ("", "discord: {allow_bots: all}", ["discord.allow_bots"]),
    ("", "platforms: {webhook: {enabled: true, extra: {secret: x}}}",
     ["platforms.webhook.enabled", "platforms.webhook.extra.secret"]),
    ("", "dashboard: {basic_auth: {username: a, password: b}}",
     ["dashboard.basic_auth.password", "dashboard.basic_auth.username"]),
    ("browser: {restrict_evaluate: true}", "browser: {restrict_evaluate: false}", ["browser.restrict_evaluate"]),
    ("", "plugins: {enabled: [evil]}", ["plugins.enabled"]),
    ("plugins: {disabled: [evil]}", "plugins: {disabled: []}", ["plugins.disabled"]),
    ("", "skills: {inline_shell: true, external_dirs: [/x]}", ["skills.external_dirs", "skills.inline_shell"]),
    ("skills: {guard_agent_created: true}", "skills: {guard_agent_created: false}", ["skills.guard_agent_created"]),
    ("", "delegation: {subagent_auto_approve: true}", ["delegation.subagent_auto_approve"]),
    ("terminal: {backend: docker}", "terminal: {backend: local}", ["terminal.backend"]),
    ("terminal: {backend: docker}", "", ["terminal.backend"]),
    ("", "terminal: {backend: ssh, ssh_host: evil}", ["terminal.backend", "terminal.ssh_host"]),
    ("", "terminal: {docker_volumes: ['/:/host']}", ["terminal.docker_volumes"]),
    ("", "terminal: {docker_image: evil/x, docker_env: {A: b}}", ["terminal.docker_env.A", "terminal.docker_image"]),
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
    ("custom_providers: [{name: a, base_url: https://x}]", "custom_providers: [{name: a, base_url: https://y}]", ["custom_providers"]),
    ("", "a: [[{b: [{endpoint: x}]}]]", ["a"]),
    ("", "mcp_servers: {a: {command: sh, args: [-c, id], env: {X: y}, timeout: 5}}",
     ["mcp_servers.a.args", "mcp_servers.a.command", "mcp_servers.a.env.X"]),
    ("", "mcp_servers: {a: {url: https://x, headers: {A: b}, ssl_verify: false}}",
     ["mcp_servers.a.headers.A", "mcp_servers.a.ssl_verify", "mcp_servers.a.url"]),
    ("mcp_servers: {a: {command: npx, args: [p@1]}}", "mcp_servers: {a: {command: npx, args: [p@2]}}", ["mcp_servers.a.args"]),
    ("", "telegram: {allowed_chats: '*', allowed_users: [1]}", ["telegram.allowed_chats", "telegram.allowed_users"]),
]  # fmt: skip


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
    ("", "security: {redact_secrets: true, tirith_fail_open: false, allow_lazy_installs: false, tirith_path: tirith}"),
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
    ("", "model: {default: x, provider: y, base_url: ''}\ntoolsets: [a]\nagent: {max_turns: 5}"),
    ("", "custom_providers: [{name: a, model: b}]\nfallback_providers: [x, y]"),
    ("custom_providers: [{name: a, base_url: https://x}]", ""),
    ("", "display: {tool_progress_command: true}"),
    ("", "my_approvals: {mode: off}"),
    ("", "lsp: {enabled: true, servers: {pyright: {disabled: true}}}"),
    ("", "telegram: {dm_policy: pairing, require_mention: true}\ngateway: {api_server: {max_concurrent_runs: 5}}"),
    ("", "dashboard: {theme: dark, basic_auth: {username: '', password: ''}}"),
]


@pytest.mark.parametrize(("ours", "new"), FREE, ids=[f"{ours} → {new}" for ours, new in FREE])
def test_what_is_stricter_or_ordinary_or_the_default_merges_like_any_other(ours: str, new: str) -> None:
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


def test_the_agents_own_defaults_spelled_out_are_no_effect() -> None:
    assert asked("", DEFAULTS) == []


def test_leaving_a_default_that_was_spelled_out_is_no_effect() -> None:
    assert asked(DEFAULTS, "") == []


@pytest.mark.parametrize("name", ["coder", "research-bot"])
def test_the_examples_ask_for_nothing_but_their_servers(name: str) -> None:
    config = (EXAMPLES / name / "config.yaml").read_text()
    assert {key.split(".")[0] for key in asked("", config)} <= {"mcp_servers"}


def test_a_key_of_yaml_that_is_no_string_is_looked_at_as_text() -> None:
    row = row_for(("approvals", True))
    assert row is not None
    assert row.rule is Rule.ASK


def test_an_item_of_a_list_counts_by_its_name() -> None:
    key: KeyPath = ("providers", Item("name", "a"), "base_url")
    row = row_for(key)
    assert row is not None
    assert row.pattern == "**.base_url"


def test_what_is_not_in_the_table_is_not_guarded() -> None:
    assert row_for(("model", "default")) is None
    assert row_for(("toolsets",), ["a", {"b": [1]}]) is None
    assert row_for(()) is None


def test_commands_run_and_settings_loosen() -> None:
    kinds = {key: row.kind for key in ("hooks", "quick_commands", "mcp_servers", "approvals", "terminal")
             if (row := row_for((key, "x", "command"))) is not None}  # fmt: skip
    runs, loose = EffectKind.RUNS, EffectKind.LOOSENS
    assert kinds == {"hooks": runs, "quick_commands": runs, "mcp_servers": runs, "approvals": loose, "terminal": loose}


@pytest.mark.parametrize("row", TABLE, ids=[row.pattern for row in TABLE])
def test_no_row_of_the_table_stands_in_the_shadow_of_another(row: Row) -> None:
    key = tuple("anything" if step in {"*", "**"} else step.replace("*", "x") for step in row.pattern.split("."))
    assert row_for(key) is row
    if row.rule is Rule.SAFE:
        assert row.safe
        assert row.default is not ABSENT
    if row.rule in (Rule.GROWS, Rule.SHRINKS):
        assert row.default == []


def test_leaves_are_scalars_lists_and_empty_maps() -> None:
    assert list(leaves({"a": {"b": 1, "c": [{}]}, "d": {}})) == [(("a", "b"), 1), (("a", "c"), [{}]), (("d",), {})]
    assert list(leaves({})) == [((), {})]


def _matches(pattern: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    """What a pattern means, step by step."""
    if not pattern:
        return not steps
    if pattern[0] == "**":
        return any(_matches(pattern[1:], steps[n:]) for n in range(len(steps) + 1))
    return bool(steps) and fnmatchcase(steps[0], pattern[0]) and _matches(pattern[1:], steps[1:])


def test_the_first_line_of_the_table_whose_pattern_matches_counts() -> None:
    rng = random.Random(1)
    patterns = [(row, tuple(row.pattern.split("."))) for row in TABLE]
    words = sorted({step for _, pattern in patterns for step in pattern if step != "**"})
    words += ["a", "x_url", "allow_all_users", "", "two\nlines", "[x]", "b.c", "a\0enabled", "ena\0bled"]
    for _ in range(4000):
        _, pattern = rng.choice(patterns)
        near = [w for step in pattern for w in (rng.choices(words, k=rng.randint(0, 2)) if step == "**" else [step])]
        key = tuple(w.replace("*", rng.choice(["", "q"])) for w in near) or ("a",)
        assert row_for(key) == next((row for row, pattern in patterns if _matches(pattern, key)), None), key
