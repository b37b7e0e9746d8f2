"""Capture a home: rewrite it as a package, the inverse of :mod:`hermes_dist.decide.placement.place`.

Every part whose data equal base's comes out in the author's own bytes; an edited part goes back to where the
author wrote it. Run state is left out, and so are values that look like secrets.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import suppress

from msgspec import Struct, field

from hermes_dist.decide.placement.capture_jobs import job_files
from hermes_dist.decide.placement.jobs import JOBS, are_apart, jobs_by_id
from hermes_dist.decide.placement.place import CONFIG, Placed, package_of, place
from hermes_dist.decide.placement.servers import MCP, SERVERS, Server, ShippedServer, respelled
from hermes_dist.decide.plugins.enabled import without_ours
from hermes_dist.decide.secrets.mask import Names, hide
from hermes_dist.decide.secrets.settings import names_in, texts_of
from hermes_dist.errors import Invalid
from hermes_dist.merge.data import changed_keys
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import (
    ABSENT,
    Document,
    Kind,
    Unmergeable,
    commented,
    comments_of,
    dump,
    get,
    load_data,
    parse,
    rewrite,
    same,
    says_alike,
)
from hermes_dist.model.documents.told import spot_in, told
from hermes_dist.model.keypath import step_name
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree
from hermes_dist.model.values import with_value


class Captured(Contents, frozen=True, kw_only=True):
    """A home as a package.

    Attributes:
        tree: The package tree.
        blobs: New contents by digest.
        variables: Names that replace values that look like secrets; ``env_requires`` should list them.
        notes: What could not be captured.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    variables: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class _Work(Struct):
    """The inputs that every step needs, and the results so far."""

    home: Tree
    base: Tree
    package: Tree
    placed: Placed
    read: Read
    own: bool
    names: Names
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    changes: dict[RelPath, Entry | None] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def hide(self, value: object, key: tuple[str, ...]) -> object:
        shown, names = hide(value, key, self.names)
        self.variables += names
        return shown

    def put(self, path: RelPath, data: bytes | None) -> None:
        if data is None:
            self.changes[path] = None
            return
        before = self.package.get(path)
        entry = Entry(Digest.of(data), bool(before and before.executable))
        self.blobs[entry.digest] = data
        self.changes[path] = entry


def capture(
    home: Tree,
    base: Tree,
    shipped: Tree,
    read: Read,
    *,
    theirs: Tree | None = None,
    name: str = "",
    own: bool = False,
) -> Captured:
    """Spell a home as a package.

    Args:
        home: The shared files of the home that may leave it.
        base: What the home last received (``Lock.base``); empty for a home that no package made.
        shipped: The package's entries that a home spells differently (``Lock.shipped``).
        read: Gives contents by digest for all of them.
        theirs: What upstream shipped (``Lock.theirs()``), if it differs from base: parts that wait for approval or
            for a decision come out as upstream has them, unless the user edited them.
        name: The package's name.
        own: Include the user's own jobs and servers.
    """
    # Base still has the old text of what waits. Taken from there, a publication would undo upstream's change.
    offered = base if theirs is None else theirs
    package = package_of(offered, shipped, read)
    placed = place(package, read, name=name, keep_containers=base)
    names = names_in(texts_of(home, read), texts_of(base, read))
    work = _Work(home, base, package, placed, read, own, names)
    for path in {*home, *base} - {CONFIG, JOBS, MCP}:
        if home.get(path) != base.get(path):
            work.changes[path] = home.get(path)
    if home.get(JOBS) != base.get(JOBS):
        _capture_jobs(work)
    if home.get(CONFIG) != base.get(CONFIG):
        _capture_config(work)
    changed = {path: entry for path, entry in work.changes.items() if entry != package.get(path)}
    return Captured(
        tree=package.with_entries(changed),
        blobs=work.blobs,
        variables=tuple(dict.fromkeys(work.variables)),
        notes=tuple(work.notes),
    )


def _capture_jobs(work: _Work) -> None:
    try:
        now, before = (_load(work, tree, JOBS, Kind.JSON) for tree in (work.home, work.base))
        if JOBS in work.home and not _are_listed(now):
            # Taken for a list without jobs, it would delete the package's.
            raise Invalid("its jobs are no list in which each has an id of its own")
    except Invalid as err:
        text = work.read(work.home[JOBS].digest) if JOBS in work.home else b""
        where, words = spot_in(JOBS, err), told(err, text)
        work.notes.append(
            Note.of(NoteKind.HOME_JOBS_UNREADABLE, where, why=err.what, place=err.where, told=words)
        )
        return
    files = job_files(
        work.placed.jobs,
        work.package,
        work.read,
        base=jobs_by_id(before),
        home=jobs_by_id(now),
        hide=work.hide,
        own=work.own,
    )
    for path, data in files.items():
        work.put(path, data)


def _are_listed(data: object) -> bool:
    """Whether data are jobs that can be told apart; none at all is a choice, and anything else a fault."""
    rows = data.get("jobs", []) if isinstance(data, dict) else data
    listed = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return (listed and are_apart(data)) or rows == {}


