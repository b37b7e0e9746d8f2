"""The cache of a repository: what a killed git leaves behind, who may read it, and what is said when it can't be filled."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from gitrepo import PACKAGE, Repo
from servers import free_port, rude

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError, Invalid, Unreachable
from hermes_dist.world.child import Finished
from hermes_dist.world.disk.store import Store
from hermes_dist.world.git.cache import is_commit
from hermes_dist.world.git.errors import explain
from hermes_dist.world.git.repositories import BareGit, Patience, connecting, open_git

TOOLS = ("git", "dulwich")
Make = Callable[..., BareGit]


@pytest.fixture
def repo(home: Path, tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit(PACKAGE)
    return repo


@pytest.fixture(params=TOOLS)
def make(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Make:
    lean = tmp_path / "lean"
    lean.mkdir()

    def make(place: str = "root") -> BareGit:
        env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"] if request.param == "git" else str(lean),
        }
        git = open_git(
            Layout(HERMES, tmp_path / place, home),
            env,
            patience=Patience(refs=15, fetch=30, local=15),
        )
        assert isinstance(git, BareGit)
        assert git.tool.name == request.param
        return git

    return make


def read(git: BareGit, repo: Repo) -> dict[str, bytes]:
    """Fetch the newest commit and read it all back."""
    url = f"file://{repo.path}"
    files = git.listing(url, git.fetch(url, "refs/heads/main"), None).files
    contents = dict(git.blobs(url, [file.oid for file in files]))
    return {str(file.path): contents[file.oid] for file in files}


LOCKS = (
    "shallow.lock",
    "packed-refs.lock",
    "HEAD.lock",
    "config.lock",
    "refs/dist/{commit}.lock",
    "objects/info/commit-graph.lock",
    "objects/info/alternates.lock",
    "objects/pack/multi-pack-index.lock",
    "refs/named/{commit}.lock",
)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_that_a_killed_git_left_stops_nobody(make: Make, repo: Repo, lock: str) -> None:
    git = make()
    read(git, repo)
    commit = repo.commit({"SOUL.md": "Better.\n"})
    left = git.cache(f"file://{repo.path}") / lock.format(commit=commit)
    left.parent.mkdir(exist_ok=True, parents=True)
    left.touch()
    assert read(git, repo)["SOUL.md"] == b"Better.\n"
    assert not left.exists()


@pytest.mark.parametrize("moment", ["fetch", "pin"])
def test_a_git_that_dies_under_its_locks_is_followed_by_one_that_works(
    home: Path, tmp_path: Path, repo: Repo, moment: str
) -> None:
    """A real git, killed while it holds its lock files, by a hook of the test at the moment when it moves a ref."""
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    git = open_git(Layout(HERMES, tmp_path / "root", home), env)
    assert isinstance(git, BareGit)
    read(git, repo)
    commit = repo.commit({"SOUL.md": "Better.\n"})
    cache = git.cache(f"file://{repo.path}")
    hook = tmp_path / "hooks" / "reference-transaction"
    hook.parent.mkdir()
    hook.write_text(
        f'#!/bin/sh\n[ "$1" = prepared ] && kill -9 $PPID && ls {cache} >/dev/null\nexit 0\n'
    )
    hook.chmod(0o755)
    words = [
        "git",
        "-c",
        f"core.hooksPath={hook.parent}",
        f"--git-dir={cache}",
        "fetch",
        "-q",
        str(repo.path),
        f"+{commit}:refs/dist/{commit}",
    ]
    killed = subprocess.run(words, env=env, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(cache.rglob("*.lock"))
    if moment == "pin":
        (cache / "objects/pack/tmp_pack_Xx1234").write_bytes(b"half")
    assert read(git, repo)["SOUL.md"] == b"Better.\n"
    assert [*cache.rglob("*.lock"), *cache.rglob("tmp_*")] == []


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _zeros(path: Path) -> None:
    path.write_bytes(b"\0" * 24)


def _gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    ("part", "harm"),
    [
        ("HEAD", _empty),
        ("HEAD", _gone),
        ("HEAD", _zeros),
        ("config", _empty),
        ("config", _gone),
        ("objects", _gone),
        ("refs", _gone),
        ("shallow", lambda path: path.write_bytes(b"\0" * 41)),
        ("shallow", lambda path: path.write_text("5ac0ff")),
        ("shallow", lambda path: path.write_bytes(b"\xff\n")),
        ("shallow", lambda path: (path.unlink(), path.mkdir())),
        ("shallow", lambda path: (path.unlink(), os.mkfifo(path))),
    ],
)
def test_a_cache_that_lost_a_part_is_made_anew(
    make: Make, repo: Repo, part: str, harm: Callable[[Path], object]
) -> None:
    git = make()
    before = read(git, repo)
    harm(git.cache(f"file://{repo.path}") / part)
    assert read(git, repo) == before


def test_a_damaged_pack_is_thrown_away_and_the_next_run_fetches_it_again(
    make: Make, repo: Repo
) -> None:
    git = make()
    before = read(git, repo)
    for pack in (git.cache(f"file://{repo.path}") / "objects/pack").glob("*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(pack.read_bytes()[:20] + os.urandom(200))
    with pytest.raises(Invalid, match="damaged") as caught:
        read(git, repo)
    assert "run the command again" in caught.value.hint
    assert read(git, repo) == before


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277])
def test_cache_and_store_are_their_owners_alone_whatever_the_umask(
    make: Make, repo: Repo, tmp_path: Path, mask: int
) -> None:
    git, top = make("deep/er/root"), tmp_path / "deep"
    store = Store(Layout(HERMES, tmp_path / "deep/er/root", tmp_path).store)
    before = os.umask(mask)
    try:
        read(git, repo)
        store.put_many([b"a", b"b" * 9000])
    finally:
        os.umask(before)
    loose = {
        str(p.relative_to(top)): oct(p.stat().st_mode)
        for p in (top, *top.rglob("*"))
        if stat.S_IMODE(p.stat().st_mode) & 0o077
    }
    assert loose == {}
    assert all(
        stat.S_IMODE(p.stat().st_mode) & 0o500 == 0o500 for p in top.rglob("*") if p.is_dir()
    )
    assert store.read(next(iter(store.digests())))


def test_no_program_that_the_user_put_into_uploadpack_runs(
    make: Make, repo: Repo, home: Path
) -> None:
    ran = home / "ran"
    (home / ".gitconfig").write_text(f'[uploadpack]\n\tpackObjectsHook = "touch {ran}; exec"\n')
    plain = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run(
        ["git", "clone", "-q", f"file://{repo.path}", str(home / "clone")], env=plain, check=True
    )
    assert ran.exists(), "the hook of this test works"
    ran.unlink()
    assert read(make(), repo)["SOUL.md"]
    assert not ran.exists()


TOKEN = "ghp_S3cretS3cretS3cretS3cret"
LOGINS = (
    f"ada:{TOKEN}",
    TOKEN,
    f"{TOKEN}:x-oauth-basic",
    f"x-access-token:{TOKEN}",
    f"ada:{quote(TOKEN + '/@:', safe='')}",
)


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("scheme", ["git", "http", "https", "ssh", "file"])
def test_no_error_holds_a_token(make: Make, scheme: str, login: str) -> None:
    git = make()
    place = "localhost/no/such" if scheme == "file" else f"localhost:{free_port()}/no/such"
    lines: list[str] = []
    if scheme == "ssh" and not login.startswith("ada:"):
        return  # the user of ssh:// is no secret: it is "git" everywhere, and it is shown
    for ask in (git.refs, lambda url: git.fetch(url, "0" * 40, progress=lines.append)):
        with pytest.raises(DistError) as caught:
            ask(f"{scheme}://{login}@{place}")
        error = caught.value
        told = " ".join([str(error), error.what, error.hint, error.where, *lines])
        assert TOKEN not in told
        assert "S3cret" not in told


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to look up {login}@host (port 9418) (Name or service not known)",
        "remote: no access for {token}",
        "ssh: Could not resolve hostname {login}@host",
        "fatal: unable to access 'https://{login}@host/x': 403 {token}",
    ],
)
def test_a_token_is_taken_out_of_what_a_program_says_however_it_splits_the_address(
    said: str,
) -> None:
    for login in LOGINS:
        err = said.format(login=login, token=TOKEN)
        told = str(explain(Finished(128, b"", err), f"git://{login}@host/x", 1))
        assert "S3cret" not in told, told


DISK = [
    (
        "error: file write error: No space left on device\nfatal: unable to write sha1 file",
        "disk is full",
    ),
    (
        "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
        "disk is full",
    ),
    ("fatal: unable to access: [Errno 28] No space left on device: '/c/objects'", "disk is full"),
    ("error: unable to create temporary file: Disk quota exceeded", "quota"),
    ("error: unable to create temporary file: Read-only file system", "read-only"),
    (
        "error: insufficient permission for adding an object to repository database ./objects",
        "can't be written",
    ),
    (
        "error: cannot lock ref 'refs/dist/x': Unable to create '/c/refs/dist/x.lock': Permission denied",
        "can't be written",
    ),
    ("fatal: mmap failed: Input/output error", "reports an error"),
]


@pytest.mark.parametrize(("err", "sentence"), DISK)
def test_trouble_with_this_machines_disk_is_told_as_that(err: str, sentence: str) -> None:
    error = explain(Finished(128, b"", err), "https://example.org/bot", 1)
    assert type(error) is DistError
    assert sentence in error.what
    assert error.hint
    assert "network" not in str(error)


def test_a_full_disk_is_told_with_its_place_and_only_if_it_is_ours(tmp_path: Path) -> None:
    full = "fatal: unable to write loose object file: No space left on device"
    ours = explain(Finished(128, b"", full), "https://example.org/bot", 1, tmp_path)
    assert (ours.where, ours.what) == (str(tmp_path), "the disk is full")
    theirs = explain(Finished(128, b"", f"remote: {full}"), "https://example.org/bot", 1, tmp_path)
    assert theirs.where == "https://example.org/bot"
    assert theirs.what != "the disk is full"


LIMITED = """
import json, os, resource, sys
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import DistError
from hermes_dist.world.git.repositories import open_git
what, path, home, url = sys.argv[2:]
if what == "file":
    resource.setrlimit(resource.RLIMIT_FSIZE, (40960, 40960))
