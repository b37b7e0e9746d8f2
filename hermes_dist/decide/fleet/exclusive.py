"""Exclusive resources of a gateway, which no other gateway may use: bots, logins, ports.

Values are compared as salted digests, so none of our values, messages or files holds a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct, field

from hermes_dist import lazily
from hermes_dist.agents.places import WHATSAPP_LOGINS
from hermes_dist.agents.routes import MULTIPLEX, MULTIPLEX_VARIABLE
from hermes_dist.decide.fleet.channels import CHANNELS, Channel
from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.light import read_json
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.notes import Note
from hermes_dist.model.values import as_map

Kind = Literal["bot", "port"]


class GatewaySettings(Discreet, frozen=True, kw_only=True):
    """The parts of a home that are compared.

    Attributes:
        profile: Its name.
        variables: The variables of its ``.env``.
        config: The data of its ``config.yaml``.
        legacy: The data of its ``gateway.json``, which ``config.yaml`` overrides.
        login: The content of its WhatsApp login, if it has one.
    """

    profile: str
    variables: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[object, object] = field(default_factory=dict)
    legacy: Mapping[object, object] = field(default_factory=dict)
    login: bytes = b""


class Claim(Struct, frozen=True, kw_only=True):
    """One resource that a profile's gateway uses exclusively.

    Attributes:
        kind: A bot (or a login), or a port.
        profile: The profile of the gateway.
        channel: The channel's name in sentences.
        key: The salted digest of the bot's identity, or the port.
        source: Where it was found: a variable or a key.
    """

    kind: Kind
    profile: str
    channel: str
    key: str
    source: str


class Clash(Struct, frozen=True, kw_only=True):
    """A resource that several gateways would use.

    Attributes:
        kind: A bot, or a port.
        profiles: The profiles of the gateways, sorted; a single one if two of its own channels use one port.
        channels: The channels' names in sentences.
        sources: Where the values were found, as ``profile: variable``.
        port: The port; None for a bot.
    """

    kind: Kind
    profiles: tuple[str, ...]
    channels: tuple[str, ...]
    sources: tuple[str, ...]
    port: int | None = None

    @property
    def note(self) -> Note:
        """What clashes, without the secret."""
        profiles, channels = self.profiles, self.channels
        if self.port is None:
            return Note.of(GatewayKind.SAME_BOT, profiles=profiles, channels=channels)
        return Note.of(GatewayKind.SAME_PORT, profiles=profiles, channels=channels, port=self.port)


class _Listener(Struct, frozen=True, kw_only=True):
    """A channel that listens on a port."""

    platform: str
    title: str
    default: int
    variable: str = ""
    switch: str = ""
    needs: str = ""
    value: str = ""
    key: str = "port"
    config_first: bool = False


# The usual ports are those of the agent. Some are used twice (8645, 8646), so even the channels
# of one home can clash.
_LISTENERS = (
    _Listener(
        platform="api_server",
        title="API server",
        default=8642,
        variable="API_SERVER_PORT",
        switch="API_SERVER_ENABLED",
        needs="API_SERVER_KEY",
    ),
    _Listener(
        platform="webhook",
        title="Webhook",
        default=8644,
        variable="WEBHOOK_PORT",
        switch="WEBHOOK_ENABLED",
    ),
    _Listener(
        platform="msgraph_webhook",
        title="Microsoft Graph",
        default=8646,
        variable="MSGRAPH_WEBHOOK_PORT",
        switch="MSGRAPH_WEBHOOK_ENABLED",
        needs="MSGRAPH_WEBHOOK_CLIENT_STATE",
    ),
    _Listener(
        platform="telegram",
        title="Telegram webhook",
        default=8443,
        variable="TELEGRAM_WEBHOOK_PORT",
        needs="TELEGRAM_WEBHOOK_URL",
        key="",
    ),
    _Listener(
        platform="feishu",
        title="Feishu webhook",
        default=8765,
        variable="FEISHU_WEBHOOK_PORT",
        needs="FEISHU_CONNECTION_MODE",
        value="webhook",
        key="webhook_port",
        config_first=True,
    ),
    _Listener(
        platform="whatsapp",
        title="WhatsApp bridge",
        default=3000,
        switch="WHATSAPP_ENABLED",
        key="bridge_port",
    ),
    _Listener(
        platform="whatsapp_cloud",
        title="WhatsApp Cloud",
        default=8090,
        key="webhook_port",
        variable="WHATSAPP_CLOUD_WEBHOOK_PORT",
        needs="WHATSAPP_CLOUD_PHONE_NUMBER_ID",
    ),
    _Listener(
        platform="wecom_callback",
        title="WeCom callback",
        default=8645,
        variable="WECOM_CALLBACK_PORT",
        needs="WECOM_CALLBACK_CORP_ID",
    ),
    _Listener(
        platform="bluebubbles",
        title="BlueBubbles",
        default=8645,
        variable="BLUEBUBBLES_WEBHOOK_PORT",
        needs="BLUEBUBBLES_SERVER_URL",
        key="webhook_port",
        config_first=True,
    ),
    _Listener(
        platform="line",
        title="LINE",
        default=8646,
        variable="LINE_PORT",
        needs="LINE_CHANNEL_ACCESS_TOKEN",
    ),
    _Listener(
        platform="teams",
        title="Teams",
        default=3978,
        variable="TEAMS_PORT",
        needs="TEAMS_CLIENT_ID",
        config_first=True,
    ),
    _Listener(
        platform="sms",
        title="SMS",
        default=8080,
        variable="SMS_WEBHOOK_PORT",
        needs="TWILIO_ACCOUNT_SID",
        key="",
    ),
    _Listener(
        platform="photon",
        title="Photon sidecar",
        default=8789,
        variable="PHOTON_SIDECAR_PORT",
        needs="PHOTON_PROJECT_ID",
        key="sidecar_port",
        config_first=True,
    ),
)

_MORE = {"slack": ("SLACK_BOT_TOKEN",)}
"""More variables whose value identifies the same bot."""
_INSTEAD = {"yuanbao": ("YUANBAO_APP_KEY",)}
"""Alternative variables for the same identity."""
_WITH = {"irc": ("IRC_SERVER",)}
"""Variables that are part of an identity: the same name on another server is a different bot."""
_KEYS: dict[str, tuple[str, ...]] = {
    "telegram": ("token",),
    "discord": ("token",),
    "slack": ("app_token", "token"),
    "signal": ("account",),
    "feishu": ("app_id",),
    "line": ("channel_access_token",),
    "irc": ("nickname",),
    "weixin": ("token",),
    "qqbot": ("app_id",),
    "yuanbao": ("app_id", "app_key"),
    "whatsapp_cloud": ("phone_number_id",),
    "matrix": ("token",),
    "mattermost": ("token",),
    "dingtalk": ("client_id",),
    "wecom": ("bot_id",),
    "teams": ("client_id",),
    "google_chat": ("service_account_json",),
    "email": ("address",),
}
"""Keys that hold the identity in a platform's section of ``config.yaml``."""
_PLACEHOLDER = lazily.pattern(r"\$\{([^}]+)\}")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def claims(home: GatewaySettings, shell: Mapping[str, str], salt: bytes) -> list[Claim]:
    """List the resources that a profile's gateway would use exclusively.

    Args:
        home: The parts of its home.
        shell: The environment it is started in; the home's variables override it.
        salt: The salt of this comparison; digests with different salts can't be compared.

    Returns:
        Its bots, logins and ports; a platform that is switched off claims nothing.
    """
    look = _Look(home, {**shell, **home.variables})
    return [*_bots(look, salt), *_ports(look)]


