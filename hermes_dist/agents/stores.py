"""Ownership in a home: name patterns of files that belong to the machine, of every generation.

A package moves between machines with different agents, so these tables cover all generations at once.
Names that contain the brand are in ``brand``.
"""

from __future__ import annotations

CHANNEL_CREDENTIALS = (
    "pairing",
    "feishu_comment_pairing.json",
    "platforms",
    "whatsapp",
    "whatsapp_cloud",
    "matrix",
    "weixin",
    "google_chat_*",
    "slack_tokens.json",
    "webhook_subscriptions.json",
    "teams_pipeline_store.json",
)
"""Channel logins at the root of a home, and who may talk to them."""
CREDENTIALS = (
    "auth.json",
    "auth.json.*",
    "auth.lock",
    "auth",
    ".anthropic_oauth.json",
    ".copilot_jwt.json",
    "google_token.json",
    "google_client_secret.json",
    "google_oauth_pending.json",
    "*token*.json",
    "*oauth*.json",
    "*credential*.json",
    "mcp-tokens",
    "*.pem",
    "*.key",
    "id_rsa*",
    "id_ed25519*",
    "id_ecdsa*",
    ".op.env",
    "npmrc",
    ".npmrc",
    ".netrc",
    ".pypirc",
    ".config",
    ".docker",
    "vault",
    "proxy",
    "honcho.json",
    "mem0.json",
    "runtime",
    "browser_auth",
    "browser-profile*",
    "browser_profiles",
    "bot-desktop",
    "chrome-debug",
    "state-snapshots",
    "backups",
    "home",
    "config.yaml.bak*",
    "config.yaml.corrupt*",
    "shell-hooks-allowlist.json",
    *CHANNEL_CREDENTIALS,
)
"""Stores of keys and logins at the root of a home, and copies that the agent makes of them."""
CREDENTIALS_INSIDE = ("workspace/meetings/node_token.json", "cache/bws_cache*.json")
"""The same, in folders that also hold other files."""

CREDENTIALS_ANYWHERE = (
    ".env",
    ".env.*",
    "auth.json",
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".envrc",
    "bot-desktop",
)
"""Stores of keys under any folder: a skill copied out of a home may contain one."""
NO_CREDENTIALS = (".env.example", ".env.template", ".env.sample", ".env.dist")
CREDENTIAL_PAIRS = (".config/gh", ".config/gcloud")
"""The same, identified by two nested folders."""
GRANT = "refresh_token"
"""Marks a login in ``auth.json`` that can't be shared: using it once invalidates the old token."""
GRANTED_BY = "oauth"
"""The ``auth_type`` of such a login."""

LEARNED = (
    "memories",
    "sessions",
    "session-exports",
    "workspace",
    "plans",
    "logs",
    "local",
    "checkpoints",
    "sandboxes",
    "state",
    "browser_screenshots",
    "pastes",
    "pending",
    "spawn-trees",
    "moa-traces",
    "*.db",
    "*.db-shm",
    "*.db-wal",
    "*.db-journal",
    "*.sqlite*",
    "response_store*",
    "errors.log",
    "channel_directory.json",
    "channel_aliases.json",
    "*_threads.json",
    "*_snapshots.json",
    "feishu_*.json",
    "discord_*.json",
    "*_store.json",
    "supermemory.json",
    "hindsight",
    "byterover",
    "kanban",
    "browser_recordings",
    "temp_vision_images",
    "temp_video_files",
    "import-sync.json",
    "pending_messages",
    "a2a_*",
    "terminal-sessions",
    "telemetry",
    "plugin-data",
    "profile-exports",
    ".curator_backups",
    "disk-cleanup",
)
"""What an agent has learned and done."""

