"""Names of the agent's files and folders, in a home and in the root: the same in every generation."""

from __future__ import annotations

# the parts of a home
CONFIG = "config.yaml"
SOUL = "SOUL.md"
MCP = "mcp.json"
ENV = ".env"
AUTH = "auth.json"
ABOUT = "profile.yaml"
"""The user's description of a profile: its description and, since 0.22, its display name."""
TIMEZONE, TIMEZONE_VARIABLE = "timezone", "HERMES_TIMEZONE"
"""The time zone of jobs: a key of ``config.yaml``, and the variable that overrides it."""
MIGRATED_TO = "_config_version"
"""The agent's own stamp in ``config.yaml``: the version that it has brought the home to."""
MEMORIES = "memories"
SESSIONS = "sessions"
SHOWN_AS = "display_name"
"""The display name of a profile, in ``profile.yaml``."""
BEFORE = "previous_names"
"""The former names of a profile, in the same file."""
WORKSPACE = "workspace"
"""Where the agent works; nothing of a package is there."""
SHARED_FILES = (SOUL, CONFIG, MCP)
"""Files that the agent reads in a home and an author may ship."""
PLUGINS = "plugins"
SHARED_FOLDERS = ("skills", "cron", PLUGINS, "hooks", "scripts", "skins", "templates")
STANDARD_FOLDERS = (
    MEMORIES,
    SESSIONS,
    "skills",
    "skins",
    "logs",
    "plans",
    WORKSPACE,
    "cron",
    "home",
)
"""Folders that the agent creates in a new home."""

# jobs
JOBS = "cron/jobs.json"
# After 30 s the agent writes without it, so that its scheduler never hangs: hold it only briefly.
JOBS_LOCK = "cron/.jobs.lock"
"""The agent holds this lock while it writes its jobs, and waits for it only a limited time."""

# skills
BUNDLED = "skills/.bundled_manifest"
"""``name:md5`` lines: the bundled skills as the agent put them there."""
NO_SKILLS = ".no-bundled-skills"
"""Marks a home that takes no bundled skills."""

OF_FOREIGN_ARCHIVES = (WORKSPACE, "plans", ABOUT)
"""What an archive made by the agent adds to a new home, besides the shared files."""
LETS_IN = ("shell-hooks-allowlist.json", "pairing", "platforms/pairing")
"""Files that say who or what may talk to the agent."""
TOKENS = "mcp-tokens"

# the gateway
LOG_FOLDER = "logs"
GATEWAY_LOGS = ("gateway.log", "gateway.error.log")
GATEWAY_PID = "gateway.pid"
GATEWAY_STATE = "gateway_state.json"
GATEWAY_PARKED = "gateway.parked"
"""Marks a home that the gateway of all profiles must not serve."""
GATEWAY_LEGACY = "gateway.json"
"""The gateway's configuration before ``config.yaml``; still read."""
WHATSAPP_LOGINS = ("platforms/whatsapp/session", "whatsapp/session")

# the memory service
HONCHO = "honcho.json"
HONCHO_OF_USER = ".honcho/config.json"
"""In the user's home folder."""

# the root
PROFILES = "profiles"
BOARD = "kanban.db"
"""The database of a board; that of the default board is in the root."""
BOARDS = "kanban/boards"
"""The folder of all other boards, each in a folder of its own."""
OPEN_TASKS = (
    "SELECT id FROM tasks WHERE assignee = ? AND status NOT IN ('done', 'archived') ORDER BY id"
)
"""Asks a board for the open tasks of a profile, which it knows by name."""
KANBAN_PROFILES = (
    "kanban.default_assignee",
    "kanban.dispatch_profiles",
    "kanban.orchestrator_profile",
)
"""The settings of boards that name a profile, or several: in a list, or in a text with commas."""
STICKY = "active_profile"
SETTINGS = (CONFIG, MCP, JOBS)
"""The files of a home with settings, servers and jobs: in these, variables take the place of secrets that leave."""