def clashes(found: Iterable[Claim]) -> list[Clash]:
    """Find the resources that several gateways, or two channels of one gateway, would use.

    Args:
        found: The claims of all homes, made with the same salt.

    Returns:
        The clashes: bots before ports, sorted by profile.
    """
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in found:
        groups.setdefault((claim.kind, claim.key), []).append(claim)
    out = {
        Clash(
            kind=group[0].kind,
            profiles=tuple(sorted({claim.profile for claim in group})),
            channels=tuple(dict.fromkeys(claim.channel for claim in group)),
            sources=tuple(dict.fromkeys(f"{claim.profile}: {claim.source}" for claim in group)),
            port=int(key) if kind == "port" else None,
        )
        for (kind, key), group in groups.items()
        if len({(claim.profile, claim.channel) for claim in group}) > 1
    }
    return sorted(
        out, key=lambda clash: (clash.kind, clash.profiles, clash.channels, clash.port or 0)
    )


def multiplexes(home: GatewaySettings, shell: Mapping[str, str]) -> bool:
    """Whether the default profile's gateway serves all profiles itself."""
    forced = {**shell, **home.variables}.get(MULTIPLEX_VARIABLE, "").strip().lower()
    # Like the agent: any other word, also an empty one, leaves the decision to the file.
    if forced in _TRUE | _FALSE:
        return forced in _TRUE
    nested = as_map(home.config.get("gateway")).get(MULTIPLEX)
    return _true(home.config.get(MULTIPLEX, nested))


