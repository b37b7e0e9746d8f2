"""The embedded git client, for machines without git: a program that answers one request with dulwich.

It runs as ``python -m hermes_dist.world.git.dulwich_program``, started by
:mod:`hermes_dist.world.git.embedded` under bounds: packs of others are read here and never in the process that serves
the user. It prints what the git program would print.
"""

from __future__ import annotations

import heapq
import json
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from email.utils import formatdate
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3
from dulwich import client as clients
from dulwich import errors
from dulwich.config import StackedConfig
from dulwich.object_store import ObjectStoreGraphWalker
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree, parse_tree
from dulwich.pack import PackFileDisappeared
from dulwich.patch import write_tree_diff
from dulwich.refs import Ref
from dulwich.repo import Repo

_TIMEOUT = 120
"""Seconds. A server that packs a large repository may say nothing for a while."""
_FOLDER, _SUBMODULE = 0o040000, 0o160000
_STATUS = re.compile(r"unexpected http resp (?=\d)")
_KINDS = {kind.type_num: kind.type_name for kind in (Blob, Commit, Tag)}


def _client(request: Mapping[str, Any]) -> tuple[clients.GitClient, bytes]:
    """Choose the client for a URL, and the path to ask it for."""
    url = request["url"]
    if "://" not in url:
        user_host, _, path = url.partition(":")
        user, _, host = user_host.rpartition("@")
        return clients.SSHGitClient(
            host, username=user or None, ssh_command=request["ssh"]
        ), path.encode()
    parts = urlsplit(url)
    path = unquote(parts.path).encode()
    if parts.scheme == "file":
        return clients.LocalGitClient(), path
    if parts.scheme == "git":
        return clients.TCPGitClient(parts.hostname or "", port=parts.port), path
    if parts.scheme == "ssh":
        ssh = clients.SSHGitClient(
            parts.hostname or "", parts.port, parts.username, ssh_command=request["ssh"]
        )
        return ssh, path
    return _http_client(parts), path


def _http_client(parts: SplitResult) -> clients.GitClient:
    """A client for https and http; the login goes into a header, and stays out of the URL."""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return clients.HttpGitClient(
        bare,
        pool_manager=_pool(bare),
        timeout=_TIMEOUT,
        username=unquote(parts.username or "") or None,
        password=unquote(parts.password or "") or None,
    )


def _pool(url: str) -> Any:
    """Return connections that follow redirects only to https or within the same server."""
    origin = urllib3.util.parse_url(url)

    class Careful:
        def urlopen(self, method: str, target: str, *args: Any, **rest: Any) -> Any:
            to = urllib3.util.parse_url(target)
            if to.scheme != "https" and (to.scheme, to.host, to.port) != (
                origin.scheme,
                origin.host,
                origin.port,
            ):
                raise urllib3.exceptions.LocationValueError(
                    f"the server redirects elsewhere: {target}"
                )
            # A server may ask to wait an hour: the user is told instead.
            rest.setdefault("retries", urllib3.Retry(3, respect_retry_after_header=False))
            return super().urlopen(method, target, *args, **rest)  # type: ignore[misc]  # a mixin

    pool = type("Pool", (Careful, urllib3.PoolManager), {})
    proxy = type("Proxy", (Careful, urllib3.ProxyManager), {})
    return clients.default_urllib3_manager(
        None, base_url=url, timeout=_TIMEOUT, pool_manager_cls=pool, proxy_manager_cls=proxy
    )


def _refs(request: Mapping[str, Any]) -> Iterator[bytes]:
    client, path = _client(request)
    found = client.get_refs(path, ref_prefix=[b"HEAD", b"refs/heads/", b"refs/tags/"])
    if head := found.symrefs.get(b"HEAD"):  # type: ignore[call-overload]  # Ref is bytes by another name
        yield b"ref: " + head + b"\tHEAD\n"
    peel = _peeler(path) if urlsplit(request["url"]).scheme == "file" else None
    for name, oid in sorted(found.refs.items()):
        if oid is None:
            continue
        yield oid + b"\t" + name + b"\n"
        if peel and name.startswith(b"refs/tags/") and (commit := peel(name)) != oid:
            yield commit + b"\t" + name + b"^{}\n"


