"""How the agent's gateway reads routes: which fields there are, how much each weighs, what an id may be."""

from __future__ import annotations

from typing import NamedTuple

ROUTES = "profile_routes"
"""The key of the list, below ``gateway`` or at the top level of the default home's ``config.yaml``."""
MULTIPLEX = "multiplex_profiles"
"""The key beside it that lets one gateway serve every profile."""
STANDALONE = "standalone"
"""The key below ``gateway`` in a profile's own config that keeps it apart."""
MULTIPLEX_VARIABLE = "GATEWAY_MULTIPLEX_PROFILES"


class Grammar(NamedTuple):
    """The rules by which routes are matched.

    Attributes:
        weights: The fields that name an id, and how much each adds to how specific a route is.
        numbers: An id that is written as a number is read as text; otherwise it never matches.
        bot_profile: A route is about the messages of one profile's bot.
        closed: A message whose route leads to a profile that is not served gets no answer; otherwise the
            gateway's own profile answers.
        always: One gateway serves all profiles whatever the configuration says, so that routes always count.
        sole: Fields that leave a route out where they are there without a value.
        identities: Platforms where one person has several ids.
        suffix: What the name of a platform's plugin has behind the name that its messages carry; a route that
            has it matches none.
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
"""Fields that narrow a route, and that older agents do not read."""
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
"""Ends of ids that name a group of people, where a platform has identities."""
