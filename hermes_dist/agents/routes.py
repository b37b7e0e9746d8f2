"""How the agent's gateway reads routes: the fields, their weights, and valid ids."""

from __future__ import annotations

from typing import NamedTuple

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
NOT_PEOPLE = ("@g.us", "@broadcast", "@newsletter")
"""Suffixes of ids that name a group of people, on platforms with identities."""
