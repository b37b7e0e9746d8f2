"""Ownership: the only table that says which paths belong to whom.

Names of the machine apply at the root of a home, whatever an author ships; the same name deeper down
(``skills/x/workspace/``) is payload. Names of the agent's bookkeeping and of secrets apply at any depth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents import places, stores
from hermes_dist.agents.places import SHARED_FOLDERS
from hermes_dist.brand import BRANDS, LOCKFILE, MANIFEST, OWN_PLUGINS, PRIVATE, SHARED
from hermes_dist.decide.parts import part_of
from hermes_dist.light import StrEnum
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Tree
from hermes_dist.model.trust import KEYS_FILE

_KNOWN_NAMES = 4096
_KNOWN_FOLDERS = 1 << 15
"""More than a package may have, so that each is judged once however often its files are."""


class Owner(StrEnum):
    """The owner of a path of a package or a home."""

    SHARED = "shared"
    MACHINE = "machine"
    HOUSEKEEPING = "housekeeping"
    UNKNOWN = "unknown"


_NO_SIGNS = frozenset("?[")


class _Names:
    """A set of name patterns; the result for each of some thousand names is cached.

    Most are a name, the start of one or the end of one, and the others are searched for part by part: to compile an
    expression of all takes longer than to read a home. Only ``*`` is special.

    Raises:
        ValueError: A pattern has another of fnmatch's signs, which would stand for itself here and protect nothing.
    """

    def __init__(self, *patterns: str) -> None:
        if not _NO_SIGNS.isdisjoint("".join(patterns)):
            raise ValueError("only * is special in a pattern of names")
        self._known: dict[str, bool] = {}
        self._names: set[str] = set()
        self._parted: list[list[str]] = []
        starts, ends, heads = [], [], []
        for pattern in map(str.lower, patterns):
            parts = pattern.split("*")
            if len(parts) == 1:
                self._names.add(pattern)
            elif len(parts) == 2 and not parts[1]:
                starts.append(parts[0])
            elif len(parts) == 2 and not parts[0]:
                ends.append(parts[1])
            else:
                self._parted.append(parts)
                heads.append(parts[0])
        self._starts, self._ends, self._heads = tuple(starts), tuple(ends), tuple(heads)

    def __contains__(self, name: str) -> bool:
        known = self._known.get(name)
        if known is None:
            if len(self._known) == _KNOWN_NAMES:
                self._known.clear()
            known = self._known[name] = self._holds(folded(name))
        return known

    def _holds(self, name: str) -> bool:
        return (
            name in self._names
            or name.startswith(self._starts)
            or name.endswith(self._ends)
            or any(_has_parts(name, parts) for parts in self._parted)
        )

    def marks(self) -> tuple[str, ...]:
        """What stands in ``/name/`` if a name is in the set; something is in that of other names, too."""
        begin = (*self._starts, *self._heads)
        return (
            *(f"/{name}/" for name in self._names),
            *(f"/{start}" for start in begin),
            *(f"{end}/" for end in self._ends),
        )

    def beginnings(self) -> tuple[str, ...]:
        """What each name in the set begins with; others may, too."""
        return (*self._names, *self._starts, *self._heads, *("" for _ in self._ends))


def _has_parts(name: str, parts: list[str]) -> bool:
    """Whether a name begins with the first part, ends with the last, and has the others in between, in their order."""
    first, *between, last = parts
    at, end = len(first), len(name) - len(last)
    if at > end or not (name.startswith(first) and name.endswith(last)):
        return False
    for part in between:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


SHARED_FILES = (*places.SHARED_FILES, MANIFEST)
_TOPS = {folded(name): name for name in (*SHARED_FILES, *SHARED_FOLDERS)}

_BRANDS_OWN = tuple(
    name
    for brand in BRANDS
    for name in (f"{brand.name}-agent", f".{brand.name}_history", f".{brand.name}-runtime")
)
_MACHINE_ROOT = _Names(
    *stores.CREDENTIALS,
    *stores.LEARNED,
    *stores.RUNNING,
    *stores.TREES,
    *_BRANDS_OWN,
    SHARED,
    LOCKFILE,
    PRIVATE,
)
_MACHINE_ANYWHERE = _Names(*stores.BOOKKEEPING, OWN_PLUGINS)
_LITTER = ("__pycache__", "*.pyc", ".DS_Store", ".git", "*.swp")
_MACHINE_NAMES = _Names(*_LITTER, *stores.CREDENTIALS_ANYWHERE)
_MACHINE_NAMES_BUT = _Names(*stores.NO_CREDENTIALS)
_MACHINE_PAIRS = _Names(*stores.CREDENTIAL_PAIRS)
_TELLING = _Names(
    *_LITTER,
    *stores.CREDENTIALS_ANYWHERE,
    *(pair.rpartition("/")[2] for pair in stores.CREDENTIAL_PAIRS),
)
"""The names that can say, alone or with the folder around them, that a path is the machine's; few files have one."""
_CREDENTIALS = _Names(*stores.CREDENTIALS)
_CREDENTIAL_NAMES = _Names(*stores.CREDENTIALS_ANYWHERE)
_CREDENTIALS_INSIDE = _Names(*stores.CREDENTIALS_INSIDE)
_CHANNEL_CREDENTIALS = _Names(*stores.CHANNEL_CREDENTIALS)
_REBUILT = _Names(*stores.REBUILT, *(f"{brand.name}-agent" for brand in BRANDS), SHARED, PRIVATE)
"""Paths that even a full backup leaves out: other homes, programs, caches, and the state of running processes."""
ENV_EXAMPLES = (".env.EXAMPLE", ".env.example", ".env.template", ".env.sample", ".env.dist")
"""Templates of the environment in order of preference; the first one found is used, and none is merged."""
_FOLDED_EXAMPLES = frozenset(map(folded, ENV_EXAMPLES))
_HOUSEKEEPING_FILES = _Names(
    "README*",
    "LICENSE*",
    "LICENCE*",
    "COPYING*",
    "NOTICE*",
    "CHANGELOG*",
    "CHANGES*",
    "CONTRIBUTING*",
    "CODE_OF_CONDUCT*",
    "SECURITY*",
    ".git*",
    ".travis.yml",
    ".editorconfig",
    ".pre-commit-config.yaml",
    "Makefile",
    "SHA256SUMS*",
    KEYS_FILE,
    "pyproject.toml",
    "package.json",
    "package-lock.json",
)
_HOUSEKEEPING_FOLDERS = _Names(
    ".git*", ".circleci", ".vscode", ".idea", "tests", "test", "LICENSES"
)
_MEDIA = (
    ".md",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".svg",
    ".webp",
    ".ico",
    ".mp3",
    ".wav",
    ".ogg",
    ".mp4",
    ".pdf",
)


