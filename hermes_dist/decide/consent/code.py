"""Effects of files that run: hooks, plugins and skills with commands, and what approved things can load.

There is one rule with two sides. Whatever runs already keeps its code: a changed, new or missing file that it can load
is an effect, and waits. Whatever does not run yet is approved together with its code: the digest that the approval is
bound to covers every file that it could load.

Something that was approved and then switched off counts as running, because switching it on again asks nothing. The
approval of a file is bound to its content and to what loads it, so going back to an approved state asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from posixpath import commonpath

from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.contents import (
    CODE_OF,
    INSTALLS,
    OWNER,
    data_in,
    digest_of,
    parsed_key,
)
from hermes_dist.decide.consent.mentions import Names, is_skill
from hermes_dist.decide.consent.reach import AGENT, Reach, SkillNames, Start
from hermes_dist.decide.consent.starts import (
    INLINE_SWITCH,
    UNITS,
    inline_skills,
    job_start,
    running,
    setting_starts,
    unit_start,
)
from hermes_dist.decide.consent.switches import Judge, Unit, job_unit, units_of
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, jobs_by_id
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.documents.api import get
from hermes_dist.model.facts import LOADS, fact_text
from hermes_dist.model.keypath import Item, KeyPath, Segment, format_key, split_place
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import EMPTY, Entry, Read, Tree

with later():
    from hermes_dist.decide.consent.skills.roots import roots_in

if TYPE_CHECKING:
    from hermes_dist.decide.consent.skills.roots import At, Root

_ASIDE = frozenset([CONFIG, JOBS, MANIFEST])
"""Files that have effects of their own, so they are reported as covered files only if a command itself names them."""
_IN_UNITS = tuple(f"{folder}/" for folder in UNITS)
_BY_AGENT = "agent"
"""The place of what the agent loads by itself: it is in no file."""
_INLINE: Unit = (CONFIG, INLINE_SWITCH)
_BOUND = (EffectKind.RUNS, EffectKind.SCHEDULES, EffectKind.LOOSENS)


class Side:
    """One state of a home, and what would run in it.

    Args:
        tree: The files.
        read: Gives contents by digest.
        inside: The names inside skills.
        at: Gives the full paths of the home.
    """

    def __init__(
        self, tree: Tree, read: Read, inside: SkillNames | None = None, at: At = tuple
    ) -> None:
        self.tree, self.read, self.inside = tree, read, inside
        self._at = at
        self._covers: dict[tuple[Start, ...], Tree] = {}
        self._of_jobs: dict[str, Start] = {}

    @cached_property
    def reach(self) -> Reach:
        return Reach(Names(self.tree, roots=self.roots), self.read, self.inside)

    @cached_property
    def roots(self) -> tuple[Root, ...]:
        """The folders of skills that its settings name."""
        skills = get(self.config, ("skills",))
        return roots_in(skills, self._at) if isinstance(skills, Mapping) else ()

    def is_skill(self, path: RelPath) -> bool:
        """Whether the agent may take a file for the text of a skill; that of a hook or plugin is part of it."""
        inside = path.top in UNITS and not any(root.holds(path) for root in self.roots)
        return path in self.tree and not inside and is_skill(path, self.tree, self.roots)

    @property
    def installs(self) -> bool:
        """Whether the agent installs the tools that skills name."""
        return get(self.config, INSTALLS) is not False

    @cached_property
    def config(self) -> object:
        return data_in(CONFIG, self.tree, self.read)

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        return jobs_by_id(data_in(JOBS, self.tree, self.read))

    @cached_property
    def settings(self) -> Mapping[KeyPath, Start]:
        """The commands in its settings, including those of servers that are switched off."""
        return setting_starts(self.config, self.reach.names)

    @cached_property
    def settings_by_section(self) -> Mapping[Segment, Mapping[KeyPath, Start]]:
        """The same commands by the first step of their keys."""
        found: dict[Segment, dict[KeyPath, Start]] = {}
        for key, start in self.settings.items():
            found.setdefault(key[0], {})[key] = start
        return found

    @cached_property
    def live(self) -> Mapping[KeyPath, Start]:
        """The commands in its settings that take effect now."""
        return running(self.settings, self.config)

    @cached_property
    def units(self) -> frozenset[RelPath]:
        """Its hooks and plugins."""
        deep = (p for p in self.tree if p.startswith(_IN_UNITS) and p.count("/") > 1)
        return frozenset(RelPath("/".join(p.parts[:2])) for p in deep)

    @cached_property
    def inline(self) -> frozenset[RelPath]:
        """Its skills that hold commands."""
        return frozenset(inline_skills(self.reach))

    @property
    def runs_inline(self) -> bool:
        """Whether the agent runs commands inside skills."""
        return _is_on(get(self.config, INLINE_SWITCH))

    def job_start(self, ident: str) -> Start:
        """What one of its jobs runs and reads."""
        if ident not in self._of_jobs:
            self._of_jobs[ident] = job_start(self.jobs[ident], self.jobs, self.reach)
        return self._of_jobs[ident]

    def cover(self, starts: tuple[Start, ...]) -> Tree:
        """The files that these starting points could load here."""
        if starts not in self._covers:
            found = {path for start in starts for path in self.reach.of(start)}
            known = {path: self.tree[path] for path in found if path in self.tree}
            self._covers[starts] = Tree(known)
        return self._covers[starts]


def _is_on(value: object) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and bool(value.strip()))


def guarded_off(merged: Side, theirs: Side, judge: Judge) -> frozenset[Unit]:
    """Find the servers, jobs and commands inside skills that are off and yet guarded like running ones."""
    shipped = {unit for unit, _ in units_of(theirs.config, theirs.jobs)}
    off = [unit for unit, on in units_of(merged.config, merged.jobs) if not on]
    # The agent's own commands switch these on without asking us, so their code is kept as if they ran.
    found = {unit for unit in off if judge.guards(unit, merged.jobs, shipped=unit in shipped)}
    return frozenset(found | ({_INLINE} & judge.memory.granted))


def unit_effects(ours: Side, merged: Side, idle: frozenset[Unit] = frozenset()) -> Iterator[Effect]:
    """Yield one effect for each hook, plugin, or skill with commands that are run, that is new or changed.

    Args:
        ours: The home as found.
        merged: The home after the merge.
        idle: Units that are off and yet guarded like running ones.
    """
    changed = ours.tree.differing(merged.tree)
    units = merged.units | ours.units
    if _runs_inline(ours, merged, idle):
        units |= ours.inline | merged.inline
    for unit in sorted(units):
        if any(path.under(unit) for path in changed):
            yield from _unit_effect(unit, ours, merged)


def _unit_effect(unit: RelPath, ours: Side, merged: Side) -> Iterator[Effect]:
    """Yield the effect of a unit, unless it is removed: what is gone does not run."""
    files = merged.tree.where(lambda path: path.under(unit))
    if not files:
        return
    change = "changed" if any(path.under(unit) for path in ours.tree) else "new"
    facts = (
        ("change", change),
        ("kind", unit.top.removesuffix("s")),
        ("files", str(len(files))),
    )
    yield Effect(EffectKind.RUNS, unit, "", facts, files.digest)


def _runs_inline(ours: Side, merged: Side, idle: frozenset[Unit]) -> bool:
    return _INLINE in idle or (ours.runs_inline and merged.runs_inline)


def file_effects(
    ours: Side, merged: Side, known: Iterable[Effect], idle: frozenset[Unit] = frozenset()
) -> Iterator[Effect]:
    """Yield an effect for each changed, new or removed file and each running thing that can load it.

    Args:
        ours: The home as found.
        merged: The home after the merge.
        known: The other effects; whatever has one is approved together with its code.
        idle: Units that are off and yet guarded like running ones.
    """
    every = tuple(known)
    changed = [*_changed_beside(every, ours, merged)]
    if not changed:
        return
    owners: dict[RelPath, dict[str, str]] = {}
    # Search both states: a file that is new or gone can change what a running thing loads.
    names = Names(ours.tree, merged.tree, roots=(*ours.roots, *merged.roots))
    both = Reach(names, ours.read, ours.inside)
    for place, start in _running(ours, merged, both, _Asked(every), idle):
        for path in both.of(start):
            if not _is_aside(path) or start.agent or path in both.named_by(start):
                owners.setdefault(path, {})[place] = start.owner
    for path in changed:
        for place, owner in sorted(owners.get(path, {}).items()):
            yield _file_effect(path, place, owner, ours.tree.get(path), merged.tree.get(path))


def _is_aside(path: RelPath) -> bool:
    """Whether something else asks for a file: a hook or plugin is approved as a whole, and a document key by key."""
    return path in _ASIDE or (path.top in UNITS and path.count("/") > 1)


def _changed_beside(known: Iterable[Effect], ours: Side, merged: Side) -> Iterator[RelPath]:
    """Yield the changed files that no other effect speaks for."""
    units = [effect.path for effect in known if not effect.key and effect.kind is EffectKind.RUNS]
    for path in ours.tree.differing(merged.tree):
        if path in _ASIDE:
            # Nearly every update changes these, and hardly a command names them.
            if _is_word(path, ours) or _is_word(path, merged):
                yield path
        elif not any(path.under(unit) for unit in units):
            yield path


def _is_word(path: RelPath, side: Side) -> bool:
    """Whether the name of a file occurs in a command of a state."""
    words = (word for start in side.settings.values() for word in start.words)
    return any(folded(path.name) in folded(word) for word in words)


def _file_effect(
    path: RelPath, place: str, owner: str, before: Entry | None, after: Entry | None
) -> Effect:
    content = digest_of([place, path, _image(after)])
    facts = ((CODE_OF, owner), ("before", _short(before)), ("after", _short(after)), (OWNER, place))
    return Effect(EffectKind.RUNS, path, "", facts, content)


def _image(entry: Entry | None) -> object:
    if entry is None:
        return None
    return [str(entry.digest), entry.executable]


def _short(entry: Entry | None) -> str:
    """Describe an entry for a card: the start of its digest, and whether it is executable."""
    if entry is None:
        return "none"
    mode = " executable" if entry.executable else ""
    return f"{entry.digest[:12]}{mode}"


class _Asked:
    """The keys and jobs that have an effect of their own."""

    def __init__(self, known: Iterable[Effect]) -> None:
        keys = [(effect.path, parsed_key(effect.key)) for effect in known if effect.key]
        self._settings = [key for path, key in keys if path == CONFIG]
        self._jobs = {_job_id(key) for path, key in keys if path == JOBS}

    def setting(self, key: KeyPath) -> bool:
        return any(_related(key, other) for other in self._settings)

    def job(self, ident: str) -> bool:
        return ident in self._jobs


_Running = tuple[str, Start]
"""The place of something that runs (stable whatever its author calls it), and its starting point."""


def _running(
    ours: Side, merged: Side, both: Reach, asked: _Asked, idle: frozenset[Unit]
) -> Iterator[_Running]:
    """Yield what runs before and after, both as found and as merged where the change itself needs no approval."""
    yield _BY_AGENT, AGENT
    # A start whose own setting needs approval is left out: its code is bound to that approval.
    before, after = _live(ours, idle), _live(merged, idle)
    yield from ((_place(CONFIG, key), start) for key, start in before.items() if key in after)
    yield from (
        (_place(CONFIG, key), start) for key, start in after.items() if not asked.setting(key)
    )
    yield from _running_jobs(ours, merged, both, asked, idle)
    for unit in sorted(ours.units & merged.units):
        yield str(unit), unit_start(unit, both)
    if _runs_inline(ours, merged, idle):
        for skill in sorted(ours.inline):
            yield str(skill), unit_start(skill, both)


def _live(side: Side, idle: frozenset[Unit]) -> dict[KeyPath, Start]:
    """The commands that settings run, including servers that are off but guarded."""
    off = {key: start for key, start in side.settings.items() if (CONFIG, key) in idle}
    return {**side.live, **off}


def _running_jobs(
    ours: Side, merged: Side, both: Reach, asked: _Asked, idle: frozenset[Unit]
) -> Iterator[_Running]:
    before, after = _running_ids(ours, idle), _running_ids(merged, idle)
    for ident in after:
        place = _place(*job_unit(ident))
        if ident in before:
            yield place, job_start(ours.jobs[ident], ours.jobs, both)
        if not asked.job(ident):
            yield place, job_start(merged.jobs[ident], merged.jobs, both)


def _running_ids(side: Side, idle: frozenset[Unit]) -> list[str]:
    return [
        ident
        for ident, job in side.jobs.items()
        if job.get("enabled", True) or job_unit(ident) in idle
    ]


def _place(path: RelPath, key: KeyPath) -> str:
    return f"{path}: {format_key(key)}"


def bound_to_code(effects: Iterable[Effect], merged: Side, shipped: Side) -> Iterator[Effect]:
    """Bind effects to the code that comes with them, as the package ships it.

    Args:
        effects: Those of settings, jobs, hooks and plugins.
        merged: The home after the merge, for files that the package does not ship.
        shipped: What upstream ships, in the home's spelling.
    """
    for effect in effects:
        cover = EMPTY
        if effect.kind in _BOUND:
            cover = _cover_of(effect, merged, shipped)
        yield _bound_to(effect, cover) if cover else effect


def _bound_to(effect: Effect, cover: Tree) -> Effect:
    """Bind an effect's approval to exactly these files; its card tells how many they are, and where."""
    common = commonpath([str(path.parent) for path in cover])
    loads = (LOADS, fact_text([len(cover), common]))
    return replace(
        effect, digest=digest_of([effect.digest, cover.digest]), facts=(*effect.facts, loads)
    )