def multiplexed_only(home: GatewaySettings, setting: str) -> frozenset[str] | None:
    """The profiles to which the default profile restricts a gateway that serves several; None for no restriction.

    Args:
        home: The default profile.
        setting: The agent's setting for that. As for the agent, anything but a list lets nobody in.
    """
    nested = as_map(home.config.get("gateway")).get(setting)
    found = home.config.get(setting, nested)
    if found is None:
        return None
    names = found if isinstance(found, list) else []
    return frozenset(name.strip().lower() for name in names if isinstance(name, str))


class _Look:
    """A home whose configuration is read with variables expanded."""

    def __init__(self, home: GatewaySettings, env: Mapping[str, str]) -> None:
        self.home = home
        self.env = env
        config, legacy = home.config, home.legacy
        # The weakest first: gateway.json only fills in what config.yaml leaves open.
        self._layers = (
            as_map(legacy.get("platforms")),
            config,
            as_map(as_map(config.get("gateway")).get("platforms")),
            as_map(config.get("platforms")),
        )

    def section(self, platform: str) -> dict[str, object]:
        """Return the configuration of a platform; the nearest place wins."""
        out: dict[str, object] = {}
        for layer in self._layers:
            part = as_map(layer.get(platform))
            out |= {str(key): value for key, value in as_map(part.get("extra")).items()}
            out |= {str(key): value for key, value in part.items() if key != "extra"}
        return out

    def text(self, value: object) -> str:
        """Return a value with ``${NAME}`` expanded; empty if the variable is not set."""
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        out = _PLACEHOLDER.sub(lambda match: self.env.get(match[1], match[0]), str(value)).strip()
        # The agent keeps an unset reference as text. Taken for a token, it would be one bot for all
        # homes that have it.
        return "" if _PLACEHOLDER.search(out) else out

    def source(self, variable: str) -> str:
        """Return where a variable is set, for messages."""
        place = ".env" if variable in self.home.variables else "environment"
        return f"{place}: {variable}"


def _bots(look: _Look, salt: bytes) -> Iterator[Claim]:
    for channel in CHANNELS:
        section = look.section(channel.platform)
        if _false(section.get("enabled")):
            continue
        for source, value in _identities(look, channel, section):
            rest = [_also(look, name, section) for name in _WITH.get(channel.platform, ())]
            # A .env need not be UTF-8: its odd bytes are lone surrogates here, which UTF-8 refuses.
            text = "\0".join([channel.platform, value, *rest]).encode("utf-8", "surrogatepass")
            yield Claim(
                kind="bot",
                profile=look.home.profile,
                channel=channel.title,
                source=source,
                key=hashlib.blake2b(text, key=salt, digest_size=16).hexdigest(),
            )


