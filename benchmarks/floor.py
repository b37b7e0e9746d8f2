"""What is left of a command if it is only Python, git and two libraries: the least that its work can take here.

Each of these does the work of one command with the same git calls, the same digests and the same care for a power cut.
It reads the same documents, with the libraries for YAML and TOML as they come, and lets git merge files. There is
nothing else: no validation, no consent, no plan, no module of ours. ``goals.py`` runs them in turn with the command
and its peer.

    python -I benchmarks/floor.py list HOME | install URL PLACE | nothing-new URL PLACE | update URL PLACE
                                  | status PLACE | export PLACE FILE | import FILE PLACE | all URL…

PLACE is a folder: ``PLACE/home`` is what a profile would be, ``PLACE/git`` its cache, ``PLACE/head.toml`` what it
stands at, ``PLACE/lock`` what was received.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator

GIT = ("git", "-c", "gc.auto=0", "-c", "core.hooksPath=/dev/null")
TIP = "refs/dist/tip"
FEW = 50
"""Up to this many files are brought to the disk one by one."""
READ = ("distribution.yaml", "config.yaml")
BASE = "base of "
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
Rows = Iterable[tuple[str, str]]
"""Names of contents in git, and paths."""


def git(*words: str) -> bytes:
    """What git says."""
    return subprocess.run((*GIT, *words), stdout=subprocess.PIPE, check=True).stdout


def fetched(url: str, place: str) -> str:
    """Fetch the newest commit into a cache of its own; returns its name."""
    cache = f"{place}/git"
    if not os.path.isdir(cache):
        git("init", "-q", "--bare", "--template=", cache)
    what = f"+refs/heads/main:{TIP}"
    git("--git-dir", cache, "fetch", "-q", "--depth", "1", "--no-tags", url, what)
    return git("--git-dir", cache, "rev-parse", TIP).decode().strip()


def stand_at(place: str, url: str, commit: str) -> None:
    """Keep what a home stands at, as the head of a lockfile does."""
    with open(f"{place}/head.new", "w", encoding="utf-8") as file:
        file.write(f'source = "{url}"\ncommit = "{commit}"\n')
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{place}/head.new", f"{place}/head.toml")


def head(place: str) -> dict[str, str]:
    """What a home stands at."""
    import tomli

    with open(f"{place}/head.toml", "rb") as file:
        return tomli.load(file)


def documents(*texts: bytes) -> None:
    """Read some YAML, in C."""
    import yaml

    for text in texts:
        yaml.load(text, yaml.CSafeLoader)


def contents(place: str, rows: Rows) -> Iterator[tuple[str, bytes]]:
    """Yield paths with their contents, out of one process."""
    from threading import Thread

    words = (*GIT, "--git-dir", f"{place}/git", "cat-file", "--batch", "--buffer")
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def ask() -> None:
            process.stdin.write("".join(f"{oid}\n" for oid, _ in rows).encode())
            process.stdin.close()

        Thread(target=ask).start()
        for _, path in rows:
            size = int(process.stdout.readline().split()[2])
            yield path, process.stdout.read(size + 1)[:-1]


def write(home: str, files: Iterable[tuple[str, bytes]]) -> dict[str, list[object]]:
    """Write files below a folder of its own; returns what a lock says of each."""
    import hashlib

    lock, folders = {}, set()
    for path, data in files:
        folder = os.path.dirname(path)
        if folder not in folders:
            os.makedirs(f"{home}/{folder}", exist_ok=True)
            folders.add(folder)
        fd = os.open(f"{home}/{path}", NEW, 0o644)
        os.write(fd, data)
        lock[path] = [hashlib.sha256(data).hexdigest(), *seen(os.fstat(fd))]
        os.close(fd)
    return lock


def seen(stat: os.stat_result) -> list[int]:
    """What tells whether a file was changed."""
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]


def sync(path: str) -> None:
    """Bring one file or folder to the disk."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def in_place(place: str, made: str, lock: dict[str, list[object]]) -> None:
    """Bring a whole folder to the disk, and then to its place."""
    with open(f"{place}/lock", "w", encoding="utf-8") as file:
        json.dump(lock, file)
    if len(lock) > FEW:
        import ctypes

        fd = os.open(place, os.O_RDONLY)
        ctypes.CDLL(None).syncfs(fd)
        os.close(fd)
    else:
        for folder, _, files in os.walk(made):
            for path in (*(f"{folder}/{file}" for file in files), folder):
                sync(path)
        sync(f"{place}/lock")
    os.rename(made, f"{place}/home")
    sync(place)