def is_machine(path: RelPath) -> bool:
    """Whether a path belongs to the machine: it is never read into a package, and no package writes it."""
    return _is_machines(path)


def _is_machines(path: str) -> bool:
    # A folder of the machine's holds nothing else, and most files of a large package share theirs.
    folder, slash, name = path.rpartition("/")
    if name in _TELLING and _tells(folder, name):
        return True
    # The root's names apply at the root only: an author may ship skills/x/workspace/.
    if not slash:
        return name in _MACHINE_ROOT
    # Bookkeeping is named with its folder, such as cron/output, at most three names deep.
    return _is_machines_folder(folder) or (folder.count("/") < 2 and path in _MACHINE_ANYWHERE)


def _tells(folder: str, name: str) -> bool:
    if name in _MACHINE_NAMES and name not in _MACHINE_NAMES_BUT:
        return True
    return f"{folder.rpartition('/')[2]}/{name}" in _MACHINE_PAIRS


def machines_among(paths: Collection[RelPath]) -> frozenset[RelPath]:
    """Those of many paths that belong to the machine, as :func:`is_machine` says."""
    # Few packages have one. To search for each mark in all paths at once, and to judge the few paths that hold one,
    # takes less time than to judge thousands of names.
    whole = _BETWEEN.join(paths)
    if not whole.isascii():  # one of them is to be folded letter by letter
        return frozenset(filter(is_machine, paths))
    marked = {*_holding_a_mark(whole, {path.partition("/")[0] for path in paths})}
    return frozenset(path for path in paths if path in marked and is_machine(path))


