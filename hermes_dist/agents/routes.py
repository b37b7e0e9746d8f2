"""How the agent's gateway reads routes: the fields, their weights, and valid ids."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hermes_dist import lazily
from hermes_dist.light import NamedTuple

ROUTES = "profile_routes"
"""The key of the list, below ``gateway`` or at the top level of the default home's ``config.yaml``."""
MULTIPLEX = "multiplex_profiles"
"""The key next to it that lets one gateway serve every profile."""
STANDALONE = "standalone"
"""The key below ``gateway`` in a profile's own config that keeps it apart."""
MULTIPLEX_VARIABLE = "GATEWAY_MULTIPLEX_PROFILES"


class Grammar(NamedTuple):
    """The rules by which routes are matched.

    Attributes:
        weights: The fields that name an id, and how much each adds to how specific a route is.
        numbers: Whether an id written as a number is read as text; otherwise it never matches.
        bot_profile: Whether a route applies to the messages of one profile's bot.
        closed: Whether a message routed to a profile that is not served gets no answer; otherwise the gateway's own
            profile answers.
        always: Whether one gateway always serves all profiles, so that routes always apply.
        sole: Fields that disable a route if they are present without a value.
        identities: Platforms where one person has several ids.
        suffix: The suffix of a platform's plugin name that its messages lack; a route with it never matches.
    """

    weights: tuple[tuple[str, int], ...]
    numbers: bool
    bot_profile: bool
    closed: bool
    always: bool
    sole: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    suffix: str = ""


BOT = "bot_profile"
NARROWING = ("user_id", BOT)
"""Fields that narrow a route but that older agents ignore."""
PLACES = (("guild_id", 2), ("chat_id", 4), ("thread_id", 8))
ID_FIELDS = (*dict(PLACES), "user_id")
GRAMMAR_0_19 = Grammar(weights=PLACES, numbers=False, bot_profile=False, closed=False, always=False)
GRAMMAR_0_22 = Grammar(
    weights=(*PLACES, ("user_id", 16)),
    numbers=True,
    bot_profile=True,
    closed=True,
    always=True,
    sole=("user_id",),
    identities=("whatsapp", "whatsapp_cloud"),
    suffix="-platform",
)
GRAMMAR_0_21 = GRAMMAR_0_22._replace(always=False)
NOT_PEOPLE = ("@g.us", "@broadcast", "@newsletter")
"""Suffixes of ids that name a group of people, on platforms with identities."""


class IdForm(NamedTuple):
    """How the messages of a platform spell an id; the agent compares texts, so another spelling never matches.

    Attributes:
        pattern: What every such id matches.
        example: One of them.
    """

    pattern: re.Pattern[str]
    example: str


def _form(pattern: str, example: str) -> IdForm:
    return IdForm(lazily.pattern(pattern), example)


_SNOWFLAKE = _form(r"[0-9]+", "112233445566778899")
_PERSON = _form(r"\+?[0-9][0-9:.-]*(?:@[\w.]+)?", "4915112345678@s.whatsapp.net")
_CALLERS = r"\+[0-9]+|[0-9A-Fa-f-]{36}"
_CALLER = _form(_CALLERS, "+4915112345678")
IDS: Mapping[str, Mapping[str, IdForm]] = {
    "discord": dict.fromkeys(ID_FIELDS, _SNOWFLAKE),
    "telegram": {
        "chat_id": _form(r"-?[0-9]+", "-1001234567890"),
        "thread_id": _form(r"[0-9]+", "42"),
        "user_id": _form(r"[0-9]+", "123456789"),
    },
    "slack": {
        "guild_id": _form(r"[TE][0-9A-Z]+", "T0123ABCD"),
        "chat_id": _form(r"[CDG][0-9A-Z]+", "C0123ABCD"),
        "thread_id": _form(r"[0-9]+\.[0-9]+", "1712345678.123456"),
        "user_id": _form(r"[UWB][0-9A-Z]+", "U0123ABCD"),
    },
    "matrix": {
        "chat_id": _form(r"!\S+", "!room:example.org"),
        "thread_id": _form(r"\$\S+", "$event"),
        "user_id": _form(r"@\S+", "@ada:example.org"),
    },
    "mattermost": {"chat_id": _form(r"[0-9a-z]{26}", "4xp9fdt77pncbef59f4k1qe83o")},
    "signal": {
        "chat_id": _form(rf"group:\S+|{_CALLERS}", "+4915112345678"),
        "user_id": _CALLER,
    },
    "whatsapp": {"chat_id": _PERSON, "user_id": _PERSON},
}
"""The form of ids on the platforms whose ids have one, by platform and field of a route."""
_ANY = _form(r"\S+", "12345")


def form_of(platform: str, field: str) -> IdForm:
    """Return the form of a platform's ids in a field of a route; of unknown ones, any word."""
    return IDS.get(platform.strip().lower(), {}).get(field, _ANY)


def bare_id(text: str) -> str:
    """Strip the plus sign, the device and the service from a person's id.

    To the agent, ``6012:47@s.whatsapp.net``, ``6012@lid`` and ``+6012`` are one person.
    """
    # Only the first plus sign, because the agent cuts ids in this way and both have to agree.
    return text.strip().replace("+", "", 1).split(":", 1)[0].split("@", 1)[0]