def _load(work: _Work, tree: Tree, path: RelPath, kind: Kind) -> object:
    entry = tree.get(path)
    if entry is None:
        return None
    return load_data(work.read(entry.digest), kind)


def _capture_config(work: _Work) -> None:
    """Apply the differences between base's settings and the home's, except servers."""
    try:
        now, before = (
            _settings(_load(work, tree, CONFIG, Kind.YAML)) for tree in (work.home, work.base)
        )
        now = dict(without_ours(now, before))
        doc = _authors_config(work)
        authors = _map_of(doc.value) if doc else {}
        want = _with_settings(work, copy.deepcopy(authors), before, now)
    except (Invalid, Unmergeable) as err:
        entry = work.home.get(CONFIG)
        if entry:
            work.notes.append(Note.of(NoteKind.SETTINGS_TAKEN_WHOLE, where=CONFIG, why=told(err)))
        work.changes[CONFIG] = entry
        return
    # Servers come last because they may belong in mcp.json instead.
    want = _with_servers(work, want, _map_of(before.get(SERVERS)), _map_of(now.get(SERVERS)))
    if not want and (doc is None or CONFIG not in work.home):
        work.changes[CONFIG] = None
    elif doc is None:
        work.put(CONFIG, _first_written(work, want))
    else:
        content = _settings_written(work, doc, want)
        if content != doc.encode(doc.text):
            work.put(CONFIG, content)


def _first_written(work: _Work, want: object) -> bytes:
    """Write settings that no author's file has yet: in the home's own words, with its comments."""
    home = _document(work, work.home)
    return _rewritten(home, want, Kind.YAML) if home else dump(want, Kind.YAML)


def _settings_written(work: _Work, doc: Document, want: object) -> bytes:
    """Write the settings into the author's document, with the comments that were written in the home."""
    home, base = (_document(work, tree) for tree in (work.home, work.base))
    if home is None or base is None:
        return _rewritten(doc, want, Kind.YAML)
    if base.text == doc.text and same(want, doc.value) and says_alike(home, base):
        return home.encode(home.text)
    if _rewritten_by_agent(home, base):
        # Nobody took the author's comments out; what the user wrote since comes along.
        content = _rewritten(doc, want, Kind.YAML, home=home)
        return commented(content, home, base, takes_out=False)
    try:
        content = rewrite(doc, want, donor=home, base=base).content
    except Unmergeable:
        content = _rewritten(doc, want, Kind.YAML, home=home)
    return commented(content, home, base)


def _document(work: _Work, tree: Tree) -> Document | None:
    entry = tree.get(CONFIG)
    return parse(work.read(entry.digest), Kind.YAML) if entry else None


def _rewritten_by_agent(home: Document, base: Document) -> bool:
    """Return whether the agent has written the settings anew, which drops all comments: nobody took them out."""
    had = comments_of(base)
    return bool(had) and not had & comments_of(home)


def _authors_config(work: _Work) -> Document | None:
    authors = work.package.get(CONFIG)
    if authors is None:
        return None
    return parse(work.read(authors.digest), Kind.YAML)


def _rewritten(doc: Document, want: object, kind: Kind, *, home: Document | None = None) -> bytes:
    """Write data into an author's document; where that can't be edited in place, into the home's, or anew.

    Splicing keeps order and spelling. Where it can't be done, the data and the comments at least are right.
    """
    try:
        return rewrite(doc, want).content
    except Unmergeable:
        content = None
    if home is not None:
        with suppress(Unmergeable):
            content = rewrite(home, want).content
    return commented(dump(want, kind) if content is None else content, doc)


def _map_of(data: object) -> Server:
    return data if isinstance(data, dict) else {}


def _settings(data: object) -> Server:
    """The settings of a file; an empty one has none.

    Raises:
        Invalid: It is a text or a list. Taken for no settings, it would delete the package's.
    """
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Invalid("it is no map of settings")
    return data


def _with_settings(work: _Work, want: Server, before: Server, now: Server) -> Server:
    """Apply the settings that differ, except servers.

    Raises:
        Unmergeable: The differences can't be separated.
    """
    old, new = _without_servers(before), _without_servers(now)
    for key in changed_keys(CONFIG, dump(old, Kind.YAML), dump(new, Kind.YAML)):
        value = get(new, key)
        if value is not ABSENT:
            value = work.hide(value, tuple(map(step_name, key)))
        if key:
            want = _map_of(with_value(want, key, value, now))
        else:
            # The two are so different that they only differ as a whole; the author's servers stay.
            servers = {k: v for k, v in want.items() if k == SERVERS}
            want = _map_of(value) | servers
    return want


def _without_servers(config: Server) -> Server:
    return {key: value for key, value in config.items() if key != SERVERS}


