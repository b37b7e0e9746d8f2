"""Publishing: which files of a home may leave it, and how the repository changes.

Files have to be allowed by a list: the package's files, the shared names, the manifest's list. Then contents are
searched for what must not leave (``leaks.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial

from hermes_dist import lazily
from hermes_dist.agents.places import MIGRATED_TO, SHARED_FOLDERS
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.floor.asks import leaves
from hermes_dist.decide.consent.parking import Grafted, put_back
from hermes_dist.decide.environment.example import listed_example
from hermes_dist.decide.ownership import ENV_EXAMPLES, SHARED_FILES, is_machine
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import SERVERS
from hermes_dist.decide.versions import version_of
from hermes_dist.errors import Invalid, Refused, UsageError, first_few, quoted
from hermes_dist.merge.trees import TreeMerge, merge_trees
from hermes_dist.model.documents.api import Kind, Unmergeable, get, load_data, parse, rewrite
from hermes_dist.model.keypath import KeyPath, format_key, join_place, split_place
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree
from hermes_dist.model.values import as_list, as_map

BUMPS = ("major", "minor", "patch")
_PERSONAL_KEYS = (
    MIGRATED_TO,
    "*.allowed_users",
    "*.allowed_chats",
    "*.allowed_channels",
    "*.allowed_rooms",
    "*.allowed_numbers",
    "*.allowed_groups",
    "*.allowed_topics",
    "*allow_from",
    "*.group_allowed_chats",
    "*.free_response_channels",
    "*.free_response_rooms",
    "*.free_response_chats",
    "*.ignored_channels",
    "*.home_channels",
    "*.channel_id",
    "*.thread_id",
    "*.home_channel",
    "*.home_chat",
    "*home_channel.*",
    "*profile_routes",
    "*.chat_id",
    "*.user_id",
    "*.phone",
    "*.email",
    "terminal.cwd",
    "terminal.docker_volumes",
    "*.proxy",
    "command_allowlist",
    "gateway.*_dirs",
)
"""Settings about this machine or its user: they keep the package's values."""
_PLACEHOLDER = lazily.pattern(r"\$\{\w+\}")
_ANY = Entry(Digest.of(b""))


def looked_for(manifest: Manifest | None) -> Tree:
    """Return the paths listed in the manifest as a tree to search for, each as a file and as a folder."""
    owned = (manifest and manifest.owned) or ()
    paths = {path: _ANY for path in owned if not is_machine(path)}
    return Tree({**paths, **{path / "x": _ANY for path in paths}})


def permitted(
    found: Tree, base: Tree, manifest: Manifest | None, *, own: bool
) -> tuple[Tree, tuple[LeftOut, ...]]:
    """Choose which files of a home may leave it.

    Args:
        found: The files of the home that were read.
        base: The files that its package brought.
        manifest: Its manifest.
        own: Include the user's own files in shared folders.

    Returns:
        The files, and what stays behind, with reasons.
    """
    why = {path: _why_stays(path, base, manifest, own=own) for path in found}
    counts = Counter((_group(path), reason) for path, reason in why.items() if reason)
    left = tuple(LeftOut(place, reason, n) for (place, reason), n in sorted(counts.items()))
    return found.where(lambda path: not why[path]), left


def _group(path: RelPath) -> str:
    """Return the place that a file is reported under: itself, or the folder two levels deep that it lies in."""
    place = "/".join(path.parts[:2])
    return f"{place}/" if len(path.parts) > 2 else place


def _why_stays(path: RelPath, base: Tree, manifest: Manifest | None, *, own: bool) -> Why | None:
    """Return why a file of a home does not leave it; None if it may."""
    # First of all, so that neither a package nor a manifest can make the machine's files leave.
    if is_machine(path):
        return Why.THIS_MACHINE
    if path in base or path == MANIFEST:
        return None
    if path in ENV_EXAMPLES:
        return None if listed_example(manifest) else Why.ENV_TEMPLATE
    if reason := _why_not_listed(path, manifest):
        return reason
    # These hold both the package's data and the user's; capture tells them apart.
    is_mixed = path in SHARED_FILES or path.top == "cron"
    return None if own or is_mixed else Why.OWN


def _why_not_listed(path: RelPath, manifest: Manifest | None) -> Why | None:
    if manifest is not None and manifest.owned is not None:
        if any(path.under(place) for place in manifest.owned):
            return None
        return Why.NOT_NAMED
    if path in SHARED_FILES or path.top in SHARED_FOLDERS:
        return None
    return Why.NO_SHARED_NAME


