"""The security floor as a table: how to judge each key of ``config.yaml`` that is not simply harmless.

A key that is in neither table, here or in ``harmless``, needs approval for any change. A row here says which values of
a key weaken a setting, or what the agent does without the key, so that writing out the default needs no approval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.floor.harmless import (
    HARMLESS,
    PROVIDERS,
    first_steps,
    patterns_below,
)
from hermes_dist.light import StrEnum
from hermes_dist.model.plan import EffectKind


class Rule(StrEnum):
    """How a new value is judged against the machine's."""

    ASK = "any change counts"
    ORDER = "counts where it is looser than before, or unknown"
    GROWS = "a list that may only grow"
    SHRINKS = "a list that may only shrink"
    NARROWS = "a list of who or where that may get shorter, but never empty: without names, it may let in everybody"
    FEWER = "a list, or text with commas, that may get shorter or empty, but not go: then another place decides"
    SOME = "a list that may get shorter, but never empty: that may let in all, or another place decides"
    FLAGS = "arguments that may only gain a flag that forbids writing"
    RISES = "a number that may only rise"
    FALLS = "a number that may only fall"
    ITEMS = (
        "a list of maps: each new one is judged by its own keys; an empty list is as a missing one"
    )
    PROVIDER = "counts unless the machine uses a provider of that name"
    MODEL = "the name of a model: counts if it chooses a provider that the machine does not use"
    ABOUT_PROVIDER = "counts unless the machine uses the provider that the key is about"
    NAME = "a name: counts if it can be a path"
    HARMLESS = "never counts"


class FloorRow(Struct, frozen=True):
    """One row of the table.

    Attributes:
        pattern: A dotted key; ``*`` is one step, ``**`` at the end any number.
        rule: How a value is judged.
        defaults: The agent's behaviour without the key, by generation; empty if unknown.
        order: The values from the strictest to the loosest.
        kind: What an approval allows.
        variable: The environment variable that decides where the key is missing, and that the key outranks in some
            release; empty if there is none.
    """

    pattern: str
    rule: Rule
    defaults: tuple[object, ...] = ()
    order: tuple[object, ...] = ()
    kind: EffectKind = EffectKind.LOOSENS
    variable: str = ""


_OLD_IMAGE, _NEW_IMAGE = (
    "nikolaik/python-nodejs:python3.11-nodejs20",
    "nousresearch/hermes-sandbox:desktop",
)
_PORTAL = "https://portal.nousresearch.com"
_CATALOG = "https://hermes-agent.nousresearch.com/docs/api/model-catalog.json"
_TELEMETRY = "https://telemetry.nousresearch.com/v1/telemetry"
_EXPERTS = [
    {"provider": "openai-codex", "model": "gpt-5.5"},
    {"provider": "openrouter", "model": "deepseek/deepseek-v4-pro"},
]
_TOOLS = (
    "hermes-cli",
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
)
"""Toolsets that contain nothing beyond what the agent enables by itself."""
_PLATFORMS = (
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
)
"""Platforms where the agent enables all of them; others, such as a webhook, get only a few."""
_GUARDED = {
    "api_server": "hermes-api-server",
    "google_chat": "hermes-google_chat",
    "homeassistant": "hermes-homeassistant",
    "teams": "hermes-teams",
    "webhook": "hermes-webhook",
    "wecom_callback": "hermes-wecom-callback",
    "whatsapp_cloud": "hermes-whatsapp",
    "yuanbao": "hermes-yuanbao",
}
"""The other platforms, and the toolsets that the agent enables there."""
_MILD = ("clarify", "search", "todo", "tts", "vision")
"""Toolsets that are of no use to a stranger."""

_WHO = ("disabled", "allowlist", "pairing")
"""Who may write to a bot."""