def _holding_a_mark(whole: str, tops: Iterable[str]) -> Iterator[str]:
    """Yield the paths in a text that hold a mark, or a name at the root that is the machine's; some more than once.

    Args:
        whole: The paths, in ASCII.
        tops: The names that they begin with.
    """
    text = f"\n/{whole}/\n"
    spelled = text.lower()
    # A search for each takes a while. Half of the marks have a dot behind a slash, and many a folder at the root.
    dotted, low = "/." in spelled, {"", *(name.lower() for name in tops)}
    likely = [m for m in _MARKS if (dotted or "/." not in m) and _top_of(m) in low]
    for mark in (*likely, *(f"\n/{top.lower()}/" for top in tops if top in _MACHINE_ROOT)):
        at = spelled.find(mark)
        while at >= 0:
            begin, end = spelled.rfind("\n", 0, at + 1) + 2, spelled.find("/\n", at + 1)
            yield text[begin:end]
            at = spelled.find(mark, end)


def _top_of(mark: str) -> str:
    """The folder at the root that a mark is in; empty if it may be in any."""
    if not mark.startswith("\n/"):
        return ""
    return mark[2:].rpartition("/")[0].partition("/")[0]


_BETWEEN = "/\n/"
"""Stands between paths that are searched together; no name holds it."""
_MARKS = (*_TELLING.marks(), *(f"\n/{begin}" for begin in _MACHINE_ANYWHERE.beginnings()))
"""One of these is in every path of the machine's that is not told by its first name."""


_is_machines_folder = lru_cache(maxsize=_KNOWN_FOLDERS)(_is_machines)


def is_credential(path: str) -> bool:
    """Whether a path of a home holds keys or logins, or lies in a folder that does; its name may be any."""
    parts = tuple(path.split("/"))
    if parts[0] in _CREDENTIALS:
        return True
    if any("/".join(parts[:n]) in _CREDENTIALS_INSIDE for n in (2, 3)):
        return True
    return _has_name_in(_CREDENTIAL_NAMES, parts) or _has_credential_pair(parts)


def _has_name_in(names: _Names, parts: tuple[str, ...]) -> bool:
    """Whether any folder or the file has one of these names; ``.env.EXAMPLE`` looks like a secret and is none."""
    return any(part in names and part not in _MACHINE_NAMES_BUT for part in parts)


def _has_credential_pair(parts: tuple[str, ...]) -> bool:
    """Whether two neighbouring names are those of a store of keys, such as ``.config/gh``."""
    return any("/".join(pair) in _MACHINE_PAIRS for pair in pairwise(parts))


def is_of_a_channel(path: str) -> bool:
    """Whether a path of a home is the login of a channel, or controls who may talk to it; its name may be any."""
    return path.split("/", 1)[0] in _CHANNEL_CREDENTIALS


def without_machine(lock: Lock) -> Lock:
    """Drop the machine's files from a lock, whoever wrote it: what it says about them is not a usable base."""
    # A lock can come in with a clone or an archive. If it named a machine's file as base, an update would take the
    # file's absence upstream for a deletion, and delete it here.
    kept = _without(machines_among(lock.base), lock.base)
    upstream = {path: entry for path, entry in lock.upstream.items() if not is_machine(path)}
    # Only an edit that waits has an author's version in its place; anything else here would become a base.
    authored = {path: lock.authored[path] for path in sorted(upstream.keys() & lock.authored)}
    released = _without(machines_among(lock.released), lock.released)
    moved = {old: new for old, new in lock.moved.items() if not _is_any_machine(old, new)}
    included = tuple(path for path in lock.top.included if not why_never_included(path))
    clean = replace(
        lock.with_top(included=included),
        base=kept,
        upstream=upstream,
        authored=authored,
        released=released,
        moved=moved,
    )
    return lock if clean == lock else clean


