"""What the file of a team says, as values."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from hermes_dist import lazily
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Digest
from hermes_dist.model.trust import KnownKey, Policy

_REFERENCE = lazily.pattern(
    r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f\x7f]+|op://[^\x00-\x1f\x7f]+|pass:[^-\x00-\x1f\x7f][^\x00-\x1f\x7f]*"
)
_BEGINS_AS_ONE = lazily.pattern(r"(?:env|file|op|pass):")
_TEXT = "text:"
"""What an answer begins with that would be taken for a reference, or for nothing."""


def is_reference(word: str) -> bool:
    """Whether a word says where a value is, and is not the value."""
    return _REFERENCE.fullmatch(word) is not None


def begins_as_reference(word: str) -> bool:
    """Whether a word begins as a reference does, so that one which is none is mostly a typing error."""
    return _BEGINS_AS_ONE.match(word) is not None


def answer_of(word: str) -> str:
    """The answer that a word gives to an input; empty words give none, and references are looked up instead."""
    return word.removeprefix(_TEXT)


def word_for(answer: str) -> str:
    """The word that gives an answer."""
    plain = answer and not begins_as_reference(answer) and not answer.startswith(_TEXT)
    return answer if plain else f"{_TEXT}{answer}"


class WantedRegistry(Struct, frozen=True, kw_only=True):
    """A registry that the machine should know.

    Attributes:
        name: Its name on the machine.
        place: A folder, a git repository, or the address of static files.
        fingerprint: For static files: the fingerprint of their first root.
    """

    name: str
    place: str
    fingerprint: str = ""


class WantedLayer(Struct, frozen=True, kw_only=True):
    """A package that a profile should stand on.

    Attributes:
        source: Its source, with its ref or range.
        only: The parts that it brings; empty for all.
        base: Whether it is what the profile extends, below all packs.
    """

    source: str
    only: tuple[str, ...] = ()
    base: bool = False


class WantedApproval(Struct, frozen=True, kw_only=True):
    """Something that is approved beforehand, by its exact content.

    Attributes:
        at: Its place, for the people who read the file.
        digest: The digest of what is approved; content with another one waits.
    """

    at: str
    digest: Digest

    def __str__(self) -> str:
        """Its place, or what is known without one."""
        return self.at or self.digest[:8]


class WantedProfile(Struct, frozen=True, kw_only=True):
    """A profile that the machine should have.

    Attributes:
        name: Its name.
        source: Where its package comes from, with its ref or range; empty for a profile without one.
        registry: The registry that a name as source belongs to; empty to find out.
        layers: What is put under it besides.
        only: The parts of the package to take; empty for all.
        without: The parts of the package to leave out.
        include: Paths to take along although the author's list leaves them out.
        keep: Places that stay as they are on the machine.
        held: Whether updates skip it; None to leave that to the machine.
        approve: What is approved beforehand.
        variables: The variables that it needs, each with a reference to its value; empty for none.
        aliases: The commands that start it.
        inputs: The answers to the inputs of its package and layers: a reference, a word of :func:`answer_of`, or empty
            for one that somebody has to give.
        gateway: Whether its gateway should run; None leaves it as it is.
    """

    name: ProfileName
    source: str = ""
    registry: str = ""
    layers: tuple[WantedLayer, ...] = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    held: bool | None = None
    approve: tuple[WantedApproval, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    gateway: bool | None = None

    @property
    def base(self) -> WantedLayer | None:
        """What lies below all packs: the base among the layers, or the profile's own package; None for nothing."""
        for layer in self.layers:
            if layer.base:
                return layer
        return WantedLayer(source=self.source, base=True) if self.source else None

    @property
    def packs(self) -> tuple[WantedLayer, ...]:
        """The layers above the base."""
        return tuple(layer for layer in self.layers if not layer.base)

    @property
    def digests(self) -> frozenset[Digest]:
        """The digests of all that is approved beforehand."""
        return frozenset(one.digest for one in self.approve)


class WantedRoute(Struct, frozen=True, kw_only=True):
    """A route of the gateway that serves many profiles; empty ids match anything."""

    profile: ProfileName
    platform: str = "discord"
    guild: str = ""
    channel: str = ""
    thread: str = ""
    user: str = ""
    bot: str = ""
    name: str = ""


class Team(Struct, frozen=True, kw_only=True):
    """What a machine should have.

    Attributes:
        trusted: The keys that the machine should trust.
        revoked: The keys whose signatures it should refuse.
        policies: What it should accept; the place of each is its name.
        registries: The registries.
        profiles: The profiles, each name once.
        routes: The routes of the gateway.
        multiplex: Whether one gateway serves all profiles, so that an older agent looks at the routes; False leaves it.
    """

    trusted: tuple[KnownKey, ...] = ()
    revoked: tuple[KnownKey, ...] = ()
    policies: tuple[Policy, ...] = ()
    registries: tuple[WantedRegistry, ...] = ()
    profiles: tuple[WantedProfile, ...] = ()
    routes: tuple[WantedRoute, ...] = ()
    multiplex: bool = False

    def named(self, name: str) -> WantedProfile | None:
        """The profile of a name; None if the file names none."""
        return next((one for one in self.profiles if one.name == name), None)