_OFF = """
auth: adopt_external_logins=on
browser: allow_private_urls allow_unsafe_evaluate record_sessions use_real_profile extension_control.enabled
browser: extension_control.developer_mode camofox.adopt_existing_tab camofox.managed_persistence
browser: camofox.rewrite_loopback_urls auto_local_for_private_urls=on real_profile_autoclose
bot_desktop: auto_start
computer_use: allow_unsigned_driver autostart cua_telemetry
cron: allow_agent_scheduling
curator: consolidate enabled=on prune_builtins=either
delegation: inherit_mcp_toolsets=on subagent_auto_approve
desktop: repo_scan_enabled=on manage_launcher_entry=on
discord: allow_any_attachment free_response_auto_thread history_backfill=on missed_message_backfill.enabled
gateway: allow_all_users auto_multiplex_migration=on trust_env=on trust_recent_files=on write_sessions_json=on
hooks_auto_accept
kanban: auto_decompose=on dispatch_in_gateway=on reconcile_orphans=on
local_runtime: enabled
lsp: enabled=on
mcp: auto_reload_on_config_change=on
mcp_servers: *.enabled=on
memory: prefetch_spill_enabled
moa: save_traces
monitoring: export.otlp.enabled gateway_health_export.enabled gateway_health_export.diagnostic_events_enabled=on
monitoring: gateway_health_export.{metrics_enabled,warning_error_events_enabled}=on
nous: guest=on
plugins: auto_apply entries.*.{allow_platform_actions,allow_tool_override}
plugins: entries.*.llm.allow_{agent_id,model,profile,provider,task}_override
proxy: allow_env_fallback auto_install=on enabled
secrets: bitwarden.{auto_install,override_existing}=on bitwarden.enabled onepassword.enabled
secrets: onepassword.override_existing=on
smart_model_routing: enabled
security: allow_data_training_tiers_noninteractive allow_lazy_installs=on allow_private_urls tirith_fail_open=on
sessions: auto_archive auto_prune=either write_json_snapshots
skills: inline_shell project_discovery=on
telemetry: shared_metrics.{enabled,send}
terminal: auto_source_bashrc=on docker_mount_cwd_to_workspace docker_network=on docker_run_as_host_user
terminal: docker_snap_compat
tools: connectors.enabled=on
updates: auto_switch_parked_branch=on refresh_cua_driver=on
vault: {bitwarden,onepassword}.enabled=on
voice: client_direct=on
wake_word: enabled profile_routing=on
web: {keyless_fallback,keyless_rescue}=on
"""
"""Switches that are safe when off; ``=on`` where the agent has them on, ``=either`` where its releases differ."""

_ON = """
approvals: destructive_slash_confirm=on mcp_reload_confirm=on
browser: restrict_evaluate
checkpoints: enabled
compression: checkpoint_required
cron: require_restart_safe_scope
curator: backup.enabled=on
dashboard: turn_isolation
discord: bots_require_inline_mention=either require_mention=on thread_require_mention approval_mentions
gateway: bot_loop_guard.enabled=on group_sessions_per_user=on strict thread_sessions_per_user
group_sessions_per_user=on thread_sessions_per_user
kanban: review_dispatch=on
matrix: require_mention=on
mattermost: require_mention=on
memory: write_approval
privacy: redact_pii
proxy: enforce_on_docker=on
require_mention
security: redact_secrets=on tirith_enabled=on website_blocklist.enabled protected_instruction_files=on
skills: guard_agent_created tier1_advisory=on write_approval
slack: ignore_other_user_mentions require_mention=on thread_require_mention
telegram: require_mention
terminal: container_persistent=on
tool_loop_guardrails: hard_stop_enabled non_interactive_hard_stop_enabled=on
"""
"""Switches that are safe when on, with the same markers."""

