"""Export: the shared files of a home for an archive, without secrets and run state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.agents.jobs import REASON
from hermes_dist.agents.places import LETS_IN, MEMORIES, OF_FOREIGN_ARCHIVES, SESSIONS
from hermes_dist.decide.ownership import is_rebuilt
from hermes_dist.decide.parts import PARTS, part_of
from hermes_dist.decide.placement.job_ids import Job
from hermes_dist.decide.placement.jobs import JOBS, is_runtime, jobs_by_id, waits_for_approval
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import MCP, SERVERS
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import (
    Kind,
    Unmergeable,
    dump,
    kind_of,
    load_data,
    parse,
    rewrite,
    same,
)
from hermes_dist.model.documents.told import told
from hermes_dist.model.left_out import Why
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree
from hermes_dist.model.values import as_list, as_map

with later():
    from hermes_dist.decide.secrets.mask import hide
    from hermes_dist.decide.secrets.settings import key_of_job, names_in, texts_of

CARRIED_PARTS: Mapping[str, tuple[str, ...]] = {name: (name,) for name in (MEMORIES, SESSIONS)}
"""Paths that ``--with`` adds, by folder; the databases of sessions are matched by :func:`is_history`."""
_HISTORY = lazily.pattern(r"(?:state|response_store)\.db(?:-wal)?")
"""Includes the write-ahead log, as the agent's own archives do."""


Hide = Callable[[object, tuple[str, ...]], tuple[object, tuple[str, ...]]]


def _as_it_is(value: object, _key: tuple[str, ...]) -> tuple[object, tuple[str, ...]]:
    return value, ()


class Portable(Struct):
    """The files of a home, cleaned so that they may leave it.

    Attributes:
        tree: The files, in the home's spelling.
        hide: Replaces the secrets in a value, given its key, and tells the names of their variables.
        blobs: New contents by digest.
        variables: Names that replace secrets in settings and jobs.
        notes: What could not be included.
    """

    tree: Tree
    hide: Hide = field(default=_as_it_is)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def put(self, path: RelPath, data: bytes) -> None:
        """Set the content of a file."""
        entry = Entry(Digest.of(data), self.tree[path].executable)
        self.blobs[entry.digest] = data
        self.tree = self.tree.with_entries({path: entry})

    def leave(self, path: RelPath, why: Why, detail: str = "") -> None:
        """Leave a file out, and note why."""
        self.tree = self.tree.with_entries({path: None})
        self.notes.append(Note.of(NoteKind.LEFT_OUT, path, why=why, detail=detail))


def portable(home: Tree, base: Tree, read: Read) -> Portable:
    """Remove secrets from settings and run state from jobs; data equal to base's stay as the author wrote them.

    Args:
        home: The shared files of a home.
        base: What the home last received; empty for none.
        read: Gives contents by digest.
    """
    names = names_in(texts_of(home, read), texts_of(base, read))
    work = Portable(home, partial(hide, known=names))
    for path in (CONFIG, MCP):
        if path in home and home[path] != base.get(path):
            _without_secrets(work, path, base, read)
    if JOBS in home and home[JOBS] != base.get(JOBS):
        _without_run_state(work, base, read)
    return work


def _without_secrets(work: Portable, path: RelPath, base: Tree, read: Read) -> None:
    kind = kind_of(path) or Kind.YAML
    try:
        doc = parse(read(work.tree[path].digest), kind)
    except Invalid:
        return  # unreadable as data, so it is scanned as plain text later
    want = _hidden(work, doc.value, _data(path, base, read), ())
    if same(want, doc.value):
        return
    try:
        work.put(path, rewrite(doc, want).content)
    except Unmergeable:
        work.put(path, dump(want, kind))


def _hidden(work: Portable, value: object, before: object, key: tuple[str, ...]) -> object:
    """Return a value without secrets; one that equals base's is the author's and stays."""
    if same(value, before):
        return value
    if isinstance(value, dict):
        old = as_map(before)
        return {k: _hidden(work, part, old.get(k), (*key, str(k))) for k, part in value.items()}
    shown, names = work.hide(value, key)
    work.variables += names
    return shown


def _data(path: RelPath, tree: Tree, read: Read) -> object:
    """Return a document's data; None if there is no such file, or it can't be read."""
    if path not in tree:
        return None
    try:
        return load_data(read(tree[path].digest), kind_of(path) or Kind.YAML)
    except Invalid:
        return None


def _without_run_state(work: Portable, base: Tree, read: Read) -> None:
    written = b""
    try:
        written = read(work.tree[JOBS].digest)
        data = load_data(written, Kind.JSON)
    except Invalid as error:
        work.leave(JOBS, Why.UNREADABLE_JOBS, told(error, written))
        return
    old = _data(JOBS, base, read)
    before = jobs_by_id(old)
    jobs = [_job(work, job, before.get(str(job.get("id")))) for job in _jobs(data)]
    if not isinstance(_rows(data), list):
        work.leave(JOBS, Why.NO_JOBS)
    elif JOBS in base and same({"jobs": jobs}, old):
        work.tree = work.tree.with_entries({JOBS: base[JOBS]})
    else:
        work.put(JOBS, dump({"jobs": jobs}, Kind.JSON))


