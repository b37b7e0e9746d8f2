"""Generations of the agent: one value for each, chosen by the installed version.

Tables for all generations are their union, because a package or a home may come from any of them.
"""

from __future__ import annotations

from hermes_dist import lazily
from hermes_dist.agents.dialects import Dialect
from hermes_dist.agents.jobs import FIELDS_0_19, FIELDS_0_22, RUN_STATE_0_19, RUN_STATE_0_22
from hermes_dist.agents.names import RESERVED
from hermes_dist.agents.routes import GRAMMAR_0_19, GRAMMAR_0_21, GRAMMAR_0_22, Grammar
from hermes_dist.light import NamedTuple, StrEnum

START_AGAIN = 75
"""The exit code of a gateway that wants to be started again: EX_TEMPFAIL of sysexits.h, in all generations.

Since 0.22 it is also how a gateway ends that comes up just before another one has said which profiles it serves.
"""
_NUMBERS = lazily.pattern(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Gateways(StrEnum):
    """How profiles are served."""

    EACH = "one for each profile"
    ONE = "one for all profiles"


class Generation(NamedTuple):
    """What differs between releases of the agent.

    Attributes:
        name: The first release of this generation.
        since: The same, as numbers.
        config_version: The ``_config_version`` that it writes.
        gateways: How profiles are served.
        chosen: The setting that names the profiles of a gateway that serves several; empty if there is none.
        refused: The exit code of a gateway that refuses to start because another one serves its profile; 0 if there is
            no such check.
        routes: How routes are matched.
        dialect: Its YAML reader.
        job_fields: The fields of a job's definition.
        run_state: Patterns of the fields of a job that are run state.
        souls: SHA-256 digests of the SOUL.md that it seeds.
        reserved: Profile names that it refuses.
        unwise: Profile names that it accepts but that have another meaning somewhere.
        tombstones: The folder below ``profiles/`` that hides a deleted profile's name; empty if there is none.
        identity: Whether routing and sessions identify a profile by name, so that a rename or delete must update them.
    """

    name: str
    since: tuple[int, int, int]
    config_version: int
    gateways: Gateways
    chosen: str
    refused: int
    routes: Grammar
    dialect: Dialect
    job_fields: frozenset[str]
    run_state: tuple[str, ...]
    souls: tuple[str, ...]
    reserved: frozenset[str]
    unwise: frozenset[str]
    tombstones: str
    identity: bool


_SCAFFOLDS = (
    "82fa3438d86f8b95c6e96be89d853c8b561b3e6973ed61c90e70e0231dd24a7e",
    "3a10ce135b52753beda81368712decc49a83715d527e00660c19f69d1b4879da",
    "6bc146a50e8fe3bd555e89a77e93af1f781cece8cf549f0d7a02ee2389811c72",
    "a7207db3e18b0c275ebe782210cec77a75c09b24cbaf1a7d44bb91ee85df13e5",
)
"""Templates of older installers, with and without a final newline."""

V0_19 = Generation(
    name="0.19",
    since=(0, 19, 0),
    config_version=33,
    gateways=Gateways.EACH,
    chosen="",
    refused=0,
    routes=GRAMMAR_0_19,
    dialect=Dialect.PYYAML,
    job_fields=FIELDS_0_19,
    run_state=RUN_STATE_0_19,
    reserved=RESERVED,
    unwise=frozenset(),
    souls=("2765a846e1bb371d78d3b93b403dfb0f8d1ba1a9895edb5f608367abfe81194d", *_SCAFFOLDS),
    tombstones="",
    identity=False,
)
_SOULS = (
    "36c1f5a2e92cd1d018311eaf4c8f1e8886672eae78212e033c681d0e3d5d506f",
    "731f9a403cdc6a5c5c0e5c956a9238f54dae8b6e253bc29f9e47efb38eb6081a",
    "2765a846e1bb371d78d3b93b403dfb0f8d1ba1a9895edb5f608367abfe81194d",
    *_SCAFFOLDS,
)
V0_20 = V0_19._replace(
    name="0.20",
    since=(0, 20, 0),
    config_version=39,
    chosen="multiplex_profile_allowlist",
    job_fields=FIELDS_0_22,
    run_state=RUN_STATE_0_22,
    souls=_SOULS,
)
V0_21 = V0_20._replace(
    name="0.21",
    since=(0, 21, 1),
    config_version=44,
    chosen="",
    routes=GRAMMAR_0_21,
    tombstones=".deleted",
)
V0_22 = V0_21._replace(
    name="0.22",
    since=(0, 21, 4),
    config_version=50,
    gateways=Gateways.ONE,
    # EX_CONFIG of sysexits.h, at which systemd and s6 do not start the gateway again.
    refused=78,
    routes=GRAMMAR_0_22,
    dialect=Dialect.RUAMEL,
    unwise=frozenset(["main"]),
    identity=True,
)
GENERATIONS = (V0_19, V0_20, V0_21, V0_22)
NEWEST = GENERATIONS[-1]

RUN_STATE = tuple(dict.fromkeys(pattern for each in GENERATIONS for pattern in each.run_state))
"""Run state in any generation."""
SOULS = frozenset(digest for each in GENERATIONS for digest in each.souls)
"""Every SOUL.md that some generation seeds."""
DIALECTS = tuple(dict.fromkeys(each.dialect for each in GENERATIONS))
"""Every reader a file may meet: today's agent, the next release, or another machine's agent."""


def generation_of(version: str | None) -> Generation:
    """Return the generation of the installed agent's version: the newest that had begun, and 0.19 for older ones.

    Args:
        version: Such as ``0.19.0``; None if no agent is installed or its version is unknown.

    Returns:
        Of a version that is unknown, the newest: its gateway serves all profiles, and to treat it as an older one would
        start a second process on one bot.
    """
    found = _NUMBERS.match(version or "")
    if found is None:
        return NEWEST
    numbers = (int(found[1]), int(found[2]), int(found[3] or 0))
    begun = [each for each in GENERATIONS if each.since <= numbers]
    return begun[-1] if begun else V0_19
