"""The only table of channels that one gateway alone can serve, and of their keys in a home.

A bot token (or a login) belongs to one gateway: the agent refuses a second one that uses it or, if it has
no lock for that channel, both answer every message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.places import CONFIG, ENV, GATEWAY_LEGACY, WHATSAPP_LOGINS
from hermes_dist.decide.environment import dotenv
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import Kind, parse, rewrite
from hermes_dist.model.keypath import join_place


class Channel(Struct, frozen=True, kw_only=True):
    """A messaging platform on which an identity can be used by one gateway at a time.

    Attributes:
        platform: The agent's name for it, as in ``platforms.<name>`` of ``config.yaml``.
        title: Its name in sentences.
        identity: The variable whose value identifies the bot; empty for a login.
        variables: All variables that hold its keys, including the identity.
        logins: Folders of a home that hold a login for it.
        locked: Whether the agent itself refuses a second gateway.
        since: The first release of the agent that supports it.
    """

    platform: str
    title: str
    identity: str = ""
    variables: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    locked: bool = False
    since: tuple[int, int] = (0, 19)


def _row(
    platform: str,
    title: str,
    variables: str,
    *,
    logins: str = "",
    locked: bool = False,
    since: tuple[int, int] = (0, 19),
) -> Channel:
    names = tuple(variables.split())
    return Channel(
        platform=platform,
        title=title,
        identity=names[0] if names else "",
        variables=names,
        logins=tuple(logins.split()),
        locked=locked,
        since=since,
    )


CHANNELS: tuple[Channel, ...] = (
    _row("telegram", "Telegram", "TELEGRAM_BOT_TOKEN TELEGRAM_WEBHOOK_SECRET", locked=True),
    _row("discord", "Discord", "DISCORD_BOT_TOKEN", locked=True),
    _row("slack", "Slack", "SLACK_APP_TOKEN SLACK_BOT_TOKEN", locked=True),
    _row("whatsapp", "WhatsApp", "", logins=" ".join(WHATSAPP_LOGINS), locked=True),
    _row("signal", "Signal", "SIGNAL_ACCOUNT", locked=True),
    _row(
        "feishu",
        "Feishu",
        "FEISHU_APP_ID FEISHU_APP_SECRET FEISHU_ENCRYPT_KEY FEISHU_VERIFICATION_TOKEN",
        locked=True,
    ),
    _row("line", "LINE", "LINE_CHANNEL_ACCESS_TOKEN LINE_CHANNEL_SECRET", locked=True),
    _row("irc", "IRC", "IRC_NICKNAME IRC_SERVER_PASSWORD IRC_NICKSERV_PASSWORD", locked=True),
    _row(
        "weixin", "Weixin", "WEIXIN_TOKEN WEIXIN_ACCOUNT_ID", logins="weixin/accounts", locked=True
    ),
    _row("qqbot", "QQ", "QQ_APP_ID QQ_CLIENT_SECRET", locked=True),
    _row(
        "yuanbao",
        "Yuanbao",
        "YUANBAO_APP_ID YUANBAO_APP_KEY YUANBAO_APP_SECRET YUANBAO_BOT_ID",
        locked=True,
    ),
    _row(
        "whatsapp_cloud",
        "WhatsApp Cloud",
        "WHATSAPP_CLOUD_PHONE_NUMBER_ID WHATSAPP_CLOUD_ACCESS_TOKEN WHATSAPP_CLOUD_APP_SECRET"
        " WHATSAPP_CLOUD_VERIFY_TOKEN",
    ),
    _row("matrix", "Matrix", "MATRIX_ACCESS_TOKEN MATRIX_PASSWORD MATRIX_DEVICE_ID"),
    _row("mattermost", "Mattermost", "MATTERMOST_TOKEN"),
    _row("dingtalk", "DingTalk", "DINGTALK_CLIENT_ID DINGTALK_CLIENT_SECRET"),
    _row(
        "wecom",
        "WeCom",
        "WECOM_BOT_ID WECOM_SECRET WECOM_CALLBACK_CORP_SECRET WECOM_CALLBACK_TOKEN WECOM_CALLBACK_ENCODING_AES_KEY",
    ),
    _row("teams", "Teams", "TEAMS_CLIENT_ID TEAMS_CLIENT_SECRET"),
    _row("google_chat", "Google Chat", "GOOGLE_CHAT_SERVICE_ACCOUNT_JSON"),
    _row("bluebubbles", "BlueBubbles", "BLUEBUBBLES_PASSWORD"),
    _row("email", "Email", "EMAIL_ADDRESS EMAIL_PASSWORD"),
    _row("buzz", "Buzz", "BUZZ_PRIVATE_KEY BUZZ_AUTH_TAG", locked=True, since=(0, 20)),
)

CHANNEL_VARIABLES = frozenset(name for channel in CHANNELS for name in channel.variables)
_PLATFORMS = frozenset(channel.platform for channel in CHANNELS)
_LOGINS = tuple(folder for channel in CHANNELS for folder in channel.logins)
_KEY_NAMES = lazily.pattern(
    r"(?:.*_)?(?:token|secret|password|api_?key|app_?key|app_?id|client_?id|bot_?id|account|nickname)",
    re.IGNORECASE,
)
_REFERENCE = lazily.pattern(r"\$\{[^}]*\}|\$\w+")


def is_login(path: str) -> bool:
    """Whether a path of a home lies in a channel's login folder."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in _LOGINS)