git = open_git(Layout(HERMES, Path(home) / "root", Path(home)), {"HOME": home, "PATH": path})
try:
    git.fetch(url, "refs/heads/main") if what == "file" else git.refs(url)
    print(json.dumps(["none", "", "", 0]))
except DistError as error:
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps([type(error).__name__, error.what, error.hint, used]))
"""


def limited(what: str, tool: str, home: Path, url: str) -> tuple[str, str, str, int]:
    """How asking a repository ends in a process with a limit of its own; what its children used, in KiB."""
    path = os.environ["PATH"] if tool == "git" else "/nowhere"
    argv = [sys.executable, "-c", LIMITED, json.dumps(sys.path), what, path, str(home), url]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    kind, sentence, hint, used = json.loads(done.stdout)
    return kind, sentence, hint, used


@pytest.mark.parametrize("tool", TOOLS)
def test_the_users_own_limit_on_files_is_told_as_that(tool: str, home: Path, repo: Repo) -> None:
    repo.commit({"big.bin": os.urandom(400_000)})
    kind, sentence, hint, _ = limited("file", tool, home, f"file://{repo.path}")
    assert kind == "DistError"
    assert "ulimit -f" in sentence
    assert "ulimit -f unlimited" in hint


def endless(client: socket.socket) -> None:
    """A server that lists refs for ever."""
    client.recv(4096)
    number = 0
    while True:
        lines, first = [], number + 1
        for number in range(first, first + 2000):
            line = (
                f"{number:040x} refs/heads/{'long' * 40}{number}"
                + ("\0 agent=x" if number == 1 else "")
                + "\n"
            )
            lines.append(f"{len(line) + 4:04x}{line}")
        client.sendall("".join(lines).encode())


@pytest.mark.parametrize("tool", TOOLS)
def test_an_endless_listing_ends_in_an_error_and_fills_no_memory(tool: str, home: Path) -> None:
    with rude(endless) as port:
        kind, sentence, _, used = limited("refs", tool, home, f"git://127.0.0.1:{port}/bot")
    assert (kind, sentence) == ("Invalid", "it lists more than the limits allow")
    assert used < 256 << 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


SAID = [
    ("error: cannot run ssh: No such file or directory\nfatal: unable to fork", "needs ssh"),
    ("fatal: unable to access: [Errno 2] No such file or directory: 'ssh'", "needs ssh"),
    ("sh: 1: ssh: not found", "needs ssh"),
    ("fatal: unable to access 'URL': Could not resolve host: x.invalid", "host was not found"),
    ("ssh: Could not resolve hostname x: Name or service not known", "host was not found"),
    ("fatal: unable to access: [Errno -3] Temporary failure in name resolution", "was not found"),
    ("Host key verification failed.\nfatal: Could not read from remote", "this host's key"),
    ("remote: Invalid username or token.\nfatal: Authentication failed for 'x'", "has expired"),
    ("fatal: could not read Username for 'x': terminal prompts disabled", "you may not read it"),
    ("git@host: Permission denied (publickey).\nfatal: Could not read", "none of your ssh keys"),
    ("fatal: unable to access 'x': The requested URL returned error: 403", "refuses access (403)"),
    ("remote: Permission to ada/bot.git denied to bo.\nfatal: error: 403", "refuses access (403)"),
    ("remote: The 'x' organization has enabled or enforced SAML SSO.\nerror: 403", "(SSO)"),
    (
        "remote: HTTP Basic: Access denied. If a password was provided\nfatal: Authentication failed",
        "has expired",
    ),
    ("fatal: unable to access 'x': The requested URL returned error: 401", "you may not read it"),
    ("ERROR: Repository not found.", "there is no such repository"),
]


@pytest.mark.parametrize(("err", "sentence"), SAID)
def test_the_way_to_a_repository_fails_with_its_own_sentence_and_a_next_step(
    err: str, sentence: str
) -> None:
    error = explain(Finished(128, b"", err), "https://example.org/bot", 1)
    assert isinstance(error, Unreachable)
    assert sentence in error.what
    assert error.hint


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://ada:S3cret@host.example/team/bot.git", "host.example for team/bot…"),
        ("ssh://git@host.example:2222/team/bot", "host.example:2222 for team/bot…"),
        ("git@host.example:team/bot.git", "host.example for team/bot…"),
    ],
)
def test_who_is_asked_is_said_before_the_first_answer(url: str, said: str) -> None:
    assert connecting(url) == f"connecting to {said}"
    assert connecting("file:///srv/bot.git") == "reading /srv/bot.git"


@pytest.mark.parametrize("length", [0, 39, 40, 41, 63, 64, 65])
def test_a_commit_has_40_or_64_digits_in_lower_case(length: int) -> None:
    assert is_commit("0f" * (length // 2) + "a" * (length % 2)) == (length in (40, 64))
    for odd in ("A", "g", "\n", " "):
        assert not is_commit(odd + "0" * (length - 1))
        assert not is_commit("0" * (length - 1) + odd)
