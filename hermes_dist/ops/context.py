"""The context of a verb: everything it works with, and the one reader of the environment."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

from hermes_dist.brand import Brand, Layout
from hermes_dist.errors import DistError, Invalid, NameWithVersion, NoProfileName, UsageError
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING, Protocol
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.world import trace
from hermes_dist.world.disk.owners import leads_to_others, settle
from hermes_dist.world.files import read_file

with later():
    from hermes_dist.ops.whereabouts import (
        incomplete,
        missing_profile,
        named_by_folder,
        named_by_variable,
    )
    from hermes_dist.world.no_folder import no_folder

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from hermes_dist.agents.generation import Generation
    from hermes_dist.world.agent.find import Agent
    from hermes_dist.world.disk.store import Store
    from hermes_dist.world.registry.api import Registries
    from hermes_dist.world.sources.api import Sources

Progress = Callable[[str], None]


def has_written() -> bool:
    """Whether this process has begun to write a change into a home."""
    return trace.has_written()


def silent(_line: str) -> None:
    """Show no progress: the default reporter."""


class Supplies(Protocol):
    """Sources and registries from elsewhere than where their addresses lead."""

    def sources(self, ctx: Context) -> Sources: ...

    def registries(self, ctx: Context) -> Registries: ...


class Context:
    """What every verb is given. It never changes.

    Args:
        brand: The brand of the command.
        layout: Where all files of this machine's profiles are.
        env: The environment of the process.
        chosen: The profile that ``-p`` or the brand's home variable names.
        prog: How the program was called, for commands in messages; by default the form that always works.
        offline: Contact no server.
        allow_insecure: Allow ``http://`` and ``git://`` to other machines.
        progress: Called with what is being fetched or written.
        shown: The states of profiles that the user was shown, as :func:`hermes_dist.ops.homes.state_of` spells them; a
            change of one that is in another state by then is refused.
        supplies: Where sources and registries come from; None for where their addresses lead.
    """

    def __init__(
        self,
        brand: Brand,
        layout: Layout,
        env: Mapping[str, str],
        chosen: ProfileName | None = None,
        prog: str = "",
        *,
        offline: bool = False,
        allow_insecure: bool = False,
        progress: Progress = silent,
        shown: Mapping[ProfileName, str] = MappingProxyType({}),
        supplies: Supplies | None = None,
    ) -> None:
        self.brand = brand
        self.layout = layout
        self.env = env
        self.chosen = chosen
        self.prog = prog
        self.offline = offline
        self.allow_insecure = allow_insecure
        self.progress = progress
        self.shown = shown
        self.supplies = supplies
        if os.geteuid() == 0:
            _refuse_planted(layout.shared, layout.store, layout.git_cache)
            _settle_at_exit(layout.shared)

    @classmethod
    def from_environment(
        cls,
        brand: Brand,
        profile: str | None = None,
        prog: str = "",
        *,
        env: Mapping[str, str] | None = None,
        root: Path | None = None,
    ) -> Context:
        """Make the context from an environment.

        Args:
            brand: The brand of the command.
            profile: The profile that ``-p`` names; None for none.
            prog: How the program was called.
            env: The environment; None for that of this process.
            root: The folder of all profiles; None to find it from the environment.

        Raises:
            Invalid: The text is not a valid profile name.
            DistError: Something else is where the folder of all profiles has to be, or nobody may read it.
        """
        env = dict(os.environ if env is None else env)
        user_home = _user_home(env, brand)
        if root is not None:
            _refuse_unread(root)
            return cls(brand, Layout(brand, root, user_home), env, None, prog)
        override = env.get(brand.home_variable, "")
        layout, named = Layout.locate(brand, user_home, override)
        way_out = f", or let {brand.home_variable} name another folder" if override else ""
        _refuse_unread(layout.root, way_out)
        if profile == "":
            raise _nameless()
        chosen = ProfileName.typed(profile) if profile else named
        return cls(brand, layout, env, chosen, prog)

    def with_options(
        self, *, offline: bool = False, allow_insecure: bool = False, progress: Progress = silent
    ) -> Context:
        """Return the context with a command's options applied."""
        return self._but(offline=offline, allow_insecure=allow_insecure, progress=progress)

    def at(self, layout: Layout) -> Context:
        """Return the context with other places."""
        return self._but(layout=layout)

    def with_supplies(self, supplies: Supplies) -> Context:
        """Return the context with sources and registries from elsewhere."""
        return self._but(supplies=supplies)

    def showing(self, shown: Mapping[ProfileName, str]) -> Context:
        """Return the context for what follows a screen that showed profiles in these states."""
        return self._but(shown=shown)

    def _but(self, layout: Layout | None = None, **other: Any) -> Context:
        same = {
            "offline": self.offline,
            "allow_insecure": self.allow_insecure,
            "progress": self.progress,
            "shown": self.shown,
            "supplies": self.supplies,
        }
        layout = layout or self.layout
        return Context(self.brand, layout, self.env, self.chosen, self.prog, **{**same, **other})

    def command(self, words: str) -> str:
        """Spell a command of ours for the user, such as ``hermes profile update x``."""
        return self.brand.spelled(self.prog, words)

    @cached_property
    def store(self) -> Store:
        from hermes_dist.world.disk.store import Store  # noqa: PLC0415 - ``list`` reads no contents and would pay for it

        return Store(self.layout.store)

    @cached_property
    def sources(self) -> Sources:
        if self.supplies is not None:
            return self.supplies.sources(self)
        from hermes_dist.world.sources.api import open_sources  # noqa: PLC0415 - only commands that fetch should pay for it

        return open_sources(
            self.layout,
            lambda: self.store,
            self.env,
            offline=self.offline,
            allow_insecure=self.allow_insecure,
        )

    @cached_property
    def registries(self) -> Registries:
        if self.supplies is not None:
            return self.supplies.registries(self)
        from hermes_dist.world.registry.api import Registries  # noqa: PLC0415 - only commands that name a package should pay for it

        return Registries(
            self.layout,
            self.store,
            self.env,
            offline=self.offline,
            allow_insecure=self.allow_insecure,
            progress=self.progress,
        )

    @cached_property
    def agent(self) -> Agent | None:
        from hermes_dist.world.agent.find import find_agent  # noqa: PLC0415 - most commands never ask about the agent

        return find_agent(self.layout, self.env)

    @property
    def agent_command(self) -> str:
        """The agent's command as a user types it, by its path where no ``PATH`` leads to it; empty without an agent."""
        return self.agent.typed(self.brand, self.env) if self.agent else ""

    @cached_property
    def agent_version(self) -> str | None:
        from hermes_dist.world.agent.find import version  # noqa: PLC0415 - most commands never ask about the agent

        if self.agent is None:
            return None
        return version(self.agent, self.brand, self.env)

    @cached_property
    def generation(self) -> Generation:
        """The generation of the installed agent; the newest if none is installed."""
        from hermes_dist.agents.generation import generation_of  # noqa: PLC0415 - most commands never ask about the agent

        return generation_of(self.agent_version)

    def now(self) -> datetime:
        """The current time, in the time zone of this machine."""
        from datetime import datetime  # noqa: PLC0415 - start-up

        return datetime.now().astimezone()

    def active(self) -> ProfileName:
        """The profile that a command without a name is about.

        Raises:
            DistError: The profile does not exist.
        """
        if self.chosen:
            return self._given(self.chosen)
        try:
            text = read_file(self.layout.sticky).decode("utf-8").strip()
        except OSError:
            self._refuse_foreign(DEFAULT_PROFILE)
            return DEFAULT_PROFILE
        try:
            name = ProfileName(text or "default")
        except Invalid as err:
            raise err.within(str(self.layout.sticky)) from None
        if not self.layout.home(name).is_dir():
            raise incomplete(self.layout, name) or DistError(
                f"the active profile {name!r} does not exist",
                where=str(self.layout.sticky),
                hint=f"choose another with: {self.command('use NAME')}",
            )
        self._refuse_foreign(name)
        return name

    def _given(self, name: ProfileName) -> ProfileName:
        """The profile that ``-p`` or the brand's home variable names."""
        try:
            return self.profile(name)
        except DistError as err:
            variable, home = self.brand.home_variable, self.layout.home(name)
            override = self.env.get(variable, "")
            if (
                home.is_dir()
                or Layout.locate(self.brand, self.layout.user_home, override)[1] != name
            ):
                raise
            raise named_by_variable(err, variable, home) from None

    def profile(self, name: str | None) -> ProfileName:
        """The profile that a command names; ``.`` or no name means the active one.

        Raises:
            UsageError: The name is empty, as from an unset shell variable: that must not mean the active profile.
            DistError: The profile does not exist; the error lists similar names.
        """
        if name == "":
            raise _nameless()
        if name in (None, "."):
            return self.active()
        try:
            profile = ProfileName.typed(str(name))
        except Invalid as err:
            raise self._meant(str(name), err) from None
        if profile != DEFAULT_PROFILE and not self.layout.home(profile).is_dir():
            raise self.missing_profile(profile)
        self._refuse_foreign(profile)
        return profile

    def _meant(self, text: str, err: Invalid) -> Invalid:
        """Say what to write instead of a word that can't be the name of a profile."""
        name, at, version = text.partition("@")
        if at and name in self.names():
            return NameWithVersion(err, text, name, version)
        if text.startswith(("./", "../", "/", "~")) and os.path.exists(os.path.expanduser(text)):
            err.hint, err.command = "what is in it is shown by", f"install {text} -n"
            if meant := named_by_folder(self.layout, self.names(), text):
                err.hint, err.command = (
                    f"write the name of the profile, not its folder: {meant}",
                    "",
                )
        elif _looks_like_path(text):
            hint = "the profile comes first, then a path or key; . means the active profile"
            return NoProfileName(err.what, hint=hint)
        return err

    def missing_profile(self, name: ProfileName) -> DistError:
        """Make the error for a profile that is not there; it says what became of it."""
        return missing_profile(self.layout, name, self.names())

    def _refuse_foreign(self, name: ProfileName) -> None:
        """Make sure that a home, and the folders it is in, are no links to folders of another user.

        Raises:
            DistError: One of them is.
        """
        for place in (self.layout.root, self.layout.profiles, self.layout.home(name)):
            if leads_to_others(str(place)):
                raise _leads_astray(place)

    def free_home(self, name: ProfileName, hint: str = "choose another name") -> Path:
        """Return the path of a new home, if it is free.

        Args:
            name: The name of the new profile.
            hint: What to do if there is such a profile.

        Raises:
            DistError: Something is there already, or something else is where the folder of all profiles has to be.
        """
        _refuse_unread(self.layout.profiles)
        home = self.layout.home(name)
        if home.exists() or home.is_symlink():
            raise incomplete(self.layout, name) or DistError(
                f"a profile {str(name)!r} exists already", where=str(home), hint=hint
            )
        return home

    def names(self) -> list[ProfileName]:
        """Every profile, the default one first.

        Raises:
            DistError: Something else is where their folder has to be, or nobody may read it.
        """
        found = []
        try:
            entries = sorted(os.scandir(self.layout.profiles), key=lambda e: e.name)
        except OSError:
            _refuse_unread(self.layout.profiles)
            entries = []
        for entry in entries:
            try:
                # Whether it is a link, the listing has said already.
                foreign = entry.is_symlink() and leads_to_others(entry.path)
                if entry.is_dir() and not foreign:
                    found.append(ProfileName(entry.name))
            except (Invalid, OSError):  # OSError: a link that leads back to itself
                continue
        return [DEFAULT_PROFILE, *found] if self.layout.root.is_dir() else found


