"""Brands of the agent, and Layout: all paths as methods of one value."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.agents.places import PLUGINS, PROFILES, STICKY
from hermes_dist.errors import Invalid
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName

MANIFEST = "distribution.yaml"
LOCKFILE = "distribution.lock"
PRIVATE = ".dist"
SYNC = f"{PRIVATE}/sync"
SYNC_RECORD = f"{SYNC}/record.json"
SHARED = "distributions"
"""The folder below the root that all profiles share."""
LAYERS = "layers"
"""The folder in it with the lists of layers that users put under their profiles."""
OUR_PLUGINS = "hermes-dist-"
"""How the names of our plugins in the agent begin."""
OWN_PLUGINS = f"{PLUGINS}/{OUR_PLUGINS}*"
"""Plugin folders that we put into homes for the agent to load; no package contains one."""
BESIDE = f"{PROFILES}/.distributions"
"""Where homes are kept that are no profiles now, if the profiles are on a file system of their own. No profile has
such a name."""


class Brand(NamedTuple):
    """One member of the agent's family: the same layout under other names.

    Attributes:
        name: Its command and package family, such as ``hermes``.
        title: Its name in sentences.
        home_variable: The environment variable that moves its root.
        root_name: The name of its root folder in the user's home.
        agent_module: The module that its own command line lives in.
        agent_package: The package on PyPI that installs it.
        label: The prefix of its launchd labels.
    """

    name: str
    title: str
    home_variable: str
    root_name: str
    agent_module: str
    agent_package: str
    label: str

    @property
    def dist_command(self) -> str:
        """The command that is always available."""
        return f"{self.name}-dist"

    def spelled(self, prog: str, words: str) -> str:
        """Spell a command of ours as the user may type it.

        Args:
            prog: The words that the user typed before the verb now; empty for the command that is always available.
            words: The verb and what follows.

        Returns:
            For instance ``hermes profile update x``: behind the front door, other verbs than gateways, routes and
            completion belong to the agent unless ``profile`` stands before them.
        """
        prog = prog or self.dist_command
        verb = words.partition(" ")[0]
        if prog == self.name and verb not in {"gateway", "gateways", "completion"}:
            prog = f"{prog} profile"
        return f"{prog} {words}"

    @property
    def bin_variable(self) -> str:
        """The variable that names the agent's launcher."""
        return f"{self.name.upper()}_AGENT_BIN"

    @property
    def exec_variable(self) -> str:
        """The variable that carries our process id over a hand-over, to detect a loop."""
        return f"{self.name.upper()}_DIST_EXEC"

    @property
    def services_variable(self) -> str:
        """The variable that names the service manager, if it can't be detected."""
        return f"{self.name.upper()}_DIST_SERVICES"


HERMES = Brand(
    name="hermes",
    title="Hermes Agent",
    home_variable="HERMES_HOME",
    root_name=".hermes",
    agent_module="hermes_cli",
    agent_package="hermes-agent",
    label="ai.hermes",
)
AIGENLABS = Brand(
    name="aigenlabs",
    title="Aigenlabs Agent",
    home_variable="AIGENLABS_HOME",
    root_name=".aigenlabs",
    agent_module="aigenlabs_cli",
    agent_package="aigenlabs-agent",
    label="ai.aigenlabs",
)
BRANDS = (HERMES, AIGENLABS)


