"""Effects: everything that a plan newly runs, schedules, requires, weakens or hides.

They are found by comparing the home as found with the home as merged, so it does not matter by
which way something dangerous would arrive. Things that are placed switched off (paused jobs, disabled servers) are
effects, too: they wait for approval, but they need no parking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from hermes_dist.decide.consent.code import (
    Side,
    bound_to_code,
    file_effects,
    guarded_off,
    unit_effects,
)
from hermes_dist.decide.consent.floor.asks import Known
from hermes_dist.decide.consent.hidden import find_hidden, hidden_characters, is_plain
from hermes_dist.decide.consent.jobs import job_effects
from hermes_dist.decide.consent.mentions import SKILL
from hermes_dist.decide.consent.settings import setting_effects
from hermes_dist.decide.consent.switches import NO_MEMORY, Judge
from hermes_dist.decide.placement.jobs import JOBS, are_apart
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.errors import Invalid, Lost
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.documents.told import told
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest, Entry, Read, Tree

with later():
    from hermes_dist.decide.consent.skills.powers import skill_effects

if TYPE_CHECKING:
    from hermes_dist.decide.consent.skills.roots import At

_ASKING = (b"required_", b"collect_secrets", b"env_vars", b"deps", b"\\")
"""A skill that asks for variables, files or tools has one of these words, or an escape stands for a part of it."""
_SKILL = folded(SKILL)
_silent: set[Digest] = set()
"""Contents that have none of them: a digest names one content for ever."""


def find_effects(
    ours: Tree,
    merged: Tree,
    shipped: Tree,
    read: Read,
    judge: Judge = NO_MEMORY,
    known: Known = frozenset,
    at: At = tuple,
) -> tuple[Effect, ...]:
    """List everything that ``merged`` makes possible and ``ours`` does not.

    Args:
        ours: The home as found.
        merged: The home as it would be with everything approved.
        shipped: What upstream ships, placed; only its jobs and servers wait for approval.
        read: Gives contents by digest.
        judge: Knows what the lock remembers.
        known: Gives the names of providers that the machine uses.
        at: Gives the full paths of the home.
    """
    before, theirs, after = (Side(tree, read, at=at) for tree in (ours, shipped, merged))
    return Comparison(before, theirs, judge, known).effects(after)


class Comparison:
    """Compares states of a home with the one as found; what it finds out about one of them serves for the next.

    Args:
        before: The home as found.
        theirs: What upstream ships, placed.
        judge: Knows what the lock remembers.
        known: Gives the names of providers that the machine uses.
    """

    def __init__(
        self, before: Side, theirs: Side, judge: Judge = NO_MEMORY, known: Known = frozenset
    ) -> None:
        self._before, self._theirs = before, theirs
        self._judge, self._known = judge, known
        self._of_jobs: dict[Entry | None, tuple[Effect, ...]] = {}

    def effects(self, after: Side) -> tuple[Effect, ...]:
        """List everything that a state makes possible and the home as found does not.

        Args:
            after: The home as it would be with everything approved.
        """
        before, theirs, judge = self._before, self._theirs, self._judge
        ours, merged, read = before.tree, after.tree, after.read
        differing = ours.differing(merged)
        changed = [path for path in differing if path in merged]
        idle = guarded_off(after, theirs, judge)
        # Each side is compared with the home as found, not with base: what the user runs already needs no approval,
        # and what they removed would be new again.
        found = [
            *unit_effects(before, after, idle),
            *_unreadable(changed, ours, merged, read),
            *setting_effects(before.config, after.config, theirs.config, judge, self._known),
            *self._job_effects(after),
        ]
        # File effects depend on the others, so they come last: a file whose loader has an effect of its own is
        # approved together with that effect.
        files = file_effects(before, after, found, idle)
        bound = bound_to_code(found, after, theirs)
        others = [*_hidden(ours, changed, merged, read)]
        # Most packages have none, and need not load what reads them.
        texts = _texts_to_read(before, after, differing)
        if texts := [path for path in texts if _may_ask(path, after)]:
            others += skill_effects(texts, before, after, self._known)
        return tuple(sorted({*bound, *files, *others}))

    def _job_effects(self, after: Side) -> tuple[Effect, ...]:
        jobs = after.tree.get(JOBS)
        if jobs not in self._of_jobs:
            found = job_effects(self._before.jobs, after.jobs, self._theirs.jobs, self._judge)
            self._of_jobs[jobs] = tuple(found)
        return self._of_jobs[jobs]


def going_back(after: Side, before: Side, shipped: Side, judge: Judge) -> tuple[Effect, ...]:
    """List the effects of going back to the earlier code; that code ran already, so its content counts as approved.

    Args:
        after: The home as it will be.
        before: The home as found.
        shipped: What it last received.
        judge: Knows what the lock remembers.
    """
    idle = guarded_off(before, shipped, judge)
    # The sides are exchanged: seen from the home as it will be, the one as found would be the change to approve.
    units = [*unit_effects(after, before, idle)]
    return (*bound_to_code(units, before, shipped), *file_effects(after, before, units, idle))


def _unreadable(
    changed: Iterable[RelPath], ours: Tree, merged: Tree, read: Read
) -> Iterator[Effect]:
    """Yield an effect for a changed document that we can't read: the agent may read it, so its effect is unknown."""
    for path, kind in ((CONFIG, EffectKind.LOOSENS), (JOBS, EffectKind.SCHEDULES)):
        if path not in changed or path not in merged:
            continue
        fault = _fault_in(path, merged, read)
        if not fault:
            continue
        # The merged file is not written yet, and the user looks at the one that is there.
        fault = _fault_in(path, ours, read, lost=False) or fault
        yield Effect(kind, path, "", (("unreadable", fault),), merged[path].digest)