def is_owned_by(owner: str, effect: Effect) -> bool:
    """Whether an effect starts the owner of a covered file, as the file's fact names it."""
    path, key = split_place(owner)
    if owner == _BY_AGENT:
        return False
    if not key:
        skills = effect.path == CONFIG and _related(parsed_key(effect.key), INLINE_SWITCH)
        return path == effect.path or (skills and RelPath(path).top not in UNITS)
    return (
        path == effect.path
        and bool(effect.key)
        and _related(parsed_key(key), parsed_key(effect.key))
    )


def effects_loading(
    effects: Iterable[Effect], path: RelPath, merged: Side, shipped: Side
) -> tuple[Effect, ...]:
    """Find the effects that can load a file of the package.

    Args:
        effects: Those of settings, jobs, hooks and plugins.
        path: The file.
        merged: The home, for files that the package does not ship.
        shipped: What upstream ships, in the home's spelling.
    """
    return tuple(e for e in effects if e.kind in _BOUND and path in _cover_of(e, merged, shipped))


def _cover_of(effect: Effect, merged: Side, shipped: Side) -> Tree:
    starts = tuple(_starts_of(effect, merged, shipped))
    if not starts:
        return EMPTY
    cover = shipped.cover(starts)
    # A hook or plugin is approved by the digest of its own folder already.
    if any(path.under(effect.path) for path in cover):
        return cover.where(lambda path: not path.under(effect.path))
    return cover