class Layout(NamedTuple):
    """Where everything of one brand lives on one machine.

    Args:
        brand: The brand.
        root: The root folder, such as ``~/.hermes``; also the default profile's home.
        user_home: The user's home folder, for commands and service files.
        aside: The folder, below the root, of whole homes that are no profiles now: being built, deleted, archived.
    """

    brand: Brand
    root: Path
    user_home: Path
    aside: str = SHARED

    @classmethod
    def locate(
        cls, brand: Brand, user_home: Path, override: str
    ) -> tuple[Layout, ProfileName | None]:
        """Find the root, and the profile that the brand's home variable names.

        Args:
            brand: The brand.
            user_home: The user's home.
            override: The value of the brand's home variable; empty when unset.

        Returns:
            The layout, and the profile when ``override`` is ``<root>/profiles/<name>``. As for the agent, a
            folder below the usual root does not move the root.

        Raises:
            Invalid: ``override`` names a profile whose name is not valid.
        """
        usual = user_home / brand.root_name
        text = override.strip()
        if not text:
            return cls(brand, usual, user_home), None
        home = Path(text)
        if text == "~" or text.startswith("~/"):
            home = user_home / text[2:]
        root, name = home, None
        if home.parent.name == PROFILES:
            root = home.parent.parent
            try:
                name = ProfileName(home.name)
            except Invalid as err:
                raise err.within(brand.home_variable) from None
        if usual in home.parents:
            root = usual
        return cls(brand, root, user_home), name

    @property
    def usual_root(self) -> Path:
        """The root that the agent takes without its home variable."""
        return self.user_home / self.brand.root_name

    @property
    def profiles(self) -> Path:
        return self.root / PROFILES

    def home(self, name: ProfileName) -> Path:
        """The home folder of a profile; the root itself for the default one."""
        if name == DEFAULT_PROFILE:
            return self.root
        return self.profiles / name

    @property
    def sticky(self) -> Path:
        """The file that names the active profile."""
        return self.root / STICKY

    @property
    def moving(self) -> Path:
        """The journal of a home that changes its place; it is there until all that refers to the home has followed."""
        return self.shared / "move.json"

    @property
    def shared(self) -> Path:
        """The folder that all profiles share: store, caches, usually the trash."""
        return self.root / SHARED

    @property
    def store(self) -> Path:
        return self.shared / "store"

    @property
    def git_cache(self) -> Path:
        """Bare repositories, one for each URL."""
        return self.shared / "git"

    # On the disk of the profiles, as arriving, trash and archived are, because a rename can't leave
    # the file system.
    @property
    def staging(self) -> Path:
        """Where a new home is built before it is renamed into place."""
        return self.root / self.aside / "staging"

    @property
    def arriving(self) -> Path:
        """Where files from an archive are kept that are too large for memory."""
        return self.root / self.aside / "arriving"

    @property
    def trash(self) -> Path:
        return self.root / self.aside / "trash"

    @property
    def archived(self) -> Path:
        return self.root / self.aside / "archived"

    @property
    def front_door_state(self) -> Path:
        """The file that records what the front door replaced."""
        return self.shared / "front-door.json"

    @property
    def front_door_offer(self) -> Path:
        """The file that exists once the front door was offered."""
        return self.shared / "front-door-offered"

    @property
    def trust_file(self) -> Path:
        """The keyring."""
        return self.shared / "trust.toml"

    def own_layers(self, name: str) -> Path:
        """The folder with the list of the layers that a user puts under a profile: its source.

        ``name`` is the profile's, or that of the folder of one that is put away.
        """
        return self.shared / LAYERS / name

    @property
    def watch(self) -> Path:
        """The folder of what the watch knows: who owns the machine's chats, codes, and what was told."""
        return self.shared / "watch"

    @property
    def policies(self) -> tuple[Path, ...]:
        """The policies on accepted packages: the machine's and the user's; those of teams apply, too."""
        return Path("/etc") / self.brand.dist_command / "policy.toml", self.shared / "policy.toml"

    @property
    def team_policies(self) -> Path:
        """The folder of the policies that come from files of teams, each under its name."""
        return self.shared / "policies"

    def called(self, path: Path) -> str:
        """What messages call one of these places."""
        return str(path)

    @property
    def commands(self) -> Path:
        """The folder of aliases and of the front door."""
        return self.user_home / ".local" / "bin"

    def alias(self, name: str) -> Path:
        return self.commands / name

    @property
    def launcher(self) -> Path:
        """The front door."""
        return self.commands / self.brand.name

    def lockfile(self, name: ProfileName) -> Path:
        return self.home(name) / LOCKFILE

    def private(self, name: ProfileName) -> Path:
        return self.home(name) / PRIVATE

    def service_files(self, name: ProfileName) -> tuple[Path, ...]:
        """The service files a gateway may have: systemd's user unit, launchd's plist."""
        suffix = "" if name == DEFAULT_PROFILE else f"-{name}"
        return (
            self.user_home / ".config/systemd/user" / f"{self.brand.name}-gateway{suffix}.service",
            self.user_home / "Library/LaunchAgents" / f"{self.brand.label}.gateway{suffix}.plist",
        )

    def watch_files(self, name: str) -> tuple[Path, Path, Path]:
        """The files that start the daily check: systemd's service and timer, launchd's plist."""
        units = self.user_home / ".config/systemd/user"
        return (
            units / f"{name}.service",
            units / f"{name}.timer",
            self.user_home / "Library/LaunchAgents" / f"{self.brand.label}.{name}.plist",
        )

    def agent_venvs(self) -> tuple[Path, ...]:
        """Where the agent's own installer puts its launcher."""
        source = self.root / f"{self.brand.name}-agent"
        return tuple(source / venv / "bin" / self.brand.name for venv in ("venv", ".venv"))