def holds_tokens(path: str) -> bool:
    """Whether a file of a home may hold keys of channels, which are removed from copies."""
    return path in (CONFIG, GATEWAY_LEGACY) or _is_env(path)


def _is_env(path: str) -> bool:
    # The agent leaves copies such as .env.bak beside it, with the same tokens in them.
    return path == ENV or ("/" not in path and path.startswith((".env.", ".env-", ".env_")))


def without_tokens(path: str, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Remove the keys of exclusive channels from a file of a home.

    Args:
        path: The file's path in the home.
        data: Its content.

    Returns:
        The new content and what was removed: in ``.env`` and similar files, variables stay as commented names without
        values; keys of platforms are removed from ``config.yaml`` and ``gateway.json``. Other files stay unchanged.

    Raises:
        DistError: A ``.env`` can't be edited safely.
    """
    if _is_env(path):
        return dotenv.blank(data, CHANNEL_VARIABLES)
    if path in (CONFIG, GATEWAY_LEGACY):
        return _config_without(path, data)
    return data, ()


def _config_without(path: str, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    kind = Kind.JSON if path.endswith(".json") else Kind.YAML
    try:
        doc = parse(data, kind)
    except Invalid:
        return data, ()
    gone: list[str] = []
    want = _scrubbed(doc.value, (), gone)
    if not gone:
        return data, ()
    try:
        return rewrite(doc, want).content, tuple(join_place(path, key) for key in gone)
    except DistError as err:
        raise err.within(path) from None


def _scrubbed(value: object, at: tuple[str, ...], gone: list[str]) -> object:
    """Copy a document without the keys of channels; their places are added to ``gone``."""
    if not isinstance(value, Mapping):
        return value
    out = {}
    for key, inner in value.items():
        place = (*at, str(key))
        if _is_key(place, inner):
            gone.append(".".join(place))
        else:
            out[key] = _scrubbed(inner, place, gone)
    return out


def _is_key(place: tuple[str, ...], value: object) -> bool:
    """Whether a value of ``config.yaml`` is a literal key of a channel."""
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        return False
    if _REFERENCE.fullmatch(str(value).strip()) or not _KEY_NAMES.fullmatch(place[-1]):
        return False
    inside = place[:-1]
    # The agent reads a platform in each of these places. Keys elsewhere, such as those of models,
    # work in two homes at once and stay.
    for lead in (("platforms",), ("gateway", "platforms"), ()):
        at = len(lead)
        if inside[:at] == lead and len(inside) > at and inside[at] in _PLATFORMS:
            return True
    return False