def _also(look: _Look, variable: str, section: Mapping[str, object]) -> str:
    """Return another part of an identity: ``IRC_SERVER``, or the key ``server`` of its section."""
    return look.env.get(variable) or look.text(section.get(variable.rpartition("_")[2].lower()))


def _identities(
    look: _Look, channel: Channel, section: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield the values that identify a bot, each with its place; variables override the configuration."""
    by_variable = _named_variables(look, channel)
    yield from ((look.source(name), look.env[name].strip()) for name in by_variable)
    # The agent reads keys of the configuration only where no variable is set, and only if the platform is on.
    if not by_variable and _true(section.get("enabled")):
        for key in _KEYS.get(channel.platform, ()):
            if value := look.text(section.get(key)):
                yield f"config.yaml: platforms.{channel.platform}.{key}", value
    if channel.platform == "whatsapp":
        yield from _login(look, section)


def _named_variables(look: _Look, channel: Channel) -> list[str]:
    """Return the variables that are set and identify the bot; of alternative ones, the first."""
    names = (channel.identity, *_INSTEAD.get(channel.platform, ()))  # a login has no variable: ""
    first = [name for name in names if look.env.get(name)][:1]
    return first + [name for name in _MORE.get(channel.platform, ()) if look.env.get(name)]


def _login(look: _Look, section: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the phone that a WhatsApp login belongs to; a copy of the folder is the same phone."""
    if not (_true(look.env.get("WHATSAPP_ENABLED")) or _true(section.get("enabled"))):
        return
    if folder := look.text(section.get("session_path")):
        yield "config.yaml: platforms.whatsapp.session_path", folder
    if look.home.login:
        yield WHATSAPP_LOGINS[0], _phone(look.home.login)


def _phone(login: bytes) -> str:
    """Return the phone's number without its device; a login that names none is told apart by its content."""
    try:
        data = read_json(login)
    except ValueError:
        data = None
    me = as_map(as_map(data).get("me")).get("id")
    return str(me).partition(":")[0] if me else hashlib.sha256(login).hexdigest()


def _ports(look: _Look) -> Iterator[Claim]:
    for row in _LISTENERS:
        section = look.section(row.platform)
        if not _listens(look, row, section):
            continue
        value, source = _port_of(look, row, section)
        yield Claim(
            kind="port",
            profile=look.home.profile,
            channel=row.title,
            key=str(_port(value)),
            source=source,
        )


def _port_of(look: _Look, row: _Listener, section: Mapping[str, object]) -> tuple[str, str]:
    """Return the port that a channel listens on, and where it is set; channels differ in what comes first."""
    by_config = (
        look.text(section.get(row.key)),
        f"config.yaml: platforms.{row.platform}.{row.key}",
    )
    by_variable = (look.env.get(row.variable, ""), look.source(row.variable))
    order = (by_config, by_variable) if row.config_first else (by_variable, by_config)
    for value, source in order:
        if _port(value):
            return value, source
    return str(row.default), "the usual port"


def _listens(look: _Look, row: _Listener, section: Mapping[str, object]) -> bool:
    if _false(section.get("enabled")):
        return False
    given = look.env.get(row.needs, "")
    asked = given == row.value if row.value else bool(given)
    switched = bool(row.switch) and _true(look.env.get(row.switch))
    # Telegram and Feishu need no port unless a webhook is asked for, so "enabled" tells nothing.
    by_config = _true(section.get("enabled")) and bool(row.key) and not row.value
    return asked or switched or by_config


def _port(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and 0 < int(value) < 65536 else 0


def _true(value: object) -> bool:
    return str(value).strip().lower() in _TRUE


def _false(value: object) -> bool:
    return str(value).strip().lower() in _FALSE