def _peeler(path: bytes) -> Callable[[bytes], bytes]:
    """A local repository lists tags as they are; follow them as a server would."""
    repo = Repo(path.decode())
    return lambda name: repo.get_peeled(Ref(name))


def _fetch(request: Mapping[str, Any]) -> Iterator[bytes]:
    source = request["source"].encode()
    chosen: list[ObjectID] = []

    def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
        del depth  # part of the signature
        if not source.startswith(b"refs/"):
            chosen.append(ObjectID(source))
        elif Ref(source) in refs:
            chosen.append(refs[Ref(source)])
        else:
            _fail(f"couldn't find remote ref {source.decode()}")
        return chosen[-1:]

    def progress(text: bytes) -> None:
        sys.stderr.buffer.write(text)

    client, path = _client(request)
    with _open(request) as repo:
        talk = progress if request["talk"] else None
        # A server tells more ends of histories than it sends, and later takes them for what is here.
        lost = {end for end in repo.get_shallow() if end not in repo.object_store}
        if lost:
            repo.update_shallow(None, lost)
        # A repository on this machine is read without a server, and dulwich knows no dates there.
        since = str(request["since"]) if request["since"] else None
        client.fetch(
            path,
            repo,
            determine_wants=wants,
            depth=request["depth"],
            progress=talk,
            shallow_since=since,
        )
        if not chosen or chosen[-1] not in repo.object_store:
            _fail("not our ref")
        repo.refs[Ref(request["target"].encode())] = chosen[-1]
    for pack in Path(request["cache"], "objects/pack").iterdir():
        with suppress(OSError):  # a disk that keeps no modes
            pack.chmod(0o400)  # dulwich makes packs that every user may read
    yield b""


class _Cache(Repo):
    """A cache tells servers of the commits pinned in it; it has no branches."""

    def get_graph_walker(self, heads: list[ObjectID] | None = None) -> ObjectStoreGraphWalker:
        if heads is None:
            heads = list(self.refs.as_dict(Ref(b"refs/dist")).values())
        return super().get_graph_walker(heads)


def _open(request: Mapping[str, Any]) -> Repo:
    return _Cache(request["cache"])


def _tree(request: Mapping[str, Any]) -> Iterator[bytes]:
    with _open(request) as repo:
        top = _root(repo, ObjectID(request["commit"].encode()))
        subfolder = request["subfolder"]
        if subfolder:
            top = _below(repo, top, subfolder.encode())
        for path, mode, oid in _below_all(repo, top, {b""}):
            yield _line(repo, path, mode, oid)


def _trees(request: Mapping[str, Any]) -> Iterator[bytes]:
    with _open(request) as repo:
        top = _root(repo, ObjectID(request["commit"].encode()))
        for path, mode, oid in _below_all(repo, top, {f.encode() for f in request["folders"]}):
            yield _line(repo, path, mode, oid)


def _below_all(
    repo: Repo, top: ObjectID, folders: Set[bytes]
) -> Iterator[tuple[bytes, int, ObjectID]]:
    """What is in some folders of a tree, with these and those above them; the empty name is the tree itself."""
    above = {folder[: at.start()] for folder in folders for at in re.finditer(b"/", folder)}
    stack = [(b"", entry, b"" in folders) for entry in reversed(_inside(repo, top))]
    while stack:
        prefix, (name, mode, oid), inside = stack.pop()
        path = prefix + name
        inside = inside or path in folders
        if not inside and path not in above:
            continue
        if mode == _FOLDER:
            stack.extend((path + b"/", entry, inside) for entry in reversed(_inside(repo, oid)))
        yield path, mode, oid