class _ServerEdits(Struct):
    """What becomes of the servers of a package.

    Attributes:
        entries: The servers of config.yaml, edited in place.
        known: The servers that are in mcp.json, by name.
        in_file: The edits to mcp.json; None removes a server.
    """

    entries: Server
    known: Mapping[str, ShippedServer]
    in_file: dict[str, Server | None] = field(default_factory=dict)


def _with_servers(work: _Work, want: Server, before: Server, now: Server) -> Server:
    """Apply the servers that differ: to config.yaml, or to mcp.json if the author has them there."""
    here = want.get(SERVERS)
    edits = _ServerEdits(
        dict(_map_of(here)), {server.name: server for server in work.placed.servers}
    )
    changed = [
        name
        for name in {**before, **now}
        if not same(_switchless(before.get(name)), _switchless(now.get(name)))
    ]
    for name in changed:
        _sort_edit(work, edits, name, before.get(name), now.get(name))
    if edits.in_file:
        work.put(MCP, _servers_written(work, edits.known, edits.in_file))
    if not changed or not (edits.entries or isinstance(here, dict)):
        return want
    return {**want, SERVERS: edits.entries}


def _sort_edit(work: _Work, edits: _ServerEdits, name: object, old: object, new: object) -> None:
    """Apply the edit of one server to the file that the author has it in."""
    text = str(name)
    if name in edits.entries:
        if new is not None:
            edits.entries[name] = _edited(work, text, edits.entries[name], old, new)
            return
        del edits.entries[name]
        if text in edits.known:
            edits.in_file[text] = (
                None  # or the server of the same name in mcp.json would take effect
            )
    elif text in edits.known:
        authors = edits.known[text]
        shown = _map_of(work.hide(new, (SERVERS, text)))
        edits.in_file[text] = None
        if shown:
            edits.in_file[text] = respelled(authors, _map_of(old) or authors.placed, shown)
    elif isinstance(new, dict) and work.own:
        mine = _map_of(work.hide(_switchless(new), (SERVERS, text)))
        if MCP in work.package:
            edits.in_file[text] = mine
        else:
            edits.entries[name] = mine


def _switchless(server: object) -> object:
    """Return a server without its switch: whether it is on is this machine's choice, and not an edit."""
    if not isinstance(server, dict):
        return server
    return {key: value for key, value in server.items() if key != "enabled"}


def _edited(work: _Work, name: str, authors: object, old: object, new: object) -> object:
    """Return a server of the author's config.yaml with the changed fields."""
    if not (isinstance(authors, dict) and isinstance(new, dict)):
        return work.hide(new, (SERVERS, name))
    edited, before = dict(authors), _map_of(old)
    for key in dict.fromkeys([*before, *new]):
        value = new.get(key, ABSENT)
        if key == "enabled" or same(before.get(key, ABSENT), value):
            continue
        if value is ABSENT:
            edited.pop(key, None)
        else:
            edited[key] = work.hide(value, (SERVERS, name, str(key)))
    return edited


def _servers_written(
    work: _Work, in_file: Mapping[str, ShippedServer], edits: Mapping[str, Server | None]
) -> bytes:
    """Return the author's mcp.json with servers edited, added, or (None) removed."""
    text = work.read(work.package[MCP].digest)
    try:
        doc = parse(text, Kind.JSON)
    except Invalid:
        left = {name: server for name, server in edits.items() if server}
        return dump({"mcpServers": left}, Kind.JSON)
    want = _with_edits(copy.deepcopy(doc.value), in_file, edits)
    return _rewritten(doc, want, Kind.JSON)


def _with_edits(
    want: object, in_file: Mapping[str, ShippedServer], edits: Mapping[str, Server | None]
) -> object:
    for name in reversed([name for name in edits if name not in in_file]):
        steps, server = _place_for_new(want, name), edits[name]
        if isinstance(steps[-1], int):
            server = {"name": name, **(server or {})}
        want = _with_server(want, steps, server)
    # Later servers first, so that the steps of earlier ones stay valid when an entry of a list is removed.
    for name in reversed([*in_file]):
        if name in edits:
            want = _with_server(want, in_file[name].steps, edits[name])
    return want


def _with_server(data: object, steps: tuple[object, ...], server: Server | None) -> object:
    """Set a server at its place in the data of an mcp.json, or (None) remove it."""
    parent: object = data
    for step in steps[:-1]:
        parent = parent[step]  # type: ignore[index]  # the steps were found in this very data
    last = steps[-1]
    if isinstance(parent, list) and isinstance(last, int):
        parent[last : last + 1] = [] if server is None else [server]
    elif isinstance(parent, dict):
        if server is None:
            del parent[last]
        else:
            parent[last] = server
    return data


def _place_for_new(data: object, name: str) -> tuple[object, ...]:
    """Return the place for a new server: the collection that holds the others."""
    if isinstance(data, list):
        return (len(data),)
    for root in ("mcpServers", SERVERS, "servers"):
        inner = data.get(root) if isinstance(data, dict) else None
        if isinstance(inner, dict):
            return (root, name)
        if isinstance(inner, list):
            return (root, len(inner))
    return (name,)
