"""Who owns the chats of this machine, and what others may ask there."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.agents.chats import DIRECT, ID_IS_CHAT, VOUCHING
from hermes_dist.errors import DistError, Invalid, Refused, quoted

_ID = lazily.pattern(r"[!-~]{1,200}")
_MOST = 20


class Owner(Struct, frozen=True, kw_only=True):
    """A person who may command hermes-dist in a chat.

    Attributes:
        platform: The agent's name of the platform.
        id: The platform's id of the person.
        chat: The direct chat in which that person asked last; empty if there was none.
        profile: The profile that answered there; empty for the default one.
    """

    platform: str
    id: str
    chat: str = ""
    profile: str = ""

    @property
    def name(self) -> str:
        """The owner as one word, such as ``telegram:1234``."""
        return f"{self.platform}:{self.id}"

    @property
    def target(self) -> str:
        """Where a message reaches the owner, as the agent spells it; empty as long as nobody knows."""
        chat = self.chat or (self.id if self.platform in ID_IS_CHAT else "")
        return f"{self.platform}:{chat}" if chat else ""


class Owners(Struct, frozen=True, kw_only=True):
    """All owners of this machine's chats, as their file holds them."""

    format: int = 1
    owners: tuple[Owner, ...] = ()

    def find(self, platform: str, person: str) -> Owner | None:
        """The owner with that id; None if there is none."""
        return next((o for o in self.owners if (o.platform, o.id) == (platform, person)), None)

    def adding(self, platform: str, person: str) -> Owners:
        """Return the owners and one more.

        Raises:
            Refused: The platform does not vouch for who writes.
            Invalid: The id can't be one.
            DistError: There are too many.
        """
        owner = owner_of(platform, person)
        if self.find(owner.platform, owner.id):
            return self
        if len(self.owners) >= _MOST:
            raise DistError(
                f"there are {_MOST} owners already", hint="remove those that are gone by now"
            )
        return replace(self, owners=(*self.owners, owner))

    def without(self, platform: str, person: str) -> Owners:
        """Return the owners but one."""
        gone = (platform.strip().lower(), person.strip())
        kept = tuple(o for o in self.owners if (o.platform, o.id) != gone)
        return replace(self, owners=kept)

    def seen(self, owner: Owner, chat: str, profile: str) -> Owners:
        """Return the owners, one of them with the chat in which that person asks now."""
        now = replace(owner, chat=chat, profile=profile)
        return replace(self, owners=tuple(now if o == owner else o for o in self.owners))


def owner_of(platform: str, person: str) -> Owner:
    """Make an owner of what was typed.

    Raises:
        Refused: The platform does not vouch for who writes.
        Invalid: The id can't be one.
    """
    name, typed = platform.strip().lower(), person.strip()
    if name not in VOUCHING:
        raise Refused(
            f"{quoted(name, 60)} is not a platform that vouches for who writes a message",
            hint=f"one of: {', '.join(sorted(VOUCHING))}",
        )
    if not _ID.fullmatch(typed):
        raise Invalid(
            f"{quoted(typed, 60)} can't be the id of a person",
            hint="it has no spaces, and at most 200 characters: /dist in a direct chat says yours",
        )
    return Owner(platform=name, id=typed)


class Speaker(Struct, frozen=True, kw_only=True):
    """Who typed a text, as the agent's plugin tells.

    Attributes:
        platform: The agent's name of the platform; empty for the agent's own terminal.
        person: The platform's id of the person; empty if nobody knows.
        chat: The id of the chat.
        kind: The agent's word for the kind of chat.
        profile: The profile that the chat talks to; empty for that of the agent's home.
        is_bot: Whether a program writes there.
        is_typed: Whether the agent received exactly this text from that person.
        is_terminal: Whether the text comes from a terminal on which the agent runs.
    """

    platform: str = ""
    person: str = ""
    chat: str = ""
    kind: str = ""
    profile: str = ""
    is_bot: bool = False
    is_typed: bool = False
    is_terminal: bool = False


class Standing(StrEnum):
    """What somebody may do in a chat.

    Attributes:
        OWNER: Everything; what writes needs a code as well.
        READER: See which version a profile has and whether there is a newer one: nobody owns the chats yet.
        TERMINAL: See everything: who sits at the agent's terminal can start our command, too.
        STRANGER: Nothing.
        NOBODY: Nothing: the agent does not say that a person typed this text.
        GROUP: Nothing here, because others read along.
    """

    OWNER = "owner"
    READER = "reader"
    TERMINAL = "terminal"
    STRANGER = "stranger"
    NOBODY = "nobody"
    GROUP = "group"


def standing_of(speaker: Speaker, owners: Owners) -> Standing:
    """Decide what somebody may do.

    A text that no person typed gets nothing, whatever it names: a model, a skill, a tool and another plugin write into
    a chat as its person does.
    """
    if speaker.is_terminal:
        return Standing.TERMINAL
    known = bool(speaker.person) and speaker.platform in VOUCHING
    if not speaker.is_typed or speaker.is_bot or not known:
        return Standing.NOBODY
    if owners.owners and owners.find(speaker.platform, speaker.person) is None:
        return Standing.STRANGER
    if speaker.kind != DIRECT:
        return Standing.GROUP
    return Standing.OWNER if owners.owners else Standing.READER