def _below(repo: Repo, top: ObjectID, subfolder: bytes) -> ObjectID:
    """The tree of a folder below another one."""
    for name in subfolder.split(b"/"):
        below = {found: (mode, oid) for found, mode, oid in _inside(repo, top)}
        mode, top = below.get(name, (0, top))
        if mode != _FOLDER:
            _fail("not a tree object")
    return top


def _line(repo: Repo, path: bytes, mode: int, oid: ObjectID) -> bytes:
    """An entry as ``git ls-tree`` prints it."""
    if mode == _FOLDER:
        return b"040000 tree %s -\t%s\0" % (oid, path)
    if mode == _SUBMODULE:
        return b"160000 commit %s -\t%s\0" % (oid, path)
    size = len(repo.object_store.get_raw(oid)[1])
    return b"%06o blob %s %d\t%s\0" % (mode, oid, size, path)


def _root(repo: Repo, oid: ObjectID) -> ObjectID:
    """The tree of a commit; annotated tags are followed."""
    found = repo[oid]
    while isinstance(found, Tag):
        found = repo[found.object[1]]
    if not isinstance(found, Commit):
        _fail("not a tree object")
    return ObjectID(found.tree)


def _inside(repo: Repo, tree: ObjectID) -> list[tuple[bytes, int, ObjectID]]:
    """The entries of one tree as they are, unsafe names and odd modes included."""
    kind, data = repo.object_store.get_raw(tree)
    if kind != Tree.type_num:
        _fail("not a tree object")
    entries = parse_tree(data, sha_len=repo.object_format.oid_length)
    return [(name, mode, ObjectID(oid)) for name, mode, oid in entries]


def _blobs(request: Mapping[str, Any]) -> Iterator[bytes]:
    with _open(request) as repo:
        for line in sys.stdin.buffer:
            oid = line.strip()
            if ObjectID(oid) not in repo.object_store:
                yield oid + b" missing\n"
                continue
            kind, data = repo.object_store.get_raw(ObjectID(oid))
            yield b"%s %s %d\n" % (oid, _KINDS.get(kind, b"other"), len(data))
            yield data + b"\n"


def _walk(request: Mapping[str, Any]) -> Iterator[bytes]:
    """List commits, newest first; a parent that was not fetched is named but not followed."""
    with _open(request) as repo:
        first = ObjectID(request["commit"].encode())
        waiting, seen = [(0, first)], {first}
        for _ in range(request["limit"]):
            if not waiting:
                break
            commit = repo[heapq.heappop(waiting)[1]]
            if not isinstance(commit, Commit):
                _fail("bad object")
            parents = repo.get_parents(commit.id, commit)
            yield b" ".join([commit.id, *parents]) + b"\n"
            for parent in parents:
                if parent not in seen and parent in repo.object_store:
                    seen.add(parent)
                    found = repo[parent]
                    heapq.heappush(
                        waiting, (-found.commit_time if isinstance(found, Commit) else 0, parent)
                    )


def _known(request: Mapping[str, Any]) -> Iterator[bytes]:
    """List the history of some commits, as it is if others have no parents."""
    ends = {ObjectID(end) for end in Path(request["ends"]).read_bytes().split()}
    with _open(request) as repo:
        waiting = [ObjectID(tip.encode()) for tip in request["tips"]]
        seen = set(waiting)
        while waiting:
            commit = repo.object_store[waiting.pop()]
            yield commit.id + b"\n"
            if commit.id in ends or not isinstance(commit, Commit):
                continue
            waiting += (parent for parent in commit.parents if parent not in seen)
            seen.update(commit.parents)


def _identity(request: Mapping[str, Any]) -> Iterator[bytes]:
    """Return the identity from the environment, else from the user's configuration; never guess."""
    config = StackedConfig.default()

    def setting(name: bytes) -> bytes:
        try:
            return config.get((b"user",), name)
        except KeyError:
            return b""

    name = request["name"].encode() or setting(b"name")
    mail = request["mail"].encode() or setting(b"email")
    if not name or not mail:
        _fail("unable to auto-detect name or email address")
    clean = b"".join(part for part in re.split(rb"[<>\n\0]", name)).strip()
    yield b"%s <%s> %d %s\n" % (
        clean,
        mail.strip(b"<> \n"),
        int(time.time()),
        time.strftime("%z").encode(),
    )