def _starts_of(effect: Effect, merged: Side, shipped: Side) -> Iterator[Start]:
    """Yield the starting points that an effect enables."""
    key = parsed_key(effect.key)
    if effect.path == CONFIG and key:
        yield from _starts_of_setting(key, merged, shipped)
    elif effect.path == JOBS and key:
        yield from _starts_of_job(key, merged, shipped)
    elif not key and effect.path not in shipped.tree:
        yield unit_start(effect.path, shipped.reach)


def _starts_of_setting(key: KeyPath, merged: Side, shipped: Side) -> Iterator[Start]:
    # The package's own command comes first: the home's may be the user's edit of it, and load other files.
    yield from _related_starts(key, shipped) or _related_starts(key, merged)
    if _related(key, INLINE_SWITCH):
        for skill in sorted(shipped.inline):
            yield unit_start(skill, shipped.reach)


def _related_starts(key: KeyPath, side: Side) -> list[Start]:
    # Most keys are in a section that holds no command.
    section = side.settings_by_section.get(key[0], {})
    return [start for at, start in section.items() if _related(at, key)]


def _starts_of_job(key: KeyPath, merged: Side, shipped: Side) -> Iterator[Start]:
    ident = _job_id(key)
    if ident in shipped.jobs:
        yield shipped.job_start(ident)
    elif ident in merged.jobs:
        yield job_start(merged.jobs[ident], merged.jobs, shipped.reach)


def _related(one: KeyPath, other: KeyPath) -> bool:
    """Whether two keys are equal, or one lies inside the other."""
    return one[: len(other)] == other[: len(one)]


def _job_id(key: KeyPath) -> str:
    if len(key) < 2 or not isinstance(key[1], Item):
        return ""
    return str(key[1].value)