def without_personal(
    home: Tree, received: Tree, kept: Collection[str], read: Read, also: Collection[str] = ()
) -> tuple[Grafted, tuple[LeftOut, ...]]:
    """Reset settings about this machine, and places that the user keeps here, to the package's values.

    Args:
        home: The home's files.
        received: The files that its package brought.
        kept: ``path`` or ``path: key`` of remembered decisions.
        read: Gives contents.
        also: Patterns of further settings about this machine.

    Returns:
        The files, and what stays behind, with reasons.
    """
    split = map(split_place, kept)
    places = [(RelPath(path), key) for path, key in split if any(each.under(path) for each in home)]
    left = [LeftOut(join_place(path, key), Why.KEPT_HERE) for path, key in places]
    if CONFIG in home:
        before = read(received[CONFIG].digest) if CONFIG in received else b""
        for place, why in local_keys(read(home[CONFIG].digest), before, also):
            key = format_key(place)
            places.append((CONFIG, key))
            left.append(LeftOut(join_place(CONFIG, key), why))
    # Put back, not removed: without them, the next version would look as if it had dropped these settings.
    return put_back(home, received, places, read), tuple(left)


def local_keys(
    config: bytes, received: bytes, also: Collection[str] = ()
) -> Iterator[tuple[KeyPath, Why]]:
    """Yield settings that stay: personal ones, and the package's placeholders that were filled in here.

    Args:
        config: A home's settings.
        received: Those that its package brought.
        also: Patterns of further settings about this machine.
    """
    try:
        data, before = load_data(config, Kind.YAML), load_data(received, Kind.YAML)
    except Invalid:
        return
    if not isinstance(data, dict):
        return
    for key, value in leaves(data):
        had = get(before, key)
        if value == had:
            continue
        if _is_filled_in(had, value):
            yield key, Why.FILLED_IN
        elif _is_personal(key, also):
            yield key, Why.PERSONAL


def _is_filled_in(had: object, value: object) -> bool:
    """Whether the package has a placeholder where the home has a text: most likely a key, or an address."""
    return isinstance(had, str) and isinstance(value, str) and bool(_PLACEHOLDER.search(had))


def _is_personal(key: KeyPath, also: Collection[str]) -> bool:
    dotted = ".".join(map(str, key))
    return any(fnmatchcase(dotted, pattern) for pattern in (*_PERSONAL_KEYS, *also))


def changed_here(received: Tree, leaves: Tree, repository: Tree) -> dict[RelPath, Entry | None]:
    """List the changes made in a profile, as changes to the repository it came from.

    Args:
        received: The package as the profile received it.
        leaves: The package as it would leave.
        repository: The whole repository at that commit.

    Raises:
        Refused: The user created a file that the package also has, in a part that was left out here.
    """
    changes = {path: leaves.get(path) for path in leaves.differing(received)}
    new = (path for path, entry in changes.items() if entry and path not in received)
    unseen = sorted(path for path in new if path in repository and repository[path] != leaves[path])
    if unseen:
        raise Refused(
            f"{', '.join(unseen[:5])}: made here, but the package has its own, which was left out"
            " when it was installed",
            hint="get the whole package first, with an update without --only and --except",
        )
    return changes


def refuse_over(changes: Iterable[RelPath], there: Iterable[LeftOut]) -> None:
    """Stop if a file would take the place of something else that the repository holds.

    Args:
        changes: The files that would change in the repository.
        there: What it holds that is no file of a package: links, submodules, pointers of Git LFS.

    Raises:
        Refused: It would; a user never saw what is there, and can't mean to replace it.
    """
    places = sorted(one.path.rstrip("/") for one in there)
    changed = list(changes)
    over = [place for place in places if any(map(partial(_meets, place), changed))]
    if over:
        raise Refused(
            f"the repository has something else there, which your files would replace: {first_few(over, 5)}"
            " (a link, a submodule or a file in Git LFS)",
            hint="give your file another name; or, to replace it, first delete that in a clone, and push it",
        )


def _meets(place: str, path: RelPath) -> bool:
    """Whether a file can't be beside what has this place."""
    return path.under(place) or place.startswith(f"{path}/")