_EMPTY = """
agent: prefill_messages_file
approvals: smart_policy
auxiliary: {approval,background_review,compression,curator,goal_judge,kanban_decomposer}.{api_key,base_url,extra_body}
auxiliary: {mcp,memory_query_rewrite,moa_aggregator,moa_reference,monitor}.{api_key,base_url,extra_body}
auxiliary: {profile_describer,skills_hub,title_generation,triage_specifier}.{api_key,base_url,extra_body}
auxiliary: {tts_audio_tags,vision,voice_chat,web_extract}.{api_key,base_url,extra_body}
auxiliary: {approval,skills_hub}.{model,reasoning_effort} review.{api_key,api_mode,base_url} stream_only_base_urls
bedrock: guardrail.{guardrail_identifier,guardrail_version} region
browser: backend camofox.{session_key,user_id} cdp_url real_profile_pin
computer_use: capability_manifest no_overlay
compression: summary_base_url
cron: chronos.{callback_url,expected_audience,nas_jwks_url} provider
custom_providers: *.base_url
dashboard: basic_auth.{password,password_hash,secret,username} oauth.{client_id,portal_url} public_url trusted_proxies
delegation: api_key api_mode base_url fallback_providers request_overrides
desktop: electron_flags macos_signing_identity repo_scan_exclude_paths repo_scan_roots ssh_path
discord: dm_role_auth_guild missed_message_backfill.channels server_actions
discord: voice_fx.ambient_path channel_prompts
display: status_phrases
gateway: profile_routes
honcho
kanban: default_assignee dispatch_profiles orchestrator_profile
local_runtime: detect_ports
lsp: trusted_workspaces
memory: provider
moa: privacy_filter trace_dir
model: base_url api_key api_mode
model_catalog: providers
model_overrides
models_dev: url
monitoring: export.otlp.{endpoint,headers_env} install_id
onboarding: run
prefill_messages_file
proxy: extra_allowed_hosts upstream_deny_cidrs
secrets: bitwarden.{project_id,server_url} onepassword.{account,binary_path,env}
security: fake_ip_ranges website_blocklist.shared_files
skills: create_dir trusted_project_dirs
slack: require_mention_channels
terminal: docker_env docker_extra_args docker_shared_container_key temp_dir
tts: gemini.persona_prompt_file neutts.{ref_audio,ref_text} openai.consent_attestation
vault: bitwarden.binary_path onepassword.{account,binary_path}
vertex: project_id
wake_word: sherpa.model_dir
web: cache_exempt_hosts provider_tier
whatsapp
"""
"""Keys for which every value except an empty one needs approval."""


_PLACES = """
discord: allowed_channels
matrix: allowed_rooms
mattermost: allowed_channels
slack: allowed_channels
telegram: allowed_chats
"""
"""Lists of the places where the agent answers, which it has empty: everywhere."""

_WHO_MAY = """
allow_admin_from allow_from allowed_channels allowed_chats allowed_groups allowed_roles allowed_rooms allowed_users
group_allow_admin_from group_allow_from group_allowed_chats group_allowed_users
"""
"""Lists of who may do something, as any platform may have them."""

_EXCEPTIONS = """
discord: free_response_channels
matrix: free_response_rooms
mattermost: free_response_channels
slack: free_response_channels
terminal: docker_forward_env docker_volumes
"""
"""Lists that are empty by default, which means none. Without them, a variable of the same meaning decides."""

_EXCEPTIONS_ANYWHERE = """
free_response_channels free_response_rooms group_user_allowed_commands
"""
"""Lists of what is let through besides the rule, as any platform may have them; the same holds for them."""

_OR_ELSE = """
gateway: media_delivery_allow_dirs
terminal: shell_init_files
"""
"""Lists where empty is as missing: a variable of the same meaning, or the start files of the user's shell, decide."""

_OR_ELSE_ANYWHERE = """
user_allowed_commands
"""
"""As those, for any platform: then the list for groups decides."""

_BLANK_IS_UNSET = """
free_response_chats
"""
"""As those, but WhatsApp takes an empty one for none, and then the variable of the same meaning decides."""

