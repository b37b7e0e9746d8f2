"""Facts about the agent's chats: where an id stands for a person, and how a message reaches one."""

from __future__ import annotations

VOUCHING = frozenset(
    {
        "bluebubbles",
        "dingtalk",
        "discord",
        "feishu",
        "google_chat",
        "line",
        "matrix",
        "mattermost",
        "qqbot",
        "signal",
        "simplex",
        "slack",
        "teams",
        "telegram",
        "wecom",
        "wecom_callback",
        "weixin",
        "whatsapp",
        "whatsapp_cloud",
        "yuanbao",
    }
)
"""Platforms on which the sender of a message is logged in. On others, such as e-mail, webhooks and the API server,
whoever sends a message also says who sent it."""

ID_IS_CHAT = frozenset({"signal", "telegram", "whatsapp", "whatsapp_cloud"})
"""Platforms on which a direct chat has the id of its person."""

DIRECT = "dm"
"""The agent's word for a chat with one person."""

SEND = ("send",)
"""The agent's command that sends a message without its model; it takes ``--to=PLATFORM:CHAT`` and ``--file=PATH``."""

CHAT_PLUGIN = "hermes-dist-chat"
"""The folder, below the plugins of a home, that answers in chats where the agent's environment does not hold us."""

TRANSCRIPT = ("gateway.mirror", "mirror_to_session")
"""The function by which that command also writes a message into the conversation of the chat, as if the model had said
it."""