def _without(paths: Collection[RelPath], tree: Tree) -> Tree:
    return tree.with_entries(dict.fromkeys(paths))


def _is_any_machine(*paths: RelPath) -> bool:
    return any(map(is_machine, paths))


def is_rebuilt(path: RelPath) -> bool:
    """Whether a full backup leaves a path out because it is recreated when needed."""
    if path == LOCKFILE:
        return False  # nothing can recreate what it remembers
    return path.top in _REBUILT or any(part in ("__pycache__", ".DS_Store") for part in path.parts)


def owner_of(path: RelPath) -> Owner:
    """Classify a path of a package by its name alone."""
    return Owner.MACHINE if is_machine(path) else _owner_beside_machine(path)


def _owner_beside_machine(path: RelPath) -> Owner:
    top, slash, _ = path.partition("/")
    if top in SHARED_FOLDERS or path in SHARED_FILES:
        return Owner.SHARED
    housekeeping = _HOUSEKEEPING_FOLDERS if slash else _HOUSEKEEPING_FILES
    if top in housekeeping:
        return Owner.HOUSEKEEPING
    return Owner.UNKNOWN


_UNNAMED = frozenset([Why.NOT_OWNED, Why.HOUSEKEEPING, Why.UNKNOWN_AT_ROOT])
"""Reasons to leave a file out that end when the list, or the user, names it."""


class Payload(Struct, frozen=True):
    """The files of a package that go into a home.

    Attributes:
        tree: The files that are installed.
        left_out: The files that are not, by folder.
        unlisted: The files that are left out only because nobody names them.
        notes: Paths that the list, or the user, names and the package does not contain.
    """

    tree: Tree
    left_out: tuple[LeftOut, ...]
    unlisted: Tree
    notes: tuple[Note, ...]


def payload_of(package: Tree, manifest: Manifest, included: Collection[RelPath] = ()) -> Payload:
    """Choose the files to install: those in ``distribution_owned`` if it is set, else by the table.

    Args:
        package: The package as shipped.
        manifest: Its manifest.
        included: What the user takes besides, as if the list named it.
    """
    why = dict(_all_left_out(package, manifest, included))
    tree = _without(why, package)
    return Payload(
        tree=tree,
        left_out=_by_folder(why, {path.top for path in tree}) if why else (),
        unlisted=Tree((path, package[path]) for path, reason in why.items() if reason in _UNNAMED),
        notes=(
            *(
                Note.of(NoteKind.OWNED_IS_MISSING, path=p)
                for p in _in_vain(manifest.owned, package)
            ),
            *(Note.of(NoteKind.INCLUDED_IS_MISSING, path=p) for p in _in_vain(included, package)),
        ),
    )


def _all_left_out(
    package: Tree, manifest: Manifest, included: Collection[RelPath]
) -> Iterator[tuple[RelPath, Why]]:
    """Yield each path that is left out, and why."""
    machine = machines_among(package)
    for path in package:
        top, slash, _ = path.partition("/")
        if path in machine:
            yield path, Why.EACH_MACHINE
        elif manifest.owned is not None or not slash or top not in SHARED_FOLDERS:
            why = _why_left_out(path, manifest, included)
            if why:
                yield path, why


def brings(path: RelPath, manifest: Manifest, included: Collection[RelPath] = ()) -> bool:
    """Whether a package that has this path installs it."""
    return _why_left_out(path, manifest, included) is None


def _in_vain(names: Iterable[RelPath] | None, package: Tree) -> list[RelPath]:
    return [name for name in names or () if not any(path.under(name) for path in package)]


def why_never_included(path: RelPath) -> Why | None:
    """Return why the user may not take a path of a package along; None if they may."""
    if is_machine(path):
        return Why.EACH_MACHINE
    top, slash, _ = path.partition("/")
    if not slash and folded(path) in _FOLDED_EXAMPLES:
        return Why.ENV_TEMPLATE
    return Why.CASE_TWIN if _twin(top) != top else None