SECTIONS = (
    "*",
    "platforms.*",
    "platforms.*.extra",
    "gateway.platforms.*",
    "gateway.platforms.*.extra",
)
"""Where the settings of a platform are."""

_NAMED_ALIKE = frozenset(["discord", "matrix", "mattermost", "slack", "telegram", "terminal"])
"""Sections whose keys have variables of the same name, such as ``SLACK_REQUIRE_MENTION``."""
_NAMED_OTHERWISE = {
    "gateway.strict": "HERMES_MEDIA_DELIVERY_STRICT",
    "gateway.trust_recent_files": "HERMES_MEDIA_TRUST_RECENT_FILES",
    "gateway.trust_recent_files_seconds": "HERMES_MEDIA_TRUST_RECENT_SECONDS",
    "require_mention": "TELEGRAM_REQUIRE_MENTION",
    "security.redact_secrets": "HERMES_REDACT_SECRETS",
    "terminal.backend": "TERMINAL_ENV",
}
"""The other keys that outrank a variable in some release."""

_MARKS: dict[str, tuple[object, ...]] = {"": (False,), "on": (True,), "either": (False, True)}


def _flag(order: tuple[bool, bool], word: str) -> FloorRow:
    pattern, _, mark = word.partition("=")
    return FloorRow(pattern, Rule.ORDER, _MARKS[mark], order)


def _one(rule: Rule, defaults: tuple[object, ...], pattern: str) -> FloorRow:
    return FloorRow(pattern, rule, defaults)


def _anywhere(rule: Rule, names: str) -> Iterator[FloorRow]:
    for section in SECTIONS:
        for name in names.split():
            yield FloorRow(f"{section}.{name}", rule)


def _harmless(pattern: str) -> FloorRow:
    """The row of a harmless key; the name of a model may choose a provider, and a provider may be described."""
    if pattern.startswith(_DESCRIBING):
        return FloorRow(pattern, Rule.ABOUT_PROVIDER)
    last = pattern.rpartition(".")[2]
    if pattern in _MODELS or last == "model" or last.endswith("_model"):
        return FloorRow(pattern, Rule.MODEL)
    return FloorRow(pattern, Rule.HARMLESS)


def _asked(section: str, defaults: dict[str, tuple[object, ...]]) -> Iterator[FloorRow]:
    for key, values in defaults.items():
        yield FloorRow(f"{section}.{key}", Rule.ASK, values)


def _least(section: str, defaults: dict[str, tuple[object, ...]]) -> Iterator[FloorRow]:
    for key, values in defaults.items():
        yield FloorRow(f"{section}.{key}", Rule.RISES, values)


def _variable_of(row: FloorRow) -> str:
    """The variable that decides without a key; a row without a default always asks, so it needs none."""
    section, _, name = row.pattern.partition(".")
    if section in _NAMED_ALIKE and row.defaults and row.pattern not in _NAMED_OTHERWISE:
        return f"{section}_{name}".replace(".", "_").upper()
    return _NAMED_OTHERWISE.get(row.pattern, "")


_RUNS = EffectKind.RUNS
_DESCRIBING = "providers."
"""The section that describes providers: from then on, ``NAME/model`` chooses one."""
_MODELS = frozenset(["model", "model.default", "model.name"])
"""Names of models whose keys do not end like one."""
_NOTHING: tuple[object, ...] = ("", [], {}, None)

_TABLES: tuple[tuple[str, Callable[[str], FloorRow]], ...] = (
    (HARMLESS, _harmless),
    (PROVIDERS, partial(_one, Rule.PROVIDER, ())),
    (_EMPTY, partial(_one, Rule.ASK, _NOTHING)),
    (_OFF, partial(_flag, (False, True))),
    (_ON, partial(_flag, (True, False))),
    (_PLACES, partial(_one, Rule.NARROWS, _NOTHING)),
    (_EXCEPTIONS, partial(_one, Rule.FEWER, _NOTHING)),
    (_OR_ELSE, partial(_one, Rule.SOME, _NOTHING)),
)
"""The tables, each with what makes a row of one of its patterns."""