def _jobs(data: object) -> list[Job]:
    return [row for row in as_list(_rows(data)) if isinstance(row, dict)]


def _rows(data: object) -> object:
    """Return the list of jobs, which the agent also reads without a map around it."""
    return data.get("jobs") if isinstance(data, dict) else data


def _job(work: Portable, job: Job, before: Job | None) -> Job:
    """Return a job as if it had never run; it stays on or off as it is."""
    fresh = dict(job)
    for key, value in job.items():
        if is_runtime(key):
            fresh[key] = _fresh(key, value, job)
    repeat = fresh.get("repeat")
    if isinstance(repeat, dict) and "completed" in repeat:
        fresh["repeat"] = {**repeat, "completed": 0}
    shown = _hidden(work, fresh, before, key_of_job(job))
    return shown if isinstance(shown, dict) else {}


def _fresh(key: str, value: object, job: Job) -> object:
    on = bool(job.get("enabled", True))
    if key == "enabled":
        return on
    if key == "state":
        return _fresh_state(value, on=on)
    # Our own reason says that the job waits for approval: without it, the agent would show a job that the user paused.
    waits = not on and key == REASON and waits_for_approval(value)
    return value if waits else None


def _fresh_state(value: object, *, on: bool) -> str:
    if value == "completed":
        return "completed"  # a job that ran its last time has to stay so, or it would run again elsewhere
    return "scheduled" if on else "paused"


def parts_of(tree: Tree, read: Read, only: frozenset[str], without: frozenset[str]) -> Portable:
    """Select some parts of a home; its servers count as a part separate from its other settings.

    Args:
        tree: The files.
        read: Gives contents by digest.
        only: Parts to take; empty for all.
        without: Parts to leave out.
    """
    left = set(without)
    if only:
        left |= {*PARTS, "files"} - only
    work = Portable(
        tree.where(lambda path: path == "distribution.yaml" or part_of(path) not in left)
    )
    # Settings and servers share a file; only where one of them goes without the other has it to be taken apart.
    if ("config" in left) != ("mcp" in left) and CONFIG in tree:
        _one_of_two(work, tree[CONFIG], read, servers="mcp" not in left)
    return work


def _one_of_two(work: Portable, config: Entry, read: Read, *, servers: bool) -> None:
    """Keep only the servers of a ``config.yaml``, or everything else in it; one that can't be read stays as it is."""
    try:
        doc = parse(read(config.digest), Kind.YAML)
    except Invalid:
        return
    data = as_map(doc.value)
    if servers and data.get(SERVERS):
        work.tree = work.tree.with_entries({CONFIG: config})
        work.put(CONFIG, dump({SERVERS: data[SERVERS]}, Kind.YAML))
    elif not servers and SERVERS in data:
        rest = {key: value for key, value in data.items() if key != SERVERS}
        work.put(CONFIG, _spelled(doc, rest))


def _spelled(doc: object, want: object) -> bytes:
    try:
        return rewrite(doc, want).content  # type: ignore[arg-type]  # what parse gave
    except Unmergeable:
        return dump(want, Kind.YAML)


def lock_to_go(lock: Lock) -> Lock:
    """Return the lock for another machine, without approvals: they have to be given again there."""
    # Generations are kept in the home's private .dist/, which does not leave the machine.
    # Neither does what was chosen there about signatures: an archive must not loosen that.
    # A secret stays behind in .env, so nobody has answered it there.
    inputs = tuple(one for one in lock.inputs if one.value is not None)
    return replace(lock, answers=(), approved=(), generation=0, inputs=inputs).with_top(
        demands=None
    )


def wanted_blobs(lock: Lock | None, tree: Tree) -> list[Digest]:
    """List the contents that merging will need, beyond those of the files themselves."""
    if lock is None:
        return []
    return sorted(lock.contents() - {entry.digest for entry in tree.values()})


def is_history(path: RelPath) -> bool:
    """Whether a file is a database of sessions."""
    return bool(_HISTORY.fullmatch(path))


def goes_with(path: RelPath, parts: frozenset[str]) -> bool:
    """Whether ``--with`` these parts includes a file of the machine."""
    if any(path.top in CARRIED_PARTS[part] for part in parts):
        return True
    return SESSIONS in parts and is_history(path)


def comes_in(path: RelPath, *, full: bool, foreign: bool, effects: bool) -> bool:
    """Whether a new home accepts a file of the machine from an archive.

    Args:
        path: The file.
        full: The archive is a full backup that was opened with a passphrase.
        foreign: It was written by the agent.
        effects: The user approved everything that the archive can do.
    """
    # Before all else: not even a full backup may decide, unasked, which hooks run and who may talk
    # to the agent.
    if any(path.under(place) for place in LETS_IN) and not effects:
        return False
    if full:
        return not is_rebuilt(path)
    foreigners = foreign and any(path.under(name) for name in OF_FOREIGN_ARCHIVES)
    return foreigners or goes_with(path, frozenset(CARRIED_PARTS))


def only_lock(lock: Lock | None) -> Tree:
    """Return every path that a lock mentions."""
    return lock.base.with_entries(lock.theirs()) if lock else EMPTY
