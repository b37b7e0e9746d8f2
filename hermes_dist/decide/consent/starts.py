"""Where code begins to run: commands in settings, running jobs, hooks and plugins, commands inside skills."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from hermes_dist import lazily
from hermes_dist.agents.loading import STYLES
from hermes_dist.decide.consent.jobs import label_of
from hermes_dist.decide.consent.mentions import BUNDLES, CODE, SKILL, Names, flat_skills
from hermes_dist.decide.consent.reach import Reach, Start, script_paths
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.servers import SERVERS, is_off
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import get
from hermes_dist.model.keypath import KeyPath, format_key
from hermes_dist.model.paths import RelPath, folded

UNITS = ("hooks", "plugins")
"""Folders whose sub-folders the agent runs; each sub-folder is one unit."""
INLINE_SWITCH: KeyPath = ("skills", "inline_shell")
"""The setting that makes the agent run the commands written inside skills."""
SKIN: KeyPath = ("display", "skin")
"""The setting that names a skin."""
_COMMANDS: tuple[KeyPath, ...] = (
    (SERVERS,),
    ("quick_commands",),
    ("gateway", "quick_commands"),
    ("lsp", "servers"),
    ("hooks",),
)
"""Maps whose entries are commands, each of them a unit."""
_FOLDER_KEY = lazily.pattern(
    r"cwd|workdir|work(ing)?_?dir(ectory)?|directory|folder|dir|root", re.IGNORECASE
)
_FOLDER_VARIABLE = lazily.pattern(r"[A-Z0-9_]*(PATH|LIB|HOME|DIR|ROOT|FOLDER|PREFIX)[A-Z0-9_]*")
_FOLDERS = ("cwd", "dir", "folder", "root")
"""One of these is in every name of a folder, and is looked for before the pattern is compiled."""
_COMMAND_WORDS = (
    *("command", "cmd", "args", "argv", "exec", "script", "binary", "bin"),
    *("launcher", "init_files", "program", "interpreter"),
)
_COMMAND_KEY = lazily.pattern(rf"(?:.*_)?(?:{'|'.join(_COMMAND_WORDS)})s?")
_COMMAND_ENDS = (*_COMMAND_WORDS, *(f"{word}s" for word in _COMMAND_WORDS))
_INLINE = lazily.pattern(r"!`([^`\n]+)`")
_SCRIPT_FIELDS = ("script", "monitor_script")
Owner = KeyPath


def setting_starts(config: object, names: Names) -> dict[Owner, Start]:
    """Return the starting points in settings, by the key of the server or command; also of servers that are off.

    Args:
        config: The data of a ``config.yaml``.
        names: The files that it may mention.
    """
    starts: dict[Owner, Start] = {}
    for head in _COMMANDS:
        entries = get(config, head)
        if not isinstance(entries, Mapping):
            continue
        for name, entry in entries.items():
            starts[*head, name] = _command((*head, name), entry)
    for key, value in _others(config):
        if start := _setting(key, value, names):
            starts[key] = start
    return starts


def running(starts: Mapping[Owner, Start], config: object) -> dict[Owner, Start]:
    """Return the starting points without those of servers that are switched off."""
    return {
        at: start for at, start in starts.items() if at[0] != SERVERS or not is_off(get(config, at))
    }


def _command(key: KeyPath, entry: object) -> Start:
    words: list[str] = []
    folders: list[str] = []
    for name, text in _texts(entry, ""):
        if _names_folder(name, text):
            folders.append(text)
        else:
            words.append(text)
    # A server with nothing but an address runs elsewhere. With both, the agent may start the command.
    far = isinstance(entry, Mapping) and "url" in entry and "command" not in entry
    return Start(
        owner=format_key(key),
        words=tuple(words),
        folders=tuple(folders),
        lines=key[0] != SERVERS,
        process=not far,
    )


def _names_folder(name: str, text: str) -> bool:
    """Whether a field says in which folder a command runs, or from which it loads."""
    low = name.lower()
    may_be = not name.isascii() or any(part in low for part in _FOLDERS)
    if may_be and _FOLDER_KEY.fullmatch(name):
        return True
    is_variable = name.isupper() and _FOLDER_VARIABLE.fullmatch(name)
    return bool(is_variable) and not text.startswith("http")


def _texts(value: object, key: str) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value, each with the key that holds it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, key)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, str(name))


def _others(data: object, at: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield the leaves of settings that are not below a map of commands."""
    if at in _COMMANDS:
        return
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _others(value, (*at, key))
    elif at:
        yield at, data


def _setting(key: KeyPath, value: object, names: Names) -> Start | None:
    """Return what any other setting runs, if its name says so or its whole value is the path of code; else None."""
    texts = [text for _, text in _texts(value, "")]
    if key == SKIN:
        # The agent looks for it in a folder of skins, but a name may lead out of that.
        return Start(
            owner=format_key(key),
            words=tuple(f"{STYLES}/{text}.yaml" for text in texts if "/" in text),
        )
    name = str(key[-1])
    if name.endswith(_COMMAND_ENDS) and _COMMAND_KEY.fullmatch(name):
        return Start(owner=format_key(key), words=tuple(texts))
    places = tuple(text for text in texts if _is_code(text, names))
    if not places:
        return None
    return Start(owner=format_key(key), words=places)