def install(url: str, place: str) -> None:
    """Fetch, and write all files."""
    os.makedirs(f"{place}/new")
    commit = fetched(url, place)
    listed = git("--git-dir", f"{place}/git", "ls-tree", "-r", "-z", TIP).decode().split("\0")
    rows = [(row.split()[2], row.partition("\t")[2]) for row in listed if row]
    read = []
    lock = write(f"{place}/new", noted(contents(place, rows), read))
    documents(*read)
    in_place(place, f"{place}/new", lock)
    stand_at(place, url, commit)


def noted(files: Iterable[tuple[str, bytes]], read: list[bytes]) -> Iterator[tuple[str, bytes]]:
    """Pass files on, and keep the documents among them."""
    for path, data in files:
        if path in READ:
            read.append(data)
        yield path, data


def update(url: str, place: str) -> None:
    """Fetch, look at each file of the home, write those that the new commit changes, and merge those edited in both."""
    old, commit = head(place)["commit"], fetched(url, place)
    listed = git("--git-dir", f"{place}/git", "diff-tree", "-r", "-z", old, commit).decode()
    parts = listed.split("\0")
    rows = [(*row.split()[2:4], path) for row, path in zip(parts[::2], parts[1::2], strict=False)]
    lock = status(place)
    edited = {path for _, _, path in rows if is_edited(place, path, lock)}
    asked = [(new, path) for _, new, path in rows]
    asked += [(before, f"{BASE}{path}") for before, _, path in rows if path in edited]
    read: list[bytes] = []
    found = dict(noted(contents(place, asked), read))
    documents(*read)
    for _, _, path in rows:
        new = f"home/{path}.new"
        data = merged(place, path, found) if path in edited else found[path]
        lock[path] = write(place, [(new, data)])[new]
        sync(f"{place}/{new}")
        os.rename(f"{place}/{new}", f"{place}/home/{path}")
    with open(f"{place}/lock.new", "w", encoding="utf-8") as file:
        json.dump(lock, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{place}/lock.new", f"{place}/lock")
    stand_at(place, url, commit)


def is_edited(place: str, path: str, lock: dict[str, list[object]]) -> bool:
    """Whether a file is no longer as it was received."""
    return path in lock and lock[path][1:] != seen(os.lstat(f"{place}/home/{path}"))


def merged(place: str, path: str, found: dict[str, bytes]) -> bytes:
    """Merge a file that both sides changed, by lines."""
    for name, data in (("base", found[f"{BASE}{path}"]), ("theirs", found[path])):
        with open(f"{place}/{name}", "wb") as file:
            file.write(data)
    files = (f"{place}/home/{path}", f"{place}/base", f"{place}/theirs")
    return git("merge-file", "-p", *files)


def status(place: str) -> dict[str, list[object]]:
    """Look which files are no longer as they were received."""
    with open(f"{place}/lock", encoding="utf-8") as file:
        lock = json.load(file)
    changed = [p for p, row in lock.items() if row[1:] != seen(os.lstat(f"{place}/home/{p}"))]
    print(len(changed))
    return lock


def list_(home: str) -> None:
    """List profiles by an index, checked by the times of two files each."""
    root, index = f"{home}/.hermes/profiles", f"{home}/.hermes/floor-index"
    names = sorted(os.listdir(root))
    now = {
        name: [
            seen(os.lstat(f"{root}/{name}/{file}")) for file in ("distribution.lock", "config.yaml")
        ]
        for name in names
    }
    try:
        with open(index, encoding="utf-8") as file:
            known = json.load(file)
    except FileNotFoundError:
        known = now
        with open(index, "w", encoding="utf-8") as file:
            json.dump(now, file)
    print("\n".join(name for name in names if known[name] == now[name]))


def export(place: str, archive: str) -> None:
    """Pack a home."""
    import tarfile

    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(f"{place}/home", "home")


def import_(archive: str, place: str) -> None:
    """Unpack an archive, with the digest of each file."""
    import tarfile

    os.makedirs(f"{place}/new")
    with tarfile.open(archive, "r|gz") as tar:
        files = ((one.name, tar.extractfile(one).read()) for one in tar if one.isfile())
        in_place(place, f"{place}/new", write(f"{place}/new", files))


def all_(*urls: str) -> None:
    """Ask many sources, sixteen at once."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        print(len([*pool.map(lambda url: git("ls-remote", url), urls)]))


def nothing_new(url: str, place: str) -> None:
    """Ask a source whether it has another commit."""
    print(git("ls-remote", url, "refs/heads/main").startswith(head(place)["commit"].encode()))


WORK = {
    "list": list_,
    "install": install,
    "nothing-new": nothing_new,
    "update": update,
    "status": status,
    "export": export,
    "import": import_,
    "all": all_,
}

if __name__ == "__main__":
    WORK[sys.argv[1]](*sys.argv[2:])