def _user_home(env: Mapping[str, str], brand: Brand) -> Path:
    """The folder of the user; that of all profiles where neither HOME nor the system names one."""
    if env.get("HOME"):
        return Path(env["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        root = env.get(brand.home_variable)
        if not root:
            raise UsageError(
                "HOME is not set, and the system knows no user of this number",
                hint=f"set HOME, or {brand.home_variable}",
            ) from None
        return Path(root)


def _refuse_unread(folder: Path, way_out: str = "") -> None:
    """Make sure that a folder can be read, or that nothing is in its place.

    Args:
        folder: The folder.
        way_out: What else than to change what is there, for the hint.

    Raises:
        DistError: It can't be read.
    """
    # One call of the system, in each command: only a folder that may be read has this name.
    if os.access(f"{folder}/.", os.R_OK | os.X_OK):
        return
    if error := no_folder(folder, way_out):
        raise error


@cache
def _settle_at_exit(folder: Path) -> None:
    """Give what root makes in a folder of ours to its owner, at the latest when the program ends."""
    atexit.register(settle, folder)


def _refuse_planted(*places: Path) -> None:
    """Make sure that root writes into folders of ours through no link that another user made to a folder of root.

    Raises:
        DistError: One of them is such a link.
    """
    for place in places:
        if leads_to_others(str(place)) and place.lstat().st_uid != 0:
            raise _leads_astray(place)


def _leads_astray(place: Path) -> DistError:
    return DistError(
        f"it is a link to a folder of another user: {os.path.realpath(place)}",
        where=str(place),
        hint="let it lead to a folder of your own, or work as that user",
    )


def _looks_like_path(word: str) -> bool:
    return "://" not in word and "@" not in word and any(sign in word for sign in "./:")


def _nameless() -> UsageError:
    return UsageError(
        "the profile name is empty", hint="leave it out, or write . for the active one"
    )