RUNNING = (
    "gateway.json",
    "gateway",
    "gateway.*",
    "gateway_*.json",
    "processes.json",
    "*.pid",
    "*.lock",
    "*.sock",
    "*.log",
    "*.tmp",
    "active_profile",
    ".update_*",
    ".managed",
    ".install_method",
    ".container-mode",
    ".skills_prompt_*",
    ".restart_*",
    ".gateway-*",
    ".drain_request.json",
    ".multiplex_opt_out_rewritten",
    "desktop-build-stamp.json",
    "tmp",
    "cache",
    "*_cache",
    "*_cache.json",
    "*_cache.yaml",
    "*.bak",
    "*.bak.*",
    "*.bak_*",
    "*.bak-*",
    "profile.yaml",
    "source-checks",
    "relay-plugins.toml",
    "install-profile.json",
    "serve_restart_pending",
    "dashboard-themes",
    ".codex_gpt55_autoraise_notice",
)
"""Who may talk to it and what starts it, running state, caches, and the user's description of the profile."""

TREES = (
    "bin",
    "node",
    "git",
    "lsp",
    "gateway-service",
    "optional-mcps",
    "profiles",
    "node_modules",
    "mcp-installs",
    ".worktrees",
    "installs",
    "tools",
    "photon",
    "runtimes",
    "desktop-plugins",
    "bundled-plugins",
    "optional-skills",
)
"""Programs and other homes below a home."""

BOOKKEEPING = (
    "skills/.bundled_manifest",
    "skills/.hub",
    "skills/.usage.json*",
    "skills/.archive",
    "skills/.curator_*",
    "skills/.locks",
    "skills/.*.lock",
    "cron/output",
    "cron/.*",
    "cron/ticker_*",
    "cron/executions.db*",
    "cron/*.db*",
    "cron/catch_up_occurrences*",
    "cron/*.lock",
    "cron/*.log",
    "cron/*.jsonl",
    "cron/*.bak*",
    # Turns of conversations, which the agent replays.
    "cron/bot_chat_pending",
    "cron/external-workers",
    "cron/suggestions*",
    "plugins/.*",
    "skills/.termux_*",
    # 0.22 loads this library when it opens its database.
    "lib/libfts5_cjk*",
    # Started from here where the agent's own folder is read-only, as in its container image.
    "scripts/whatsapp-bridge",
    # The buttons of a Telegram message start scripts in here.
    "scripts/gmail-triage",
    "skills/migration/openclaw-migration",
)
"""The agent's notes among shared files, and code that it loads or runs from there on its own."""

REBUILT = (
    "profiles",
    "bin",
    "node_modules",
    "mcp-installs",
    ".worktrees",
    "cache",
    "*_cache",
    "tmp",
    "chrome-debug",
    "gateway.pid",
    "*.pid",
    "*.lock",
    "*.sock",
    "*.tmp",
    "gateway_state.json",
    "processes.json",
    "active_profile",
)
"""What even a full backup leaves out: other homes, programs, caches, and the state of running processes."""

NEVER_CLONED = (
    "gateway.pid",
    "gateway_state.json",
    "processes.json",
    "active_profile",
    "gateway.parked",
)
"""What belongs to the running profile, not to its clone."""
SNAPSHOTS = ("backups", "state-snapshots", "checkpoints")
"""Copies of a home that a clone does not need."""
ROOT_ONLY = ("profiles", ".worktrees", "bin", "node_modules", "node", "installs")
"""What the default profile's home contains besides a home."""
SCREEN = (
    "bot-desktop/launcher.pid",
    "bot-desktop/env",
    "bot-desktop/rfb.sock",
    "bot-desktop/lease.json",
    "bot-desktop/lease.lock",
    "bot-desktop/browser-profile/DevToolsActivePort",
    "bot-desktop/browser-profile/SingletonLock",
    "bot-desktop/browser-profile/SingletonCookie",
    "bot-desktop/browser-profile/SingletonSocket",
)
"""Files that say that the original's screen is running: with them, a clone would stop the original's."""

TO_BE_PRIVATE = (
    ".env",
    ".env.*",
    "auth.json",
    "auth.json.*",
    ".anthropic_oauth.json",
    ".op.env",
    "npmrc",
    "google_token.json",
    "google_client_secret.json",
    "slack_tokens.json",
    "honcho.json",
    "mem0.json",
    "webhook_subscriptions.json",
    "mcp-tokens",
    "mcp-tokens/*",
    "pairing",
    "pairing/*",
    "platforms/*/session",
    "vault",
    "vault/*",
    "proxy",
    "weixin/accounts",
    "home/.ssh",
)
"""Files and folders that nobody else on the machine may read."""