_SPELLED_OUT: tuple[FloorRow, ...] = (
    *_anywhere(Rule.NARROWS, _WHO_MAY),
    *_anywhere(Rule.FEWER, _EXCEPTIONS_ANYWHERE),
    *_anywhere(Rule.NARROWS, _BLANK_IS_UNSET),
    *_anywhere(Rule.SOME, _OR_ELSE_ANYWHERE),
    *(
        FloorRow(f"{section}.require_admin_for_exec_approval", Rule.ORDER, (False,), (True, False))
        for section in SECTIONS
    ),
    FloorRow("agent.disabled_toolsets", Rule.GROWS, ([],)),
    FloorRow("approvals.deny", Rule.GROWS, ([],)),
    FloorRow("approvals.mode", Rule.ORDER, ("smart",), ("manual", "smart", False, "off")),
    FloorRow("approvals.timeout", Rule.HARMLESS),
    *(
        FloorRow(f"approvals.{key}", Rule.ORDER, ("deny",), ("deny",))
        for key in ("cron_mode", "single_query_mode", "unattended_mode")
    ),
    *_asked("approvals", {"denial_breaker_threshold": (3,)}),
    *_asked("attachments", {"storage": ("hermes-home",)}),
    *_asked("auth", {"codex_login_flow": ("device_code",)}),
    *_asked(
        "auxiliary",
        {
            "approval.provider": ("auto",),
            "approval.timeout": (30,),
            "skills_hub.provider": ("auto",),
            "skills_hub.timeout": (30,),
        },
    ),
    *_asked("bedrock.guardrail", {"stream_processing_mode": ("async",), "trace": ("disabled",)}),
    *_asked("bot_desktop", {"placement": ("auto",)}),
    *_asked(
        "browser",
        {
            "camofox.loopback_host_alias": ("host.docker.internal",),
            "dialog_policy": ("must_respond",),
            "engine": ("auto",),
        },
    ),
    *_asked(
        "checkpoints",
        {"auto_prune": (True,), "delete_orphans": (True,), "min_interval_hours": (24,)},
    ),
    *_least(
        "checkpoints",
        {
            "max_file_size_mb": (10,),
            "max_snapshots": (20,),
            "max_total_size_mb": (500,),
            "retention_days": (7,),
        },
    ),
    FloorRow("code_execution.mode", Rule.ORDER, ("project",), ("strict", "project")),
    FloorRow("command_allowlist", Rule.SHRINKS, ([],)),
    *_asked("computer_use", {"permission_mode": ("standard",)}),
    *_asked("context", {"engine": ("compressor",)}),
    *_asked("cron", {"chronos.portal_url": (_PORTAL,)}),
    # What a job wrote before is deleted beyond this number.
    *_least("cron", {"output_retention": (50,)}),
    *_asked("curator", {"archive_ttl_days": (0,)}),
    *_least(
        "curator",
        {"archive_after_days": (90, 30), "backup.keep": (5, 2), "stale_after_days": (30, 14)},
    ),
    *_asked("dashboard", {"drain_auth.min_secret_chars": (43,), "drain_auth.scope": ("drain",)}),
    *_asked("database", {"journal_mode": ("wal",)}),
    *_asked("desktop", {"password_store": ("auto",)}),
    *_asked(
        "gateway",
        {
            "bot_loop_guard.cooldown_seconds": (600,),
            "bot_loop_guard.max_events": (20,),
            "bot_loop_guard.window_seconds": (300,),
        },
    ),
    FloorRow("display.skin", Rule.NAME),
    FloorRow("gateway.multiplex_profiles", Rule.ASK, (True,)),
    FloorRow("gateway.trust_recent_files_seconds", Rule.FALLS, (600,)),
    *(
        FloorRow(pattern, Rule.ITEMS, ([],))
        for pattern in ("custom_providers", "fallback_providers")
    ),
    FloorRow("hooks.**", Rule.ASK, _NOTHING, kind=_RUNS),
    *(
        FloorRow(f"{pattern}.**", Rule.ASK, _NOTHING, kind=_RUNS)
        for pattern in ("quick_commands", "gateway.quick_commands")
    ),
    *_asked("local_runtime", {"backend": ("auto",), "port": (0,)}),
    FloorRow("lsp.install_strategy", Rule.ORDER, ("auto",), ("off", "manual", "auto")),
    *_asked("lsp", {"package_manager": ("npm",)}),
    FloorRow("moa.presets.*.reference_models", Rule.ITEMS, (_EXPERTS,)),
    FloorRow("moa.presets.default.aggregator.provider", Rule.PROVIDER, ("openrouter",)),
    FloorRow("lsp.servers.**", Rule.ASK, _NOTHING, kind=_RUNS),
    FloorRow("mcp_servers.**", Rule.ASK, _NOTHING, kind=_RUNS),
    FloorRow("mcp_servers.*.args", Rule.FLAGS, kind=_RUNS),
    *(
        FloorRow(f"mcp_servers.*.{key}.enabled", Rule.ORDER, (True,), (False, True), kind=_RUNS)
        for key in ("sampling", "elicitation")
    ),
    FloorRow("mcp_servers.*.tools.exclude", Rule.GROWS, ([],), kind=_RUNS),
    FloorRow("mcp_servers.*.tools.include", Rule.SOME, kind=_RUNS),
    *_asked("model_catalog", {"url": (_CATALOG,)}),
    *_asked(
        "monitoring.gateway_health_export",
        {
            "export_interval_seconds": (60,),
            "logs_export_interval_seconds": (5,),
            'resource_attributes."deployment.environment.name"': ("production",),
            'resource_attributes."service.name"': ("hermes-gateway",),
        },
    ),
    *_asked("nous", {"anthropic_wire": ("chat",)}),
    *_asked("onboarding", {"profile_build": ("ask",)}),
    *(
        FloorRow(f"platform_toolsets.{name}", Rule.SHRINKS, (list(_TOOLS), [f"hermes-{name}"]))
        for name in _PLATFORMS
    ),
    *(
        FloorRow(f"platform_toolsets.{name}", Rule.SHRINKS, (list(_MILD), [own]))
        for name, own in _GUARDED.items()
    ),
    *(FloorRow(f"known_{kind}_toolsets.*", Rule.GROWS, ([],)) for kind in ("builtin", "plugin")),
    FloorRow("plugins.enabled", Rule.SHRINKS, ([],), kind=_RUNS),
    FloorRow("plugins.disabled", Rule.GROWS, ([],)),
    FloorRow("plugins.entries.*.granted_capabilities", Rule.SHRINKS, ([],)),
    FloorRow("plugins.host.launcher", Rule.ASK, ([],), kind=_RUNS),
    *(
        FloorRow(f"platforms.{name}.extra.{who}_policy", Rule.ORDER, ("pairing",), _WHO)
        for name in ("qqbot", "wecom", "weixin", "whatsapp", "whatsapp_cloud", "yuanbao")
        for who in ("dm", "group")
    ),
    *_asked("plugins", {"isolation": ("in_process",)}),
    # A hook that takes longer is skipped, and so is a plugin: what it would have removed or refused goes through.
    *_least("plugins", {"hook_callback_timeout": (30,), "load_timeout_seconds": (10,)}),
    *_asked("proxy", {"credential_source": ("env",), "tunnel_port": (9090,)}),
    *_asked(
        "secrets",
        {
            "bitwarden.access_token_env": ("BWS_ACCESS_TOKEN",),
            "bitwarden.cache_ttl_seconds": (300,),
            "bitwarden.encrypted_cache.enabled": (False,),
            "bitwarden.encrypted_cache.max_stale_seconds": (0,),
            "onepassword.cache_ttl_seconds": (300,),
            "onepassword.service_account_token_env": ("OP_SERVICE_ACCOUNT_TOKEN",),
        },
    ),
    *_asked(
        "security",
        {
            "approval.transport": ("builtin",),
            "approval.transport_fallback": ("deny",),
            "tirith_path": ("tirith",),
        },
    ),
    FloorRow("security.acked_advisories", Rule.SHRINKS, ([],)),
    # A check that takes longer is skipped, and the command runs.
    *_least("security", {"tirith_timeout": (5,)}),
    FloorRow("security.protected_instruction_extra_patterns", Rule.GROWS, ([],)),
    FloorRow("security.website_blocklist.domains", Rule.GROWS, ([],)),
    FloorRow("sessions.auto_archive_days", Rule.RISES, (3,)),
    FloorRow("sessions.retention_days", Rule.RISES, (90,)),
    FloorRow("skills.external_dirs", Rule.SHRINKS, ([],)),
    *_asked("telemetry", {"shared_metrics.endpoint": (_TELEMETRY,)}),
    FloorRow("terminal.backend", Rule.ORDER, ("local",), ("docker", "singularity", "local")),
    *_asked(
        "terminal",
        {
            "cwd": (".", "~", "auto", "cwd", ""),
            "degraded_mode": ("warn",),
            "docker_image": (_OLD_IMAGE, _NEW_IMAGE),
            "modal_image": (_OLD_IMAGE, _NEW_IMAGE),
            "daytona_image": (_OLD_IMAGE, _NEW_IMAGE),
            "singularity_image": (f"docker://{_OLD_IMAGE}", f"docker://{_NEW_IMAGE}"),
            "vercel_image": ("vercel/sandbox/universal:latest",),
            "vercel_runtime": ("", "node24"),
        },
    ),
    FloorRow("terminal.env_passthrough", Rule.SHRINKS, ([],)),
    # Code in a container has a home of its own unless it is to have the user's.
    FloorRow("terminal.home_mode", Rule.ORDER, ("auto",), ("profile", "auto", "real")),
    FloorRow("toolsets", Rule.SHRINKS, (list(_TOOLS), ["hermes-cli"])),
    FloorRow("stt.provider", Rule.PROVIDER, ("local",)),
    FloorRow("tts.provider", Rule.PROVIDER, ("edge", "kittentts", "neutts", "piper")),
    *_asked(
        "updates",
        {
            "non_interactive_local_changes": ("stash",),
            "parked_branch_strategy": ("switch",),
            "pre_update_backup": ("quick",),
        },
    ),
    *_least("updates", {"backup_keep": (5,)}),
    *_asked("vault", {"onepassword.service_account_token_env": ("OP_SERVICE_ACCOUNT_TOKEN",)}),
    *_asked("vertex", {"region": ("global",)}),
)


def every_row() -> tuple[FloorRow, ...]:
    """Return all rows: more than a thousand."""
    tables = {first: None for table, _ in _TABLES for first in first_steps(table)}
    return tuple(row for first in {**tables, **_spelled_out()} for row in rows_below(first))


def rows_below(first: str) -> tuple[FloorRow, ...]:
    """Return the rows whose patterns begin with one step."""
    found = [make(word) for table, make in _TABLES for word in patterns_below(table, first)]
    found += _spelled_out().get(first, ())
    return tuple(replace(row, variable=_variable_of(row)) for row in found)


@cache
def _spelled_out() -> Mapping[str, list[FloorRow]]:
    """The rows that are in no table, by the first step of their patterns."""
    found: dict[str, list[FloorRow]] = {}
    for row in _SPELLED_OUT:
        found.setdefault(row.pattern.partition(".")[0], []).append(row)
    return found