def takeable(tree: Tree) -> Tree:
    """The part of a tree that a user may take along: all paths that :func:`why_never_included` has nothing against."""
    machines = machines_among(tree)
    tops = {path.top for path in tree}
    examples = {name for name in tops if folded(name) in _FOLDED_EXAMPLES}
    twins = {name for name in tops if _twin(name) != name}
    never = {*machines, *examples}
    if not (never or twins):
        return tree
    return tree.where(lambda path: path not in never and path.top not in twins)


def _by_folder(why: Mapping[RelPath, Why], partly: set[str]) -> tuple[LeftOut, ...]:
    """Group the files that are left out by folder and reason; ``partly`` are folders that come in in part."""
    counts: Counter[tuple[str, Why, str]] = Counter()
    skills: Counter[tuple[str, Why, str]] = Counter()
    for path, reason in why.items():
        # Every package has this file, and its content arrives as the home's .env.EXAMPLE: no reader misses it.
        if path != ENV_EXAMPLES[0]:
            detail = _twin(path.top) if reason is Why.CASE_TWIN else ""
            row = (_named(path, deep=path.top in partly), reason, detail)
            counts[row] += 1
            skills[row] += part_of(path) == "skills" and path.name == "SKILL.md"
    return tuple(LeftOut(*row[:2], n, row[2], skills[row]) for row, n in sorted(counts.items()))


def _named(path: RelPath, *, deep: bool) -> str:
    """Return the top folder to report for a path; one level deeper if other files of that folder are installed."""
    parts = path.parts
    depth = 2 if deep else 1
    if len(parts) <= depth:
        return str(path)
    return f"{'/'.join(parts[:depth])}/"


def _why_left_out(path: RelPath, manifest: Manifest, included: Collection[RelPath]) -> Why | None:
    """Return why a path is left out; None if it is installed."""
    # First of all, so that neither a manifest nor the user can claim the machine's files. On file systems that ignore
    # case, Hooks/ is hooks/, and here nothing would judge what it runs.
    never = why_never_included(path)
    if never or path == MANIFEST or any(path.under(place) for place in included):
        return never
    if manifest.owned is not None:
        return _why_not_owned(path, manifest.owned)
    return _why_not_shared(path, _owner_beside_machine(path))


def _twin(top: str) -> str:
    """Return the shared name that differs from the top of a path only by case; the top itself if there is none."""
    return top if top in SHARED_FOLDERS else _TOPS.get(folded(top), top)


def _why_not_owned(path: RelPath, owned: Iterable[RelPath]) -> Why | None:
    if any(path.under(place) for place in owned):
        return None
    return Why.NOT_OWNED


def _why_not_shared(path: RelPath, owner: Owner) -> Why | None:
    """Return why a package without ``distribution_owned`` does not install a path."""
    if owner is Owner.HOUSEKEEPING:
        return Why.HOUSEKEEPING
    # A skill may refer to any folder that its author ships. At the root, where the agent and the system look for
    # files of their own, only texts and pictures are harmless enough.
    if owner is Owner.SHARED or "/" in path or path.suffix in _MEDIA:
        return None
    return Why.UNKNOWN_AT_ROOT


def looked_at(package: Tree) -> tuple[Callable[[RelPath], bool], Callable[[RelPath], bool]]:
    """Choose the files of a home to read for merging, given all paths of base and theirs.

    Returns:
        Two predicates: for files, and for folders to go into.
    """
    above, inside = package.folders, package.keys()
    folders = {folder for folder in above if "/" not in folder} | set(SHARED_FOLDERS)
    files = {path for path in package if "/" not in path} | {RelPath(name) for name in SHARED_FILES}

    def want(path: RelPath) -> bool:
        if path in inside:
            return True
        known = path.top in folders if "/" in path else path in files
        return known and not is_machine(path)

    def into(path: RelPath) -> bool:
        return path in above or (path.top in folders and not is_machine(path))

    return want, into
