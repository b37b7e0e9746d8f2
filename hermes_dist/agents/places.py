"""Names of the agent's files and folders, in a home and in the root: the same in every generation."""

from __future__ import annotations

# what a home is made of
CONFIG = "config.yaml"
SOUL = "SOUL.md"
MCP = "mcp.json"
ENV = ".env"
AUTH = "auth.json"
ABOUT = "profile.yaml"
"""What the user says about a profile: its description and, since 0.22, its display name."""
TIMEZONE, TIMEZONE_VARIABLE = "timezone", "HERMES_TIMEZONE"
"""Where the time zone that jobs go by is said: a key of ``config.yaml``, and the variable that goes before it."""
MEMORIES = "memories"
SESSIONS = "sessions"
SHOWN_AS = "display_name"
"""What the agent shows a profile as, in ``profile.yaml``."""
BEFORE = "previous_names"
"""What a profile was called before, in the same file."""
SHARED_FILES = (SOUL, CONFIG, MCP)
"""What the agent reads in a home and an author may ship."""
SHARED_FOLDERS = ("skills", "cron", "plugins", "hooks", "scripts", "skins", "templates")
STANDARD_FOLDERS = (
    MEMORIES,
    SESSIONS,
    "skills",
    "skins",
    "logs",
    "plans",
    "workspace",
    "cron",
    "home",
)
"""What the agent makes with a new home."""

# jobs
JOBS = "cron/jobs.json"
JOBS_LOCK = "cron/.jobs.lock"
"""The agent writes its jobs under this lock, and waits for it for a bounded time only."""

# skills
BUNDLED = "skills/.bundled_manifest"
"""``name:md5`` lines: the bundled skills as the agent put them there."""
NO_SKILLS = ".no-bundled-skills"
"""Stands in a home that takes no bundled skills."""

OF_FOREIGN_ARCHIVES = ("workspace", "plans", ABOUT)
"""What an archive of the agent's own brings into a new home, besides what is shared."""
LETS_IN = ("shell-hooks-allowlist.json", "pairing", "platforms/pairing")
"""What says who or what may talk to the agent."""
TOKENS = "mcp-tokens"

# the gateway
LOG_FOLDER = "logs"
GATEWAY_LOGS = ("gateway.log", "gateway.error.log")
GATEWAY_PID = "gateway.pid"
GATEWAY_STATE = "gateway_state.json"
GATEWAY_PARKED = "gateway.parked"
"""Stands in a home that the gateway of all profiles is not to serve."""
GATEWAY_LEGACY = "gateway.json"
"""The gateway's configuration before ``config.yaml``; read still."""
PROCESSES = "processes.json"
WHATSAPP_LOGINS = ("platforms/whatsapp/session", "whatsapp/session")

# the memory service
HONCHO = "honcho.json"
HONCHO_OF_USER = ".honcho/config.json"
"""In the user's home folder."""

# the root
PROFILES = "profiles"
STICKY = "active_profile"