def _fault_in(path: RelPath, tree: Tree, read: Read, *, lost: bool = True) -> str:
    """Why a document can't be read, with line and column; empty if it can, or is missing.

    Args:
        path: The document.
        tree: Where it is.
        read: Gives contents by digest.
        lost: Whether content that the store has lost counts.
    """
    entry = tree.get(path)
    if entry is None:
        return ""
    written = b""
    try:
        written = read(entry.digest)
        data = load_data(written, kind_of(path) or Kind.YAML)
    except Invalid as err:
        if isinstance(err, Lost) and not lost:
            return ""
        return told(err, written if path == JOBS else b"")
    if path != JOBS or are_apart(data):
        return ""
    return "its jobs have no ids of their own"


def _texts_to_read(
    before: Side, after: Side, differing: Collection[RelPath]
) -> Collection[RelPath]:
    """The texts that changed, and those that the agent may take for skills, or obey, as it did not before."""
    if before.roots != after.roots or before.installs != after.installs:
        return after.tree
    changed = {path for path in differing if path in after.tree}
    return changed | _without_skill([path for path in differing if path not in changed], after.tree)


def _without_skill(gone: Iterable[RelPath], tree: Tree) -> set[RelPath]:
    """The files below the folder of a SKILL.md that is gone: they belong to no skill any more."""
    skills = (path for path in gone if folded(path.name) == _SKILL)
    begins = tuple(f"{path.parent}/" for path in skills if path.parent)
    return {path for path in tree if path.startswith(begins)} if begins else set()


def _may_ask(path: RelPath, after: Side) -> bool:
    """Whether a text may be a skill that asks for variables, files or tools."""
    digest = after.tree[path].digest
    if digest in _silent or not after.is_skill(path):
        return False
    text = after.read(digest)
    if any(word in text for word in _ASKING) or _names_variables(text):
        return True
    _silent.add(digest)
    return False


def _names_variables(text: bytes) -> bool:
    """Whether the front matter of a text may name a variable."""
    # Below it, every other skill has a line of shell code.
    front = text if b"\r" in text else text[: text.rfind(b"\n---")]
    return b"default" in front and (b"$" in front or b"%" in front)


def _hidden(ours: Tree, changed: Iterable[RelPath], merged: Tree, read: Read) -> Iterator[Effect]:
    """Yield an effect for each file whose hidden characters are not the ones that it had before."""
    for path in changed:
        if is_plain(merged[path].digest, read):
            continue
        now = _hidden_texts(path, merged, read)
        if not now or now == _hidden_texts(path, ours, read):
            continue
        places = hidden_characters(path, read(merged[path].digest))
        facts = tuple(("hidden", place) for place in places)
        yield Effect(EffectKind.HIDES, path, "", facts, merged[path].digest)


def _hidden_texts(path: RelPath, tree: Tree, read: Read) -> list[str]:
    """List the hidden texts of a file, without their lines: moving one down the page makes no new effect."""
    if path not in tree:
        return []
    return [place.text for place in find_hidden(path, read(tree[path].digest))]