def never_received(placed: Tree, received: Tree, read: Read) -> list[tuple[RelPath, str]]:
    """List the parts of a placed package that the profile did not get when it was installed: paths and settings."""
    places = [(path, "") for path in placed if path not in received]
    if CONFIG in placed and CONFIG in received:
        here, there = (_data(read(tree[CONFIG].digest)) for tree in (received, placed))
        # Servers are a part of their own, which an installation can leave out; they live in the same file.
        if SERVERS in there and SERVERS not in here:
            places.append((CONFIG, SERVERS))
    return places


def _data(config: bytes) -> Mapping[object, object]:
    """Return the settings of a config; those of one that can't be read are not known to lack anything."""
    try:
        data = load_data(config, Kind.YAML)
    except Invalid:
        return {SERVERS: None}
    return as_map(data)


def merged(base: Tree, ours: Tree, theirs: Tree, read: Read) -> TreeMerge:
    """Merge the changes made here with the repository's present state; conflicts stay open."""
    return merge_trees(base, ours, theirs, read)


def check_bump(part: str) -> None:
    """Make sure that a part of a version can be raised.

    Raises:
        UsageError: It is not one of the three.
    """
    if part not in BUMPS:
        raise UsageError(f"--bump takes {', '.join(BUMPS)}, not {quoted(part, 40)}")


def bumped(version: str, part: str) -> str:
    """Return the next version.

    Args:
        version: The previous version; empty for none.
        part: ``major``, ``minor`` or ``patch``. If it is enough, a pre-release is followed by its own release.

    Raises:
        UsageError: The version is not valid, or the part is not one of the three.
    """
    check_bump(part)
    before = version_of(version or "0.0.0")
    if before is None:
        raise UsageError(
            f"--bump can't raise the version {quoted(version, 60)}",
            hint="choose one with --version",
        )
    numbers = [*before.release, 0, 0, 0][:3]
    at = BUMPS.index(part)
    # 2.0.0rc1 is followed by 2.0.0: its number was raised when the pre-release was made.
    if not before.is_prerelease or any(numbers[at + 1 :]):
        numbers[at] += 1
        numbers[at + 1 :] = [0] * (2 - at)
    return ".".join(map(str, numbers))


_VERSION = lazily.pattern(
    rb"""^(version[ \t]*:[ \t]*)(?:"[^"\r\n]*"|'[^'\r\n]*'|[^\s#]+)""", re.MULTILINE
)
_TAKEN_OUT = "Removed from the settings; fill in your own"


def with_fields(manifest: bytes, version: str, variables: Collection[str]) -> bytes:
    """Write a version and new variables into a manifest; every other byte stays.

    Raises:
        Invalid: The manifest can't be read.
    """
    data = load_data(manifest, Kind.YAML)
    if not isinstance(data, dict):
        raise Invalid("it is not a map of fields", where=MANIFEST)
    if version and str(data.get("version")) != version:
        manifest = _with_version(manifest, data, version)
    return _with_variables(manifest, data, variables)


def _with_variables(
    manifest: bytes, data: Mapping[object, object], variables: Collection[str]
) -> bytes:
    rows = as_list(data.get("env_requires"))
    have = {row.get("name") if isinstance(row, dict) else row for row in rows}
    new = [name for name in variables if name not in have]
    if not new:
        return manifest
    added = [{"name": name, "description": _TAKEN_OUT, "required": True} for name in new]
    doc = parse(manifest, Kind.YAML)
    value = as_map(doc.value)
    try:
        return rewrite(doc, {**value, "env_requires": [*rows, *added]}).content
    except Unmergeable as err:
        what = f"{', '.join(new)} must be named in env_requires ({err.reason})"
        raise Invalid(what, where=MANIFEST) from None


def _with_version(manifest: bytes, data: Mapping[object, object], version: str) -> bytes:
    """Write a version, quoted if YAML would read it as a number."""
    shown = version if version.count(".") > 1 else f'"{version}"'
    # The text around it stays as the author wrote it, if reading it again shows that nothing else changed.
    text, count = _VERSION.subn(rb"\g<1>" + shown.encode(), manifest, count=1)
    if count and load_data(text, Kind.YAML) == {**data, "version": version}:
        return text
    try:
        return rewrite(parse(manifest, Kind.YAML), {**data, "version": version}).content
    except Unmergeable as err:
        raise Invalid(
            f"the version can't be written into it ({err.reason})", where=f"{MANIFEST}: version"
        ) from None
