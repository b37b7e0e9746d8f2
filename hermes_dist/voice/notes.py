"""The sentence for each kind of note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hermes_dist.errors import counted, first_few, quoted
from hermes_dist.model.left_out import Why
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.notes import Datum, Kind, Note, NoteKind
from hermes_dist.model.side import Side
from hermes_dist.voice.left_out import reason_words

Data = Mapping[str, Datum]
Say = Callable[[Data], str]
Sentences = Mapping[Kind, str | Say]
"""A sentence for each kind: a text with the names of the data, or a function of them."""
_SHOWN = 12
_MERGED = "merged as text: {why}"
_OVER = "it is merged with what this profile received"
_HOW: Mapping[str, str] = {
    NoteKind.UNSIGNED: "unsigned",
    NoteKind.SIGNED_UNREADABLY: (
        "signed only with OpenPGP or X.509, which this program does not read"
    ),
}
_NO_ASSIGNMENT = "lines that are not of the form NAME=VALUE"


def sentence(note: Note, table: Sentences | None = None) -> str:
    """Say a note in one sentence, without a full stop; text from outside in it is not cleaned yet.

    Args:
        note: The note.
        table: The sentences of its kinds; None for those of the general kinds.
    """
    said = words_of(note, table)
    if note.where:
        return f"{note.where}: {said}"
    return said


def words_of(note: Note, table: Sentences | None = None) -> str:
    """Say a note without the place it is about."""
    return filled((table or SENTENCES)[note.kind], note)


def filled(said: str | Say, note: Note) -> str:
    """Fill the data of a note into a text."""
    data = dict(note.data)
    if callable(said):
        return said(data)
    return said.format_map({name: fit(value) for name, value in data.items()})


def sentences(notes: Iterable[Note]) -> tuple[str, ...]:
    """Say each note once, in order."""
    return tuple(dict.fromkeys(map(sentence, notes)))


class Word(str):
    """A text of a note; ``{name:quoted 80}`` quotes it, in at most 80 letters."""

    __slots__ = ()

    def __format__(self, form: str) -> str:
        kind, _, most = form.partition(" ")
        return quoted(str(self), int(most)) if kind == "quoted" else super().__format__(form)


def fit(value: Datum) -> Datum:
    """Make a datum ready for a sentence: names become a list, a text can be quoted."""
    if isinstance(value, tuple):
        return Word(", ".join(value))
    return Word(value) if isinstance(value, str) else value


def names_in(data: Data, key: str) -> tuple[str, ...]:
    """The names in a note, also if there is one alone."""
    value = data[key]
    if isinstance(value, tuple):
        return value
    return (str(value),)


def _copied(data: Data) -> str:
    paths = names_in(data, "paths")
    leads = "it leads to" if len(paths) == 1 else "they lead to"
    return f"{counted(len(paths), 'link')} in the original, copied as what {leads}: {first_few(paths, _SHOWN)}"


def _not_copied(data: Data) -> str:
    said = first_few(names_in(data, "paths"), _SHOWN)
    return f"not copied, because it can't be followed or is not a file: {said}"


def _released(data: Data) -> str:
    said = first_few(names_in(data, "paths"), _SHOWN)
    return (
        f"neither distribution_owned nor --include names {said} any more, but the package still has it: "
        "what you have stays and is yours now"
    )


def _left_by_layer(data: Data) -> str:
    said = first_few(names_in(data, "places"), _SHOWN)
    return f"you changed {said}: that stays and is yours now; the layer that brought it is gone"


def _names_alike(data: Data) -> str:
    said = first_few(names_in(data, "names"), _SHOWN)
    return (
        f"names that differ only in case or in how an accent is written: {said}; most disks of macOS and Windows "
        "can't hold both, so they refuse this archive: rename one, and make it again"
    )


def _unclear_value_inside(data: Data) -> str:
    said = first_few(names_in(data, "paths"), _SHOWN)
    return (
        f"the value of {data['variable']} in .env is in the archive as it is ({said}); if it is a secret, take it out "
        "of there, and export again"
    )


def _edits_of_layer(data: Data) -> str:
    count = int(str(data["count"]))
    are, them = ("is", "it") if count == 1 else ("are", "them")
    return (
        f"{counted(count, 'change')} {are} of the layer {data['layer']}; "
        f"send {them} to its author: {data['command']}"
    )


def _named_but_unsigned(data: Data) -> str:
    return f"its manifest names the signing key {data['key']}, but it is {_HOW[str(data['how'])]}"


def _as_before(data: Data) -> str:
    named = ""
    if data["name"]:
        named = f", {data['name']}"
    return f"signed by {data['signer']} (same key as before{named})"


def _for_another_program(data: Data) -> str:
    names = first_few(names_in(data, "names"), _SHOWN) if data["names"] else ""
    left = f": {names}" if names else ""
    return f"it is written for another program, so nothing of it is installed{left}"


def _unsigned(data: Data) -> str:
    return _HOW[NoteKind.UNSIGNED] + _expected_again(data)


def _signed_unreadably(data: Data) -> str:
    return _HOW[NoteKind.SIGNED_UNREADABLY] + _expected_again(data)


def _expected_again(data: Data) -> str:
    if not data["expected"] or data["demands"] == Demand.NONE:
        return ""
    if data["demands"] == Demand.RELEASES:
        return " (here, only releases have to be signed)"
    who = str(data["expected"])
    if data["name"]:
        who += f" ({data['name']})"
    return f" (accepted; {who} is expected again next time)"


def _moved(data: Data) -> str:
    renamed = ""
    if data["now"] != data["package"]:
        renamed = f", and is called {data['now']} now"
    return (
        f"{data['package']} moves here from {data['source']}{renamed}; "
        "it is merged with what came from there"
    )


def _held(data: Data) -> str:
    back = ""
    if data["rolled_back"]:
        back = " after a rollback"
    return f"held at {data['at']}{back}; to update to {data['offered']}: {data['command']}"


def _go_back(data: Data) -> str:
    """How to go back to a good release; without a profile, what an update takes for it."""
    how = data["command"] or f"--to {data['version']} --allow-downgrade"
    return f"to go back to {data['version']}: {how}"


def _error(data: Data) -> str:
    """What is wrong, and what to do next if the error says so."""
    return "; ".join(str(data[each]) for each in ("what", "hint") if data[each])


def _job(data: Data) -> str:
    """A job of a file, as the beginning of a sentence: its name and its place in the file, as far as it has them."""
    name, place = (data["name"] and f"the job {data['name']!r}"), data["place"]
    if name and place:
        return f"{name} at {place}: "
    return f"{name or place}: " if name or place else ""


def _not_a_job(data: Data) -> str:
    hint = f"; {data['hint']}" if data["hint"] else ""
    return f"{_job(data)}{data['why']}, so it is left out{hint}"


def _without_start(data: Data) -> str:
    return (
        f"{_job(data)}the schedule {data['schedule']!r} counts from the moment the job is created, so it stays "
        "paused; set a time with the agent's `cron edit ID --schedule`"
    )


def _not_a_server(data: Data) -> str:
    return f"{data['name'] or 'a server without a name'} has neither command nor url; left out"


def _settled(data: Data) -> str:
    result = "the author's is taken"
    if data["side"] == Side.OURS:
        result = "yours stays"
    return f"both sides changed it; {result}, as `merge` in its manifest says"


def _left_alone(data: Data) -> str:
    return f"{_reason(data)}; left alone"


def _link_left_alone(data: Data) -> str:
    return f"{_reason(data)}; left alone; allow it with: {data['command']}"


def _left_out(data: Data) -> str:
    return f"{_reason(data)}; left out"


def _reason(data: Data) -> str:
    detail, why = str(data["detail"]), str(data["why"])
    return reason_words(Why(why), detail)


def _not_read(data: Data) -> str:
    why = reason_words(Why(str(data["why"])), str(data.get("detail", "")))
    return f"it is left out: {why}"


def _not_installed(data: Data) -> str:
    count = ""
    if data["files"] != 1:
        count = f" ({counted(int(str(data['files']) or 0), 'file')})"
    return f"it is not installed{count}: {reason_words(Why(str(data['why'])))}"


def _lines(data: Data) -> str:
    """Names of held-back lines; an empty name stands for lines that are not assignments."""
    return ", ".join(name or _NO_ASSIGNMENT for name in names_in(data, "names"))


def _held_back(data: Data) -> str:
    return f"held back, for you to decide: {_lines(data)}; to use a line, remove {data['mark']!r} from it"


def _look_first(data: Data) -> str:
    return f"check these lines before you copy them to .env: {_lines(data)}"


def _settings_unreadable(data: Data) -> str:
    servers = names_in(data, "servers")
    left = f"; the servers of {data['mcp']} are left out: {', '.join(servers)}" if servers else ""
    return f"{data['why']}{left}; it is the author's file: tell the author"


def _still_assigned(data: Data) -> str:
    tasks = names_in(data, "tasks")
    what = "1 open task is" if len(tasks) == 1 else f"{len(tasks)} open tasks are"
    return f"{what} still assigned to {data['name']}: {first_few(tasks, _SHOWN)}; assign each with: {data['command']}"


def _jobs_paused(data: Data) -> str:
    count = data["count"]
    jobs = f"{count} jobs are"
    if count == 1:
        jobs = "1 job is"
    return f"{jobs} paused, because the original profile runs them; to run one here, too: {data['command']}"


def _effects_left_out(data: Data) -> str:
    return (
        f"left out, because it could run by itself: {first_few(names_in(data, 'places'), _SHOWN)}; "
        "to include it, import again with --allow-effects"
    )


def _effects_off(data: Data) -> str:
    return f"switched off until you switch it on: {', '.join(names_in(data, 'places')[:_SHOWN])}"


def _secrets(data: Data) -> str:
    names = ", ".join(names_in(data, "names")[:_SHOWN])
    return f"secrets were left behind; set in {data['path']}: {names}"


def _comments_along(data: Data) -> str:
    count = int(str(data["count"]))
    go = "goes" if count == 1 else "go"
    return f"{counted(count, 'comment')} of yours {go} along"


def _contents_are(data: Data, which: str = "") -> str:
    count = int(str(data["count"]) or 0)
    return f"{counted(count, 'content')}{which} {'is' if count == 1 else 'are'}"


def _brings_learned(data: Data) -> str:
    return f"also brings {counted(int(str(data['count'])), 'file')} of memories and sessions"


def _not_merged(data: Data) -> str:
    shown = first_few(names_in(data, "paths"), _SHOWN)
    return f"not merged, because this profile keeps its own: {shown}; a new profile would get them"


def _of_other_root(data: Data) -> str:
    below = f" below {data['root']}" if data["root"] else ", below another root"
    return f"left alone, because it belongs to another profile {data['name']}{below}"


def _place_named(data: Data) -> str:
    count, missing = int(str(data["count"])), ", ".join(names_in(data, "missing"))
    which = (
        f"{data['skill']} names"
        if count == 1
        else f"{count} files of skills, such as {data['skill']}, name"
    )
    gone = f"; not here: {missing}" if missing else ""
    return f"{which} the folder of the plugin, which this agent does not tell{gone}"


_NEIGHBOURS = {
    "plugin": "a plugin of another agent",
    "skills": "a collection of skills",
    "profile": "a plain profile",
}


def taken_words(label: str) -> str:
    """Say what a source without ``distribution.yaml`` was taken for, as a lock records it; empty for a package."""
    return _NEIGHBOURS.get(label.partition("/")[0], "")


SENTENCES: Sentences = {
    NoteKind.ERROR: _error,
    NoteKind.DISK_ERROR: "{why}",
    NoteKind.HALF_CHANGED: (
        "an interrupted change can't be finished or taken back, so some files may be of another version; "
        "check the disk, then run: {command}"
    ),
    NoteKind.TAG_AND_BRANCH: (
        "{name} is a tag and a branch; the tag is followed. If you want the branch, write {branch}"
    ),
    NoteKind.DEFAULT_BRANCH_CHANGED: "the default branch is {now} now; it was {before}",
    NoteKind.TAG_NAMES_ANOTHER: (
        "the tag {tag}, which this profile was at, now names another commit"
    ),
    NoteKind.NEWER_VERSIONS: "pinned at {at}; newer: {newer}; to look at it: {command}",
    NoteKind.LAYER_KEPT_BACK: (
        "{layer} is kept back by {by} ({range}): there is {newest}; "
        "the line to change: `{field}: {asks}` in the distribution.yaml of {by}"
    ),
    NoteKind.LAYER_DOES_NOT_FIT: (
        "{layer} is kept back by the other layers: what {newest} asks for does not fit beside them"
    ),
    NoteKind.REGISTRY_PINS_NONE: "the registry pins no version of {package}: its source decides",
    NoteKind.REGISTRY_LACKS_VERSION: (
        "the registry has no version {version:quoted 80}: it is looked up in the source"
    ),
    NoteKind.YANKED: "{package} {version} was yanked: {reason}",
    NoteKind.DEPRECATED: "{package} is deprecated: {reason}",
    NoteKind.GO_BACK_TO: _go_back,
    NoteKind.TAKEN_AS_NAME: (
        "{name} is read as a name in a registry; for the folder here, write ./{name}"
    ),
    NoteKind.TAKEN_AS_NEIGHBOUR: lambda data: (
        f"it has no distribution.yaml; by {data['sign']} it is taken for {_NEIGHBOURS[str(data['what'])]}"
    ),
    NoteKind.PLUGIN_PLACE_NAMED: _place_named,
    NoteKind.LOGIN_NOT_KEPT: (
        "the user name and password in the address are used once and stored nowhere; "
        "for updates, give them to a credential helper of git (git config credential.helper)"
    ),
    NoteKind.MOVED_TAG_ACCEPTED: "its tag was moved, which you accepted",
    NoteKind.HISTORY_REWRITTEN: f"the history of the source was rewritten; {_OVER}",
    NoteKind.HISTORY_UNKNOWN: (
        "how {commit} follows {before} can't be found out, so it counts as a rewritten history; "
        f"{_OVER}"
    ),
    NoteKind.FOLLOWS_BRANCH: (
        "the profile follows {branch} from then on, not {before}; to go back to that later: {command}"
    ),
    NoteKind.VERSION_LOWERED: (
        "its version goes back from {before} to {version}, although the commit is newer"
    ),
    NoteKind.PACKAGE_MOVED: _moved,
    NoteKind.HELD: _held,
    NoteKind.GOES_FORWARD: (
        "this goes forward, not back: {here} has nothing before it, and {there} (generation {number}) is later"
    ),
    NoteKind.ONLY_THE_PACKAGE: (
        "only the package goes back to generation {number}, and your edits stay; "
        "for the files as they were then: {command}"
    ),
    NoteKind.AGENT_NOT_FOUND: (
        "needs {title} {requires}; none was found here, so this was not checked"
    ),
    NoteKind.AGENT_NOT_COMPARABLE: (
        "needs {title} {requires}; the version here, {version:quoted 40}, can't be compared with that"
    ),
    NoteKind.KEY_NAMED_BUT_UNSIGNED: _named_but_unsigned,
    NoteKind.OTHER_KEY_NAMED: "its manifest names another signing key, {key}",
    NoteKind.SIGNED_BY_TRUSTED: "signed by {signer} (trusted as {name})",
    NoteKind.SIGNED_FIRST_USE: "signed by {signer} (first use)",
    NoteKind.SIGNED_AS_BEFORE: _as_before,
    NoteKind.SIGNED_BY_FOLLOWER: "signed by {signer} (follows {before}, which signed for that)",
    NoteKind.SIGNED_BY_SAME_OWNER: "signed by {signer} (another key of {name}; before {before})",
    NoteKind.SIGNED_BY_NEW_KEY: "signed by {signer} (new key, accepted; before {before})",
    NoteKind.SIGNED_BY_YOU: "signed by {signer} (yours)",
    NoteKind.UNSIGNED: _unsigned,
    NoteKind.SIGNED_UNREADABLY: _signed_unreadably,
    NoteKind.SOURCE_REDIRECTED: (
        "{source} has moved to {address}; if you trust that, follow it there with: {command}"
    ),
    NoteKind.LINK_COPIED: "{path} is a symlink to {file}: it is taken as a copy of that file",
    NoteKind.OWNED_IS_MISSING: ("distribution_owned names {path}, which the package does not have"),
    NoteKind.INCLUDED_IS_MISSING: "--include names {path}, which the package does not have",
    NoteKind.RELEASED: _released,
    NoteKind.LEFT_BY_LAYER: _left_by_layer,
    NoteKind.EDITS_OF_LAYER: _edits_of_layer,
    NoteKind.ANSWER_IN_LINE: "your own line holds your answer to the input {name}; look at it "
    "before it leaves",
    NoteKind.ANSWERS_STAY: "your answers stay here, and the import asks again: {names}",
    NoteKind.UNKNOWN_FIELDS: "unknown fields, kept and not acted on: {fields}",
    NoteKind.READ_AS: "it is read as {field}",
    NoteKind.NOT_A_LIST: "it is not a list and was not understood",
    NoteKind.NOT_A_MAP_OF_PATHS: "it is not a map of paths and was not understood",
    NoteKind.FOR_ANOTHER_PROGRAM: _for_another_program,
    NoteKind.VARIABLE_WITHOUT_NAME: "it has no name and was left out",
    NoteKind.NOT_A_VARIABLE_NAME: (
        "{name:quoted 80} is not a valid variable name and is never written"
    ),
    NoteKind.WHOLE_PACKAGE: (
        "{row:quoted 20} names the whole package, as if the field were not there"
    ),
    NoteKind.NOT_A_SAFE_PATH: "{row:quoted 80} is not a safe path and was left out",
    NoteKind.NOT_A_POLICY: "{policy:quoted 80} is not one of {known} and was left out",
    NoteKind.UNREADABLE_JOBS: "{why}; its jobs are left out: tell the author",
    NoteKind.NOT_A_JOB: _not_a_job,
    NoteKind.JOB_WITHOUT_START: _without_start,
    NoteKind.UNREADABLE_SERVERS: "{why}; its servers are left out: tell the author",
    NoteKind.NOT_A_SERVER: _not_a_server,
    NoteKind.STAYS_AS_BEFORE: "what came before stays until it can be read again: {names}",
    NoteKind.NAMELESS_SERVER: "a server has no name; left out",
    NoteKind.SERVER_TWICE: "{name} appears twice; the first one counts",
    NoteKind.SERVER_OVERRULED: "{names}: config.yaml has other values, and those count",
    NoteKind.FRONT_NOT_YAML: (
        "its front matter can't be read: {why}; the agent takes single lines of it alone: tell the author"
    ),
    NoteKind.SERVERS_STAY_ON: "its servers can't be switched off one by one ({why})",
    NoteKind.SETTINGS_UNREADABLE: _settings_unreadable,
    NoteKind.HOME_JOBS_UNREADABLE: (
        "the file in the home can't be read, so nothing that was changed in it would ship ({why})"
    ),
    NoteKind.SETTINGS_TAKEN_WHOLE: "used as it is, unmerged ({why})",
    NoteKind.COMMENTS_ALONG: _comments_along,
    NoteKind.MERGED_AS_TEXT: _MERGED,
    NoteKind.NOT_JOINED: "not merged: {why}; merged by lines it would not be valid",
    NoteKind.KEPT_FOLLOWS: "upstream moved it, and yours moved along; always kept yours: {names}",
    NoteKind.FOLDER_RESPELLED: (
        "your folder {was} gets this name, with everything in it: the package has it, and for this disk both are one"
    ),
    NoteKind.BOTH_MOVED: (
        "you moved it to {ours}, upstream to {theirs}; both are kept, and yours is your own "
        "from now on"
    ),
    NoteKind.SETTLED_BY_AUTHOR: _settled,
    NoteKind.CONTENT_LOST: (
        "its content as received is lost and can't be fetched again; where both sides "
        "differ, yours stays"
    ),
    NoteKind.CONTENTS_LOST: lambda data: (
        f"{data['name']}: {_contents_are(data)} missing from the store; "
        f"`{data['command']}` fetches what is missing again from {data['source']}"
    ),
    NoteKind.OLD_CONTENTS_LOST: lambda data: (
        f"{_contents_are(data, ' of earlier generations, or of profiles in the archive or trash,')} missing from the "
        "store; going back fetches what is missing again if its source still has it"
    ),
    NoteKind.NO_ROOM_TO_JOIN: "the disk has no room to join more files of the store; free some space and run it again",
    NoteKind.NEWER_BOXES: (
        "files of the store that a newer {program} wrote: {count}; this one can't read them, so they were left alone; "
        "upgrade it to use what is in them"
    ),
    NoteKind.NEWER_FILE: (
        "a newer version of this program wrote it, so it is left as it is and the old name is not remembered in it; "
        "upgrade this one"
    ),
    NoteKind.FOLDER_IN_STORE: (
        "{path} is a folder where a file of the store belongs, so it was left alone; move it away, then run it again"
    ),
    NoteKind.LEFT_ALONE: _left_alone,
    NoteKind.LINK_LEFT_ALONE: _link_left_alone,
    NoteKind.STAYS_BEHIND_LINK: (
        "it is no longer part of the package; it stays, because it is behind a link of yours: {target}"
    ),
    NoteKind.LEFT_OUT: _left_out,
    NoteKind.HIDDEN_CHARACTER: "an invisible character",
    NoteKind.EXAMPLE_HELD_BACK: _held_back,
    NoteKind.LOOK_BEFORE_COPYING: _look_first,
    NoteKind.VARIABLE_NOT_ASKED: (
        "{name} is written to .env, although the package does not ask for it"
    ),
    NoteKind.VARIABLES_NOT_WRITTEN: "the variables were not written: {why}",
    NoteKind.COMMAND_NOT_WRITTEN: "the command {name} was not made: {why}",
    NoteKind.COMMAND_OFF_PATH: (
        "the command {name} is in {folder}, which is not on PATH; to add it, then open a new shell: {line}"
    ),
    NoteKind.NO_ENV_FILE: "no {name} was made: {why}",
    NoteKind.OPEN_TO_OTHERS: (
        "{path} can be read by others on this machine; make it private with: chmod 600 {path}"
    ),
    NoteKind.OPEN_ON_THIS_DISK: (
        "{path} can be read by others on this machine: its disk keeps no permissions. "
        "Move your profiles to a disk of your own system, or mount this one so that it keeps them"
    ),
    NoteKind.TAKEN_FOR: "this profile looks like {version}; files that are the same: {same} of {total}",
    NoteKind.NO_PACKAGE: "there is no package: everything in this profile is your own",
    NoteKind.ANOTHER_SOURCE: "another machine says that the package comes from {now} from now on, not from {source}",
    NoteKind.MACHINES_DISAGREE: "your machines disagree, and nobody has settled it yet; see: {command}",
    NoteKind.MACHINE_SENT: "what another machine sent needs your approval: {command}",
    NoteKind.NO_LOCKFILE: "installed without a lockfile; take it over with: {command}",
    NoteKind.CHANGELOG_UNREAD: "it can't be read ({why}), so the tag says nothing of it",
    NoteKind.FOLLOWS_NO_SOURCE: (
        "its package follows no source; if it is your own, publish it with: {publish}; if it came from elsewhere, "
        "take it over with: {adopt}"
    ),
    NoteKind.AGENT_WROTE_MANIFEST: (
        "{path} was written again by the agent's installer; the next update with changes puts "
        "the author's back; use `{command}` instead of its own"
    ),
    NoteKind.PARTS_MISSING: "the package has no {missing}, neither now nor before; its parts: {parts}",
    NoteKind.PARTS_NOT_IN: "some parts are not yet as in this version; to update them, too: {command}",
    # Not that the agent can't: it takes some of what is refused here, such as a key that is there twice.
    NoteKind.AGENT_CANNOT_READ: "it can't be read: {why}; mend it in {file}",
    NoteKind.CANNOT_COMPARE: (
        "what was received is lost and can't be fetched again, so differences can't be shown"
    ),
    NoteKind.EDIT_OVERWRITTEN: "edits made since then are overwritten",
    NoteKind.EDIT_NOT_RECORDED: (
        "you or the agent changed it, and no change of the package since then did; how it was then is not recorded, so"
        " it stays as it is now"
    ),
    NoteKind.APPROVAL_STAYS_REVOKED: "you revoked its approval; it stays off and needs approval again",
    NoteKind.WEAKER_AGAIN: "this weakens a protection, as before that change",
    NoteKind.RUNS_AGAIN: "this can run again, as before that change",
    NoteKind.EDIT_KEPT: "edited since the update; the edits are kept",
    NoteKind.EDIT_IN_THE_WAY: (
        "an edit of yours touches what the update changed; it stays as it is"
    ),
    NoteKind.HOME_IN_USE: "{name} is in use, so its generations stay",
    NoteKind.HOME_CLOSED: "{name} can't be changed by you, so its generations stay: {why}",
    NoteKind.CONTENTS_NOT_IN_ARCHIVE: lambda data: (
        f"{_contents_are(data, ' of the package')} not in the archive; where both sides differ, yours stays"
    ),
    NoteKind.NAMES_ALIKE: _names_alike,
    NoteKind.UNCLEAR_VALUE_INSIDE: _unclear_value_inside,
    NoteKind.ONLY_PARTS_IN_ARCHIVE: (
        "the archive has only parts of the profile, so the profile follows no package here"
    ),
    NoteKind.SERVERS_FILE_UNREAD: (
        "no agent reads this file in a profile; to install a packed package: {command}"
    ),
    NoteKind.ARCHIVE_EFFECTS_LEFT_OUT: _effects_left_out,
    NoteKind.ARCHIVE_EFFECTS_OFF: _effects_off,
    NoteKind.ARCHIVE_CONFLICTS: (
        "where both sides changed the same, yours stays; to take the archive's, pass "
        "--conflict theirs"
    ),
    NoteKind.SECRETS_LEFT_BEHIND: _secrets,
    NoteKind.NOT_MERGED: _not_merged,
    NoteKind.BRINGS_LEARNED: _brings_learned,
    NoteKind.ENV_UNREADABLE: (
        "its {name} is imported, but can't be read as text: check it before you start the agent"
    ),
    NoteKind.ENV_SETS: "its {name} is imported, and sets for the agent: {names}",
    NoteKind.LOCK_SAVED_UNREAD: "it is saved with its lockfile as it stands: {why}",
    NoteKind.LOCK_SET_ASIDE: (
        "it is damaged ({why}): it is kept as {kept}, and a new one is made. What it recorded is not known any more: "
        "which places are always yours, what was approved, held, signed or answered"
    ),
    NoteKind.LOCK_DAMAGED_IN_ARCHIVE: (
        "it is damaged in the backup, too, and comes back as it was; after that: {command}"
    ),
    NoteKind.BASE_LOST: (
        "a content of the package is lost ({digest}); it is fetched again when needed"
    ),
    NoteKind.BASE_UNSAFE: "a content of the package contains a secret ({digest}); left out",
    NoteKind.AGENT_ADDS_SKILLS: (
        "{title} is not installed, so no bundled skills were added; the agent adds them later"
    ),
    NoteKind.SKILLS_NOT_ADDED: "{why}; the agent adds them later: {command}",
    NoteKind.NO_COMMAND: "no command was made for it: {why}; choose a name with: {command}",
    NoteKind.WAS_CUT_SHORT: "this was cut short before, and is complete now",
    NoteKind.JOBS_PAUSED: _jobs_paused,
    NoteKind.COPIED_BEHIND_LINKS: _copied,
    NoteKind.NOT_COPIED: _not_copied,
    NoteKind.STILL_ASSIGNED: _still_assigned,
    NoteKind.SETTING_NAMES: lambda data: (
        f"{' and '.join(names_in(data, 'keys'))} names the profile {data['name']}"
    ),
    NoteKind.SETTING_FOLLOWS: lambda data: (
        f"{' and '.join(names_in(data, 'keys'))} is set to its new name, {data['name']}"
    ),
    NoteKind.STILL_LEAD_TO: lambda data: (
        f"the source or a layer of {first_few(names_in(data, 'names'), _SHOWN)} is its old folder; "
        "`update` says how to follow it"
    ),
    NoteKind.OF_OTHER_ROOT: _of_other_root,
    NoteKind.STAYS_ELSEWHERE: "its home is a link; what it leads to stays: {target}",
    NoteKind.PEER_MADE: "its own peer was created in Honcho: {name}",
    NoteKind.NOT_READ: _not_read,
    NoteKind.NOT_INSTALLED: _not_installed,
    NoteKind.OLDER_THAN_PUBLISHED: "{tag} is older than {newest}, which is published already",
}
