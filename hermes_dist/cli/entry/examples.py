"""The one list of examples: two or three command lines for each verb, as its help and the reference show them.

A test parses each of them, so that none speaks of an option that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.light import NamedTuple


class Example(NamedTuple):
    """A command line, without the program's name, and what it does."""

    words: str
    says: str


def _of(*shown: tuple[str, str]) -> tuple[Example, ...]:
    return tuple(Example(words, says) for words, says in shown)


EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "install": _of(
        ("install github.com/you/research-bot", "Install what the default branch has now."),
        ("install you/bots//research#v1.2.0 --name lab", "A subfolder at a tag, under your name."),
        ("install ./research-bot -n", "Show what a folder would install, and change nothing."),
    ),
    "update": _of(
        ("update research-bot", "Show what is new, ask, and merge it with your edits."),
        ("update --all -y", "Update every profile; conflicts and approvals stay open."),
        ("update research-bot --to v2.0.0", "Follow this tag from now on."),
    ),
    "apply": _of(
        ("apply team.toml", "Show what would change, ask, and make the changes."),
        ("apply team.toml -n --exit-code", "Only look; 10 means that something differs."),
        ("apply team.toml --bundle team.bundle", "The same without a network, from a bundle."),
    ),
    "snapshot": _of(
        ("snapshot -o team.toml", "Describe this machine, without the values of variables."),
        ("snapshot", "The same, on the screen."),
        (
            "snapshot --from team.toml --bundle team.bundle",
            "Pack what a file needs, for a machine without a network.",
        ),
    ),
    "outdated": _of(
        ("outdated", "Every profile: what is installed, in range and newest."),
        (
            "outdated research-bot --json",
            "One profile, for a script; 10 means that something is new.",
        ),
    ),
    "status": _of(
        ("status research-bot", "Your changes, open conflicts, and what needs approval."),
        ("status --all --exit-code", "Every profile; 10 means that something differs."),
    ),
    "diff": _of(
        ("diff research-bot", "What you changed since the last update."),
        (
            "diff . config.yaml --upstream",
            "What an update would bring to one file; . is the active profile.",
        ),
        ("diff . --generations 2..5 --stat", "Between two generations, only the number of lines."),
    ),
    "info": _of(
        ("info research-bot", "The package of a profile: source, commit, signer, variables."),
        ("info --package research-bot", "A package of a registry, before you install it."),
    ),
    "tree": _of(
        ("tree research-bot", "Its package, and the base and packs that it stands on."),
        ("tree . --json", "The same for a program; . is the active profile."),
    ),
    "why": _of(
        ("why research-bot agent.max_turns", "What each package says, and whose value counts."),
        ("why . SOUL.md", "Which package a file comes from, or that it is yours."),
    ),
    "owns": _of(
        ("owns research-bot team-base", "The files and settings that come from team-base."),
        ("owns . team-base --json", "The same for a program."),
    ),
    "layer add": _of(
        ("layer add lab github.com/team/base --base", "Extend a shared base; your files stay."),
        ("layer add lab github.com/team/skills@^1 --only skills", "Bring the skills of a pack."),
    ),
    "layer remove": _of(
        ("layer remove lab team-skills", "Take a pack out by its name."),
        ("layer remove lab github.com/team/base -n", "Show what would go, and change nothing."),
    ),
    "layer list": _of(
        ("layer list lab", "The layers of a profile, with versions and sources."),
        ("layer list . --json", "The same for a program."),
    ),
    "keep": _of(
        ("keep research-bot SOUL.md skills/charts", "No update changes these any more."),
        ("keep research-bot agent.max_turns", "Keep one setting of config.yaml."),
        ("keep research-bot", "List what is kept."),
    ),
    "unkeep": _of(
        ("unkeep research-bot SOUL.md", "Let updates merge it again."),
        ("unkeep research-bot --all", "Stop keeping everything."),
    ),
    "discard": _of(
        ("discard research-bot SOUL.md", "Show your edits of a file, ask, and throw them away."),
        ("discard research-bot agent.max_turns skills/charts", "A setting, and a whole folder."),
        ("discard . --all -n", "Show all that would be thrown away, and change nothing."),
    ),
    "resolve": _of(
        ("resolve research-bot", "Ask about each open conflict."),
        ("resolve research-bot skills/charts --ours", "Keep yours in a whole folder, this time."),
        ("resolve . SOUL.md --tool meld", "Merge one file in a tool of yours; --show only looks."),
    ),
    "approve": _of(
        ("approve research-bot --list", "List what waits, what is approved, and what is off."),
        ("approve research-bot mcp_servers.web --show", "Show everything that one server does."),
        ("approve research-bot mcp_servers.web", "Approve only that one."),
    ),
    "history": _of(
        ("history research-bot", "List every change, the newest first."),
        ("history . 4", "One change in detail, with every file that it wrote."),
    ),
    "rollback": _of(
        ("rollback research-bot", "Go back to the version before; later edits stay."),
        ("rollback research-bot 4", "Go back to the package of generation 4; later edits stay."),
        ("rollback . 4 --exact -n", "Show what restoring the files as they were would do."),
    ),
    "undo": _of(
        ("undo research-bot", "Say what would be undone, ask, and undo it."),
        ("undo research-bot -n", "Show it, and change nothing."),
    ),
    "hold": _of(
        ("hold research-bot", "Updates skip it until you release it."),
        ("hold", "The same for the active profile."),
    ),
    "unhold": _of(
        ("unhold research-bot", "Let updates change it again."),
        ("unhold .", "The same for the active profile."),
    ),
    "uninstall": _of(
        ("uninstall research-bot", "Show what would be removed, and ask; your edits stay."),
        ("uninstall research-bot --keep-files", "Only forget the package; every file stays."),
    ),
    "adopt": _of(
        ("adopt research-bot", "Find the version that the agent's own installer left here."),
        (
            "adopt research-bot github.com/you/research-bot",
            "The same, if its manifest names no source.",
        ),
        ("adopt --all -n", "Show what would be found for every profile without a lockfile."),
    ),
    "verify": _of(
        ("verify research-bot", "Check its files, their stored contents and its source."),
        ("verify research-bot --offline", "The same without asking the source."),
    ),
    "gc": _of(
        ("gc -n", "Show what would be freed."),
        (
            "gc --keep 5 --older-than 30",
            "Keep five generations, and contents younger than 30 days.",
        ),
        (
            "gc --keep 1 --older-than 0 --sources",
            "Free as much as possible; the last change can still be undone.",
        ),
    ),
    "overview": _of(
        ("", "The active profile, what is open, and what to do next."),
        ("overview --json", "The same for a script."),
    ),
    "current": _of(
        ("current", "The profile that commands use if you name none."),
        ("current --json", "The same for a script."),
    ),
    "list": _of(
        ("list", "Every profile, with its package and what is open."),
        ("list --json", "The same for a script."),
    ),
    "show": _of(
        ("show research-bot", "Its folder, model, gateway, package and description."),
        ("show", "The same of the active profile."),
    ),
    "use": _of(
        ("use research-bot", "Commands without a profile use this one from now on."),
        ("use default", "Go back to the default profile."),
    ),
    "create": _of(
        ("create writer", "A blank profile, with a command of the same name."),
        ("create lab --clone-from research-bot", "A copy of another's settings, keys and skills."),
        (
            "create writer --no-alias --description 'Edits texts.'",
            "No command; with a description.",
        ),
    ),
    "rename": _of(
        ("rename research-bot lab", "With its command, service, routes and boards."),
        ("rename research-bot lab -n", "Show what would change."),
    ),
    "follow": _of(
        ("follow research-bot SOUL.md", "Write through a link that you made, also on updates."),
        ("follow . skills/notes", "The same in the active profile."),
    ),
    "unfollow": _of(
        ("unfollow research-bot SOUL.md", "Leave that link alone again."),
        ("unfollow . skills/notes", "The same in the active profile."),
    ),
    "describe": _of(
        ("describe research-bot", "Show its description."),
        ("describe research-bot --text 'Finds papers.'", "Write one."),
        ("describe --auto --all", "Let the agent write every one that is missing."),
    ),
    "alias": _of(
        ("alias research-bot", "Make a command research-bot that starts it."),
        ("alias research-bot --name rb", "Make a shorter one."),
        ("alias research-bot --name rb --remove", "Remove that command."),
    ),
    "delete": _of(
        ("delete research-bot", "Ask, and move it to the trash for 30 days."),
        ("delete research-bot -n", "Show what would go with it."),
    ),
    "archive": _of(
        ("archive research-bot", "Put it out of the way; restore brings it back."),
        ("archive research-bot -n", "Show what would change."),
    ),
    "restore": _of(
        ("restore", "List what is in the archive and the trash."),
        ("restore research-bot", "Bring it back."),
        ("restore research-bot --as lab", "Bring it back under another name."),
    ),
    "ui": _of(
        ("ui", "Open the page in your browser."),
        ("ui -p research-bot", "Begin with one profile."),
        ("ui --port 8765 --no-open", "At a fixed port, for an ssh tunnel from your own machine."),
    ),
    "doctor": _of(
        ("doctor", "Look for problems, each with the command that repairs it."),
        ("doctor --fix", "Repair what needs no decision from you."),
        ("doctor --sources", "Ask the source of each profile and each registry, too."),
    ),
    "init": _of(
        ("init research-bot", "Write a manifest into a profile."),
        ("init ./research-bot --workflow", "Into a folder, with a workflow that validates it."),
    ),
    "validate": _of(
        ("validate ./research-bot", "Check a package in a folder."),
        ("validate research-bot --strict", "Check a profile; warnings count as errors."),
    ),
    "pack": _of(
        ("pack research-bot --list", "Show what would ship, what stays home, and why."),
        ("pack research-bot -o research-bot.tar.gz", "Write the package as an archive."),
    ),
    "publish": _of(
        ("publish research-bot -n", "Show what would be sent, and to where."),
        ("publish research-bot --bump minor", "Publish it as the next minor version."),
        ("publish . --to github.com/you/research-bot", "The first time: name the repository."),
    ),
    "changes": _of(
        ("changes research-bot", "What the agent changed, what you changed, and what is unclear."),
        ("changes . --json", "The same for a program; . is the active profile."),
    ),
    "contribute": _of(
        ("contribute research-bot -n", "Show which of your changes would be sent."),
        ("contribute research-bot --to github.com/me/fork", "Push a branch to your fork."),
        (
            "contribute research-bot SOUL.md:2 -o soul.patch",
            "Write a patch for git am, with one hunk of one file.",
        ),
    ),
    "yank": _of(
        ("yank research-bot 1.2.0 --reason 'deletes notes'", "Withdraw a release, and say why."),
        ("yank research-bot 1.2.0 --undo", "Offer it again."),
    ),
    "sign": _of(
        ("sign", "Sign the version tag of the repository you are in."),
        ("sign ./research-bot --tag v1.2.0", "Sign this tag of another one."),
        ("sign --rotate ~/.ssh/new.pub", "Name the key that follows yours."),
    ),
    "backup make": _of(
        ("backup research-bot", "Write research-bot.tar.gz.age here, under a passphrase."),
        ("backup --all -o /media/stick", "Back up every profile of this machine."),
    ),
    "backup restore": _of(
        ("backup restore research-bot.tar.gz.age", "Say what is in it, ask, and restore it."),
        ("backup restore all.tar.gz.age research-bot", "Restore one profile of many."),
        ("backup restore bot.tar.gz.age --name lab", "Restore it under another name."),
    ),
    "export": _of(
        ("export research-bot -o research-bot.tar.gz", "One file, without secrets."),
        ("export research-bot --with memories,sessions -o lab.tar.gz", "With what it learned."),
        (
            "export research-bot --as plugin -o tools.zip",
            "Its skills and servers, for other agents.",
        ),
    ),
    "import": _of(
        ("import research-bot.tar.gz", "A new profile of the archive's name."),
        ("import research-bot.tar.gz --name lab -n", "Show what merging it into lab would do."),
    ),
    "completion": _of(
        ("completion bash", "Print the script; put it into a file that your shell reads."),
        ("completion fish", "For fish; zsh and powershell work, too."),
    ),
    "search": _of(
        ("search papers citations", "Packages that match all words."),
        ("search --category research", "All packages of a category; without one, all packages."),
    ),
    "registry list": _of(
        ("registry list", "Their names, places, and when they were last read."),
        ("registry list --json", "The same for a script."),
    ),
    "registry add": _of(
        ("registry add github.com/you/registry", "Add a repository as a registry."),
        ("registry add ./registry --name team", "Add a folder, under a name."),
    ),
    "registry remove": _of(
        ("registry remove team", "Forget a registry; installed packages stay."),
        ("registry remove team --json", "The same for a script."),
    ),
    "registry sync": _of(
        ("registry sync", "Read all registries again."),
        ("registry sync team", "Read only this one."),
    ),
    "registry check": _of(
        ("registry check ./registry", "Check every entry of a folder, and fetch what it pins."),
        ("registry check team --package research-bot", "Check only one entry."),
    ),
    "trust list": _of(
        ("trust list", "The keys that you trust or revoked."),
        ("trust list --json", "The same for a script."),
    ),
    "trust add": _of(
        ("trust add ada ~/.ssh/ada.pub", "Trust the key in a file."),
        ("trust add ada SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "By its fingerprint."),
    ),
    "trust remove": _of(
        ("trust remove ada", "Forget the key; you are asked about it again."),
        ("trust remove ada --revoke --reason 'stolen'", "Accept nothing that it signed."),
    ),
    "trust require": _of(
        ("trust require research-bot", "Show what has to be signed."),
        ("trust require research-bot commits", "Require a signature on every update."),
    ),
    "gateway route add": _of(
        ("gateway route add --profile lab --guild 1234", "Let lab answer in a whole server."),
        (
            "gateway route add --profile lab --channel 5678 --name papers",
            "In one channel, with a name.",
        ),
    ),
    "gateway route list": _of(
        ("gateway route list", "The routes, in the order in which they are tried."),
        ("gateway route list --json", "The same for a script."),
    ),
    "gateway route remove": _of(
        ("gateway route remove 2", "Remove the second one."),
        ("gateway route remove papers", "Remove one by its name."),
        ("gateway route remove --channel 1234567890", "Remove the one for a channel."),
    ),
    "gateway route test": _of(
        ("gateway route test --channel 5678", "Who answers there, and why."),
        ("gateway route test --guild 1234 --user 42", "Who answers this user."),
    ),
    "gateway route lint": _of(
        ("gateway route lint", "Look for routes that can't match."),
        ("gateway route lint --fix", "Correct what is only a matter of spelling."),
    ),
    "gateways start": _of(
        ("gateways start research-bot writer", "Start two, and wait until they serve."),
        ("gateways start --all --jobs 4", "Start all, four at a time."),
    ),
    "gateways stop": _of(
        ("gateways stop research-bot", "Stop one."),
        ("gateways stop --all --grace 30", "Stop all, and give each 30 seconds to end."),
    ),
    "gateways restart": _of(
        ("gateways restart research-bot", "Stop and start one."),
        ("gateways restart --all", "Every gateway, one after another."),
    ),
    "gateways status": _of(
        ("gateways status research-bot", "One gateway and its service."),
        ("gateways status --all", "Every profile."),
    ),
    "gateways list": _of(
        ("gateways list", "The gateways of all profiles."),
        ("gateways list --json", "The same for a script."),
    ),
    "gateways logs": _of(
        ("gateways logs research-bot --lines 50", "The last 50 lines."),
        ("gateways logs --all -f", "All logs in one, with new lines, until Ctrl-C."),
    ),
    "gateways check": _of(
        ("gateways check", "Look for bots and ports that two gateways would use."),
        ("gateways check --json", "The same for a script."),
    ),
    "gateways enable": _of(
        ("gateways enable research-bot", "Start its gateway at login."),
        ("gateways enable --all", "Start every gateway at login."),
    ),
    "gateways disable": _of(
        ("gateways disable research-bot", "Stop starting its gateway at login."),
        ("gateways disable --all", "No gateway starts at login any more."),
    ),
    "sync init": _of(
        ("sync init research-bot git@host:you/research-bot-sync", "Show what is sent, and ask."),
        ("sync init . git@host:you/bot-sync --with memories", "Sync memories, too, encrypted."),
    ),
    "sync join": _of(
        ("sync join research-bot git@host:you/research-bot-sync", "As a new profile here."),
        ("sync join research-bot ../meeting.git -n", "Show what would come in."),
        (
            "sync join research-bot ../meeting.git --state 5d0c1e64c39a7b2f08d1a6e5b4c3d2f1e0a9b8c7",
            "Trust only what another machine saw: `sync status` shows it there.",
        ),
    ),
    "sync now": _of(
        ("sync now research-bot", "Show what comes in, ask, merge it, and send yours."),
        ("sync now research-bot -y", "The same without a question, for a timer."),
        ("sync now research-bot --unsigned theirs", "Take in what you edited at the host."),
    ),
    "sync status": _of(
        ("sync status research-bot", "What comes in, what goes out, and who is there."),
        ("sync status research-bot --json", "The same for a script."),
    ),
    "sync leave": _of(
        ("sync leave research-bot", "Keep the files, and tell the others."),
        ("sync leave research-bot -y", "The same without a question."),
    ),
    "sync accept": _of(
        ("sync accept research-bot desktop", "A machine that joined, and is yours."),
        ("sync accept . desktop --json", "The same for a script."),
    ),
    "sync forget": _of(
        ("sync forget research-bot old-laptop", "A machine that was sold or lost."),
        ("sync forget . old-laptop --json", "The same for a script."),
    ),
    "front-door install": _of(
        ("front-door install", "Say what it replaces, and write it to ~/.local/bin."),
        ("front-door install --into ~/bin", "Write it to another folder."),
    ),
    "front-door remove": _of(
        ("front-door remove", "Put back what it replaced."),
        ("front-door remove --into ~/bin", "The same in another folder."),
    ),
    "front-door status": _of(
        ("front-door status", "Where it is, and which agent it starts."),
        ("front-door status --json", "The same for a script."),
    ),
    "dashboard install": _of(
        ("dashboard install", "Show what is written and started, then ask twice."),
        (
            "dashboard install --yes --enable",
            "Install it and let the agent load it, without asking.",
        ),
    ),
    "dashboard remove": _of(
        ("dashboard remove", "Remove its files, and its name from config.yaml."),
        ("dashboard remove --json", "The same for a script."),
    ),
    "dashboard status": _of(
        ("dashboard status", "Whether it is there, enabled, and up to date."),
        ("dashboard status --json", "The same for a script."),
    ),
    "watch install": _of(
        ("watch install --at 8:30", "By the machine's own scheduler, from 8:30 on."),
        ("watch install --cron -n", "Show the line of the crontab, and change nothing."),
    ),
    "watch remove": _of(
        ("watch remove", "Remove only what watch install added."),
        ("watch remove --json", "The same for a script."),
    ),
    "watch status": _of(
        ("watch status", "When it looks, who gets messages, and which plans wait for a code."),
        ("watch status --json", "The same for a script."),
    ),
    "watch run": _of(
        ("watch run", "Look now; each release is reported only once."),
        ("watch run --json", "The same for a script."),
    ),
    "watch chat install": _of(
        ("watch chat install research-bot", "Show what it starts, then ask twice."),
        ("watch chat install research-bot -y --enable", "Install and enable it without asking."),
    ),
    "watch chat remove": _of(
        ("watch chat remove research-bot", "Its files, and its name in config.yaml."),
        ("watch chat remove", "In the active profile."),
    ),
    "watch chat status": _of(
        ("watch chat status", "Which profiles have the plugin."),
        ("watch chat status --json", "The same for a script."),
    ),
    "watch code": _of(
        ("watch code", "For the one plan that was asked for in a chat."),
        ("watch code ab12cd34", "For this plan, after a look at what it does."),
    ),
    "watch answer": _of(
        ("watch answer", "What the plugin starts, with a request on standard input."),
        ("watch answer --offline", "The same, without asking any server."),
    ),
    "watch owner add": _of(
        ("watch owner add telegram 123456789", "Let this person use /dist, with codes."),
        ("watch owner add discord 8080808080", "On another platform, too."),
    ),
    "watch owner list": _of(
        ("watch owner list", "Who may use /dist, and where messages go."),
        ("watch owner list --json", "The same for a script."),
    ),
    "watch owner remove": _of(
        ("watch owner remove telegram 123456789", "Stop this person from using /dist."),
        ("watch owner remove discord 8080808080", "On another platform."),
    ),
}