def _push(request: Mapping[str, Any]) -> Iterator[bytes]:
    rows = [
        (Ref(name.encode()), old.encode(), ObjectID(new.encode()))
        for name, old, new in request["updates"]
    ]

    def updates(refs: Mapping[Ref, ObjectID]) -> dict[Ref, ObjectID]:
        for name, old, _ in rows:
            if refs.get(name, b"") != old:
                _fail(f"[rejected] {name.decode()} (stale info)")
        return {name: new for name, _, new in rows}

    client, path = _client(request)
    with _open(request) as repo:
        done = client.send_pack(path, updates, repo.generate_pack_data, atomic=True)  # type: ignore[arg-type]  # sets of ids
    # All of them: the reason of one may only be that another was rejected.
    status = (done.ref_status or {}).items()
    told = [f"[remote rejected] {name.decode()} ({why})" for name, why in status if why]
    if told:
        _fail("\n".join(told))
    yield b"Done\n"


def _patch(request: Mapping[str, Any]) -> Iterator[bytes]:
    """A commit as ``git format-patch`` writes it, for texts."""
    with _open(request) as repo:
        commit = repo[ObjectID(request["commit"].encode())]
        if not isinstance(commit, Commit):
            _fail("bad object")
        before = repo[commit.parents[0]]
        if not isinstance(before, Commit):
            _fail("bad object")
        subject, _, body = commit.message.partition(b"\n")
        when = formatdate(commit.author_time, localtime=False).encode()
        # git writes this date into every patch, whatever the commit's: file(1) knows patches by it.
        yield b"From %s Mon Sep 17 00:00:00 2001\nFrom: %s\nDate: %s\n" % (
            commit.id,
            commit.author,
            when,
        )
        yield (
            b"Subject: [PATCH] %s\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
            % subject
        )
        yield b"Content-Transfer-Encoding: 8bit\n\n%s---\n\n" % (
            body.strip() + b"\n" if body.strip() else b""
        )
        diff = BytesIO()
        write_tree_diff(diff, repo.object_store, before.tree, commit.tree)
        if b"\nBinary files " in diff.getvalue():
            _fail("dulwich speaks no binary patches")
        yield diff.getvalue() + b"-- \n2\n\n"


_VERBS: dict[str, Callable[[Mapping[str, Any]], Iterator[bytes]]] = {
    "refs": _refs,
    "fetch": _fetch,
    "tree": _tree,
    "trees": _trees,
    "blobs": _blobs,
    "walk": _walk,
    "known": _known,
    "identity": _identity,
    "push": _push,
    "patch": _patch,
}


def _fail(sentence: str) -> NoReturn:
    raise SystemExit(f"fatal: {sentence}")


def main(stdin: IO[bytes], stdout: IO[bytes]) -> None:
    """Answer one request; failures are told in git's own words, so that one table explains both tools."""
    request = json.loads(stdin.readline())
    try:
        for piece in _VERBS[request["verb"]](request):
            stdout.write(piece)
        stdout.flush()
    except errors.NotGitRepository:
        _fail("repository not found")
    except clients.HTTPUnauthorized:
        _fail("could not read Username")
    except clients.HTTPProxyUnauthorized:
        _fail("error: 407")
    except MemoryError:
        _fail("out of memory")
    except (KeyError, PackFileDisappeared):
        if request["verb"] == "fetch":
            _fail("not our ref")
        _fail("not a tree object")
    except (errors.HangupException, errors.GitProtocolError, OSError) as error:
        _fail(f"unable to access: {_STATUS.sub('error: ', str(error))}")
    except (
        errors.FileFormatException,
        errors.ChecksumMismatch,
        zlib.error,
        ValueError,
        AssertionError,
        IndexError,  # an answer that ends too early
    ) as error:
        _fail(f"bad pack: {error}")


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
