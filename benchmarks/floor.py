"""What is left of a command if it is only Python and git: the least that its work can take here.

Each of these does the work of one command with the same git calls, the same digests and the same care for a power cut,
and nothing else: no validation, no merge, no consent, no plan, no module of ours. ``goals.py`` runs them in turn with
the command and its peer.

    python -I benchmarks/floor.py list HOME | install URL PLACE | nothing-new URL COMMIT | update URL PLACE
                                  | status PLACE | export PLACE FILE | import FILE PLACE | all URL…

PLACE is a folder: ``PLACE/home`` is what a profile would be, ``PLACE/git`` its cache, ``PLACE/lock`` what was received.
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
    fetched(url, place)
    listed = git("--git-dir", f"{place}/git", "ls-tree", "-r", "-z", TIP).decode().split("\0")
    rows = [(row.split()[2], row.partition("\t")[2]) for row in listed if row]
    in_place(place, f"{place}/new", write(f"{place}/new", contents(place, rows)))


def update(url: str, place: str) -> None:
    """Fetch, look at each file of the home, and write those that the new commit changes."""
    old = git("--git-dir", f"{place}/git", "rev-parse", TIP).decode().strip()
    commit = fetched(url, place)
    diff = ("diff-tree", "-r", "-z", old, commit)
    listed = git("--git-dir", f"{place}/git", *diff).decode().split("\0")
    rows = [(head.split()[3], path) for head, path in zip(listed[::2], listed[1::2], strict=False)]
    lock = status(place)
    for path, data in contents(place, rows):
        new = f"{place}/home/{path}.new"
        lock[path] = write(place, [(f"home/{path}.new", data)])[f"home/{path}.new"]
        sync(new)
        os.rename(new, f"{place}/home/{path}")
    with open(f"{place}/lock.new", "w", encoding="utf-8") as file:
        json.dump(lock, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{place}/lock.new", f"{place}/lock")


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


def nothing_new(url: str, commit: str) -> None:
    """Ask a source whether it has another commit."""
    print(git("ls-remote", url, "refs/heads/main").startswith(commit.encode()))


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
