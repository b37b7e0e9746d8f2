"""The one list of commands: where each one is, what it does in one line, and its group in the help."""

from __future__ import annotations

from hermes_dist.light import NamedTuple


class Verb(NamedTuple):
    """A command: its module in this room, its function there, its help line and its group."""

    module: str
    function: str
    help: str
    group: str


class Nested(NamedTuple):
    """A command that has verbs of its own; ``default`` is the one that is meant if none is named."""

    help: str
    group: str
    verbs: dict[str, Verb | Nested]
    default: str = ""


PACKAGES, PROFILES, MOVING, AUTHORS = "Packages", "Profiles", "Moving", "Authors"
FINDING, TRUST, FLEET, SETUP = "Finding", "Trust", "Fleet", "Set-up"
GROUPS = (PACKAGES, PROFILES, MOVING, AUTHORS, FINDING, TRUST, FLEET, SETUP)

VERBS: dict[str, Verb] = {
    "install": Verb(
        "package.install",
        "install",
        "Install an agent from a git repository, a folder or an archive.",
        PACKAGES,
    ),
    "update": Verb(
        "package.update",
        "update",
        "Update a profile to what its author ships now; your edits stay.",
        PACKAGES,
    ),
    "outdated": Verb(
        "package.inspect", "outdated", "Show which profiles have something new upstream.", PACKAGES
    ),
    "status": Verb(
        "package.inspect",
        "status",
        "Show your changes, open conflicts and what needs approval.",
        PACKAGES,
    ),
    "diff": Verb(
        "package.diff", "diff", "Show the changes line by line: yours, or upstream's.", PACKAGES
    ),
    "info": Verb("package.inspect", "info", "Describe a profile's package.", PACKAGES),
    "tree": Verb("layers.look", "tree", "Show the packages that a profile stands on.", PACKAGES),
    "why": Verb(
        "layers.look", "why", "Show where a file or setting comes from, and whose counts.", PACKAGES
    ),
    "owns": Verb("layers.look", "owns", "List what comes from one of its packages.", PACKAGES),
    "keep": Verb(
        "package.keep",
        "keep",
        "Keep a file, folder or key yours, whatever updates bring; or list these.",
        PACKAGES,
    ),
    "unkeep": Verb(
        "package.keep", "unkeep", "Stop keeping something yours; it stays as it is now.", PACKAGES
    ),
    "discard": Verb(
        "package.discard",
        "discard",
        "Throw away edits of yours, to have what the package ships.",
        PACKAGES,
    ),
    "resolve": Verb(
        "package.resolve",
        "resolve",
        "Settle conflicts: keep yours, take theirs, or both.",
        PACKAGES,
    ),
    "approve": Verb(
        "package.approve",
        "approve",
        "Approve what runs code, adds a schedule or loosens a setting.",
        PACKAGES,
    ),
    "history": Verb("package.history", "history", "List every change of a profile.", PACKAGES),
    "rollback": Verb(
        "package.history",
        "rollback",
        "Go back to an earlier package; your later edits stay.",
        PACKAGES,
    ),
    "undo": Verb(
        "package.history",
        "undo",
        "Undo the last change of a profile; what you edited since stays.",
        PACKAGES,
    ),
    "hold": Verb(
        "package.history", "hold", "Keep a profile where it is: updates skip it.", PACKAGES
    ),
    "unhold": Verb("package.history", "unhold", "Let a held profile be updated again.", PACKAGES),
    "uninstall": Verb(
        "package.upkeep",
        "uninstall",
        "Remove a package; what you edited or made stays.",
        PACKAGES,
    ),
    "adopt": Verb(
        "package.upkeep",
        "adopt",
        "Take over a profile that was installed without a lockfile.",
        PACKAGES,
    ),
    "verify": Verb(
        "package.upkeep", "verify", "Check a profile's files, contents and source.", PACKAGES
    ),
    "gc": Verb(
        "package.upkeep", "gc", "Delete stored contents that no profile needs any more.", PACKAGES
    ),
    "overview": Verb(
        "profiles",
        "overview",
        "Show where things stand and what to do next; also without a verb.",
        PROFILES,
    ),
    "current": Verb("profiles", "current", "Show the profile you are in.", PROFILES),
    "list": Verb("profiles", "list_", "List the profiles on this machine.", PROFILES),
    "show": Verb("profiles", "show", "Show one profile.", PROFILES),
    "use": Verb(
        "profiles", "use", "Make a profile the active one, which commands use by default.", PROFILES
    ),
    "create": Verb(
        "lifecycle", "create", "Make a profile, blank or as a clone of another.", PROFILES
    ),
    "rename": Verb(
        "lifecycle", "rename", "Rename a profile, with its command, service and routes.", PROFILES
    ),
    "follow": Verb(
        "links", "follow", "Allow updates to write through a link in a profile.", PROFILES
    ),
    "unfollow": Verb("links", "unfollow", "Stop writing through a link in a profile.", PROFILES),
    "describe": Verb("lifecycle", "describe", "Show or set what a profile is good at.", PROFILES),
    "alias": Verb("profiles", "alias", "Make a command that starts a profile.", PROFILES),
    "delete": Verb("lifecycle", "delete", "Move a profile to the trash, for 30 days.", PROFILES),
    "archive": Verb(
        "lifecycle", "archive", "Put a profile out of the way; nothing is lost.", PROFILES
    ),
    "restore": Verb(
        "lifecycle", "restore", "Bring a profile back from the archive or the trash.", PROFILES
    ),
    "apply": Verb("team", "apply", "Make this machine match a team's file; edits stay.", FLEET),
    "snapshot": Verb("team", "snapshot", "Write a team's file that describes this machine.", FLEET),
    "ui": Verb(
        "ui", "ui", "Show this machine's profiles in a browser, on this machine alone.", PROFILES
    ),
    "doctor": Verb(
        "doctor", "doctor", "Look for problems on this machine; --fix repairs them.", PROFILES
    ),
    "init": Verb(
        "author", "init", "Begin a package: write a manifest for a profile or folder.", AUTHORS
    ),
    "validate": Verb(
        "author", "validate", "Check a package for errors, leaks and what would be lost.", AUTHORS
    ),
    "pack": Verb(
        "author", "pack", "Show what a profile would ship, or write it as an archive.", AUTHORS
    ),
    "publish": Verb(
        "publish", "publish", "Publish a profile as a new version of its package.", AUTHORS
    ),
    "changes": Verb(
        "changes",
        "changes",
        "Show what was learned in a profile: the agent's changes, yours, and how to send them.",
        AUTHORS,
    ),
    "contribute": Verb(
        "publish", "contribute", "Send your changes back to a package's author.", AUTHORS
    ),
    "yank": Verb("registry", "yank", "Withdraw a release, in a checkout of its registry.", AUTHORS),
    "search": Verb(
        "registry", "search", "Find packages by words, in the registries of this machine.", FINDING
    ),
    "sign": Verb(
        "sign",
        "sign",
        "Sign a release tag with your ssh key, or name the next key.",
        AUTHORS,
    ),
    "export": Verb(
        "transfer", "export", "Write a profile to one file, without its secrets.", MOVING
    ),
    "import": Verb(
        "transfer",
        "import_",
        "Import a profile from a file, as a new one or merged into one.",
        MOVING,
    ),
    "completion": Verb(
        "completion", "completion", "Print the completion script for your shell.", SETUP
    ),
}
NESTED: dict[str, Nested] = {
    "backup": Nested(
        "Back up a profile or the whole machine, always encrypted; and restore it.",
        MOVING,
        {
            "make": Verb(
                "backup",
                "make",
                "Back up a profile, or all, with keys and sessions; `backup` alone means this.",
                MOVING,
            ),
            "restore": Verb(
                "backup",
                "restore",
                "Restore profiles from a backup, as new ones; none is overwritten.",
                MOVING,
            ),
        },
        default="make",
    ),
    "registry": Nested(
        "Indexes in which packages are found by name.",
        FINDING,
        {
            "list": Verb("registry", "list_", "List the registries of this machine.", FINDING),
            "add": Verb(
                "registry",
                "add",
                "Add a registry: a folder, a git repository, or static files.",
                FINDING,
            ),
            "remove": Verb("registry", "remove", "Remove a registry.", FINDING),
            "sync": Verb("registry", "sync", "Bring registries up to date.", FINDING),
            "check": Verb(
                "registry",
                "check",
                "Check every entry of a registry, and fetch what it pins.",
                FINDING,
            ),
        },
    ),
    "trust": Nested(
        "The keys of authors that this machine knows.",
        TRUST,
        {
            "list": Verb(
                "sign", "list_", "List known and revoked keys, and the policies in force.", TRUST
            ),
            "add": Verb("sign", "add", "Trust a key under a name.", TRUST),
            "remove": Verb("sign", "remove", "Forget a key, or revoke it.", TRUST),
            "require": Verb(
                "sign", "require", "Choose what has to be signed for a profile.", TRUST
            ),
        },
    ),
    "gateway": Nested(
        "Routes of the gateway that serves many profiles.",
        FLEET,
        {
            "route": Nested(
                "Choose which profile answers where.",
                FLEET,
                {
                    "add": Verb(
                        "routes",
                        "add",
                        "Let a profile answer in a guild, channel or thread.",
                        FLEET,
                    ),
                    "list": Verb("routes", "list_", "List the routes.", FLEET),
                    "remove": Verb(
                        "routes", "remove", "Remove a route, by its number, name or ids.", FLEET
                    ),
                    "test": Verb(
                        "routes", "try_", "Show which route wins for a message, and why.", FLEET
                    ),
                    "lint": Verb(
                        "routes",
                        "lint",
                        "Look for routes that can't match, or that no profile answers.",
                        FLEET,
                    ),
                },
            ),
        },
    ),
    "layer": Nested(
        "Put shared packages under a profile of your own.",
        PACKAGES,
        {
            "add": Verb(
                "layers.own",
                "add",
                "Put a package under your files in a profile, and over its package.",
                PACKAGES,
            ),
            "remove": Verb(
                "layers.own", "remove", "Remove a layer; what you edited stays.", PACKAGES
            ),
            "list": Verb("layers.own", "list_", "List what a profile stands on.", PACKAGES),
        },
    ),
    "gateways": Nested(
        "Act on the gateways of many profiles at once.",
        FLEET,
        {
            "start": Verb("gateways", "start", "Start gateways and wait until they serve.", FLEET),
            "stop": Verb(
                "gateways",
                "stop",
                "Stop gateways, and kill those that do not stop by themselves.",
                FLEET,
            ),
            "restart": Verb("gateways", "restart", "Stop and start gateways.", FLEET),
            "status": Verb(
                "gateways", "status", "Show the state of gateways and their services.", FLEET
            ),
            "list": Verb("gateways", "list_", "List the gateways of all profiles.", FLEET),
            "logs": Verb("gateways", "logs", "Show the logs of gateways, merged into one.", FLEET),
            "check": Verb(
                "gateways",
                "check",
                "Look for bots and ports that several gateways would use.",
                FLEET,
            ),
            "enable": Verb(
                "gateways",
                "enable",
                "Have gateways start at login, as services of the agent.",
                FLEET,
            ),
            "disable": Verb("gateways", "disable", "Remove the services of gateways.", FLEET),
        },
    ),
    "sync": Nested(
        "Keep a profile the same on several machines, by a private git repository.",
        MOVING,
        {
            "init": Verb(
                "sync", "init", "Make an empty repository the meeting place of a profile.", MOVING
            ),
            "join": Verb("sync", "join", "Join the machines that meet in a repository.", MOVING),
            "now": Verb(
                "sync", "now", "Take in what others sent, and send what changed here.", MOVING
            ),
            "status": Verb("sync", "status", "Show what comes in and what goes out.", MOVING),
            "leave": Verb(
                "sync", "leave", "Stop syncing a profile on this machine; its files stay.", MOVING
            ),
            "accept": Verb(
                "sync", "accept", "Accept a machine of yours: take in what it signs.", MOVING
            ),
            "forget": Verb("sync", "forget", "Forget a machine that is gone.", MOVING),
        },
    ),
    "front-door": Nested(
        "Make the agent's own command send profile commands here.",
        SETUP,
        {
            "install": Verb("front_door", "install", "Install the front door.", SETUP),
            "remove": Verb(
                "front_door", "remove", "Remove it, and put back what it replaced.", SETUP
            ),
            "status": Verb("front_door", "status", "Show where it is and what it starts.", SETUP),
        },
    ),
    "dashboard": Nested(
        "Show all this in the agent's own dashboard, as a tab.",
        SETUP,
        {
            "install": Verb(
                "dashboard.tab",
                "install",
                "Install the tab Packages; enabling it is a second question.",
                SETUP,
            ),
            "remove": Verb(
                "dashboard.tab", "remove", "Remove the tab; what you changed in it stays.", SETUP
            ),
            "status": Verb(
                "dashboard.tab", "status", "Show where the tab is and whether it works.", SETUP
            ),
        },
    ),
    "watch": Nested(
        "Tell of new releases once a day, and answer in the agent's chats.",
        SETUP,
        {
            "install": Verb(
                "watch.timer", "install", "Look for new releases every day; change nothing.", SETUP
            ),
            "remove": Verb("watch.timer", "remove", "Stop looking for new releases.", SETUP),
            "status": Verb(
                "watch.timer",
                "status",
                "Show the daily check, and the owners who get messages.",
                SETUP,
            ),
            "run": Verb("watch.timer", "run", "Look for new releases now.", SETUP),
            "chat": Nested(
                "Let the agent answer /dist in the chats of a profile.",
                SETUP,
                {
                    "install": Verb(
                        "watch.chat",
                        "install",
                        "Install the plugin; enabling it is a second question.",
                        SETUP,
                    ),
                    "remove": Verb(
                        "watch.chat", "remove", "Remove the plugin; what you changed stays.", SETUP
                    ),
                    "status": Verb(
                        "watch.chat", "status", "Show which profiles have the plugin.", SETUP
                    ),
                },
            ),
            "code": Verb(
                "watch.code", "code", "Show the code that carries out a plan from a chat.", SETUP
            ),
            "answer": Verb(
                "watch.answer", "answer", "Answer /dist in a chat, for the agent's plugin.", SETUP
            ),
            "owner": Nested(
                "Choose who commands hermes-dist in the agent's chats.",
                SETUP,
                {
                    "add": Verb(
                        "watch.owner",
                        "add",
                        "Let a person use /dist, with a code for each change.",
                        SETUP,
                    ),
                    "list": Verb("watch.owner", "list_", "List who may use /dist.", SETUP),
                    "remove": Verb(
                        "watch.owner", "remove", "Stop a person from using /dist.", SETUP
                    ),
                },
            ),
        },
    ),
}