def _is_code(text: str, names: Names) -> bool:
    if " " in text.strip() or len(text) > 400:
        return False
    found = [path for piece in names.pieces(text) for path in names.files(piece)]
    return any(path.suffix in CODE for path in found) or ("/" in text and bool(found))


def job_start(job: Job, jobs: Mapping[str, Job], reach: Reach) -> Start:
    """Return what a job runs and reads: its scripts, its skills, and the jobs whose output it receives.

    Args:
        job: The job.
        jobs: All of them, by id.
        reach: Where scripts and skills are.
    """
    # What a job receives goes into its prompt, so whoever changes the job before it can tell this one what to do.
    family = [job, *_sources(job, jobs, {str(job.get("id"))})]
    wanted = {name for each in family for name in _skill_names(each)}
    skills = sorted(reach.skills.named(wanted)) if wanted else []
    texts = [text for path in skills for text in reach.texts(path)]
    seeds = [
        *_folders_of(_scripts_of(family)),
        *_plugin_folders(wanted),
        *(skill_unit(path) for path in skills),
    ]
    if wanted:
        # The name may also be that of a bundle, which stands for other skills.
        seeds.append(BUNDLES)
    return Start(
        owner=f"job {label_of(job)}",
        words=_values_of("interpreter", family),
        folders=_values_of("workdir", family),
        prose=(*(str(each.get("prompt") or "") for each in family), *texts),
        seeds=tuple(seeds),
    )


def _scripts_of(family: list[Job]) -> Iterator[RelPath]:
    for each in family:
        for field in _SCRIPT_FIELDS:
            yield from script_paths(each.get(field))


def _values_of(field: str, family: list[Job]) -> tuple[str, ...]:
    return tuple(str(each[field]) for each in family if each.get(field))


def _folders_of(scripts: Iterable[RelPath]) -> Iterator[RelPath]:
    """Yield each script and its folder: a new file in the folder may be what the script imports."""
    for path in scripts:
        yield path
        if path.parent is not None:
            yield path.parent


def _sources(job: Job, jobs: Mapping[str, Job], seen: set[str]) -> Iterator[Job]:
    """Yield the jobs whose output a job receives, directly or through other jobs."""
    for ident in map(str, _one_or_many(job.get("context_from") or [])):
        other = jobs.get(ident)
        if other is not None and ident not in seen:
            seen.add(ident)
            yield other
            yield from _sources(other, jobs, seen)


def _skill_names(job: Job) -> Iterator[str]:
    # Where the agent wrote them, both fields agree; after an edit by hand they may not, so both count.
    for field in ("skills", "skill"):
        for name in _one_or_many(job.get(field)):
            yield str(name).strip().strip("/")


def _one_or_many(value: object) -> list[object]:
    """Return the values of a field that holds one text or a list, or the keys of a map; empty for anything else."""
    if isinstance(value, str):
        return [value]
    return [*value] if isinstance(value, list | Mapping) else []


def skill_unit(text: RelPath) -> RelPath:
    """Return what belongs to the skill with this text: the folder of a SKILL.md, or just a text of another name."""
    own = "/" in text and folded(text.name) == folded(SKILL)
    return text.parents[-1] if own else text


def _plugin_folders(wanted: Iterable[str]) -> Iterator[RelPath]:
    """Yield the folders of the plugins that the names of skills begin with."""
    for name in sorted(wanted):
        plugin, colon, _ = name.partition(":")
        if colon:
            yield _plugin_folder(plugin)


def _plugin_folder(plugin: str) -> RelPath:
    """Return the folder of a plugin; a name that can't be a folder's may mean any plugin."""
    try:
        return RelPath(f"plugins/{plugin}")
    except Invalid:
        return RelPath("plugins")


def unit_start(unit: RelPath, reach: Reach) -> Start:
    """Return what a hook, a plugin or a skill runs; commands inside a skill are lines of shell code."""
    text = unit if unit in reach.names.paths else RelPath(f"{unit}/{SKILL}")
    return Start(
        owner=str(unit), seeds=(unit,), words=tuple(inline_commands(text, reach)), lines=True
    )


def inline_skills(reach: Reach) -> Iterator[RelPath]:
    """Yield the skills that contain commands for the agent to run: their folders, or texts that have none."""
    texts = (*reach.names.called(SKILL), *flat_skills(reach.names))
    units = {skill_unit(text) for text in texts if any(inline_commands(text, reach))}
    yield from (unit for unit in units if units.isdisjoint(unit.parents))


def inline_commands(path: RelPath, reach: Reach) -> Iterator[str]:
    """Yield the commands inside a skill, as lines of shell code."""
    for text in reach.texts(path):
        yield from _INLINE.findall(text)
