"""Names that the agent gives a meaning: those that no profile may have, and those of its commands."""

from __future__ import annotations

RESERVED = frozenset(["hermes", "default", "test", "tmp", "root", "sudo"])
"""Names that every generation of the agent refuses."""

_COMMANDS = (
    "acp approvals auth backup browser bundles chat checkpoints claw codex-runtime completion computer-use config"
    " connectors console cron curator dashboard debug desktop doctor dump egress fallback gateway gui hooks import"
    " import-agent insights journey kanban learning login logout logs lsp mcp memory memory-graph migrate moa model"
    " monitoring pairing pause peer pets plugins portal postinstall profile project prompt-size proxy resume secrets"
    " security send serve sessions setup skills skin slack status tools uninstall update usage vault verify version"
    " webhook whatsapp whatsapp-cloud worktree"
)
COMMANDS = frozenset(_COMMANDS.split())
"""The commands of every generation, as their ``--help`` lists them; what people type only names one of these."""
