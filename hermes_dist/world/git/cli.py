"""The user's own git, restricted to talking to servers and reading.

Credentials, proxies, certificates and ssh come from the user's configuration; nothing in it or in a repository can run
a hook, a filter, a monitor or maintenance, and nothing can prompt: the child has no terminal, git's own prompts are
off, and only a program that ``GIT_ASKPASS`` names is asked for a login.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from hermes_dist.lazily import shlex
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import without_credentials
from hermes_dist.world.child import Command
from hermes_dist.world.ports import RefUpdate

if TYPE_CHECKING:
    from hermes_dist.world.git.reach import Reach

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.askPass=",
    "core.alternateRefsCommand=",
    "core.packedGitWindowSize=16m",
    "core.packedGitLimit=128m",
    "core.deltaBaseCacheLimit=32m",
    "core.bigFileThreshold=32m",
    "pack.threads=1",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
    "transfer.bundleURI=false",
    "fetch.bundleURI=",
    "fetch.fsckObjects=true",
    "fetch.fsck.badFilemode=error",
    "fetch.fsck.zeroPaddedFilemode=warn",
    "fetch.fsck.badTimezone=warn",
    "fetch.fsck.missingSpaceBeforeDate=warn",
    "fetch.fsck.missingSpaceBeforeEmail=warn",
    "fetch.unpackLimit=1",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "submodule.recurse=false",
    # A server that packs a large repository says five bytes each five seconds, or nothing if a proxy holds them back.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=120",
)
_JOINING = ("-c", "pack.windowMemory=32m", "-c", "repack.writeBitmaps=false")
# Only since 2.32 git leaves large packs as they are. What nothing leads to may be read right now, so all objects stay.
_JOIN = (
    "ulimit -c 0 2>/dev/null; ulimit -t 600 2>/dev/null; umask 077; "
    'nice "$@" repack --geometric=2 -d -n -q || nice "$@" repack -a -d -k -n -q; "$@" pack-refs --all --prune'
)
_FORGET = '"$@" update-ref --stdin && "$@" repack -a -d -n -q && "$@" pack-refs --all --prune'
_ASKS_NOBODY = "credential.interactive=false"
"""Since 2.47, git then asks no program of ``GIT_ASKPASS`` either."""
_PROTOCOLS = {
    "https": "https:ssh",
    "ssh": "ssh:https",
    "http": "http:https",
    "git": "git",
    "file": "file",
}
_WITHOUT_LOGIN = {"git", "file"}
"""Protocols without logins; git would read a login there as part of the host name, and print it."""
_KEPT = (
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|PROXY_\w+|HTTP_\w+|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT"
    r"|KEY_\d+|VALUE_\d+))"
)
_WHO = frozenset(
    f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE")
)
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS": "/bin/false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    # A delta of 65 KB can make git allocate 1 GiB.
    "GIT_ALLOC_LIMIT": str(256 << 20),
    # The table of causes in errors.py knows git's messages in English.
    "LC_ALL": "C",
    "LANGUAGE": "C",
}


def scheme_of(url: str) -> str:
    """The scheme of a URL; ``ssh`` for the scp form."""
    return url.partition("://")[0].lower() if "://" in url else "ssh"


def _of_git(env: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in env.items() if name.startswith("GIT_")}


def _loudness(talk: bool) -> str:
    return "--progress" if talk else "--quiet"


class CliTool:
    """Commands of the git program.

    Args:
        program: Its path.
        env: The user's environment.
    """

    name = "git"

    def __init__(self, program: str, env: Mapping[str, str]) -> None:
        # GIT_* variables can name programs and other repositories, so only a list of harmless ones is passed on.
        of_git = _of_git(env)
        kept = {k: v for k, v in env.items() if k not in of_git or re.fullmatch(_KEPT, k)}
        # The user's own program answers what a terminal would be asked; how long it may take is bounded.
        # Empty ends git's search: unset, it would go on to core.askPass and SSH_ASKPASS.
        asked = env.get("GIT_ASKPASS", "")
        self._env = {**kept, **_QUIET, "GIT_ASKPASS": asked}
        self._who = {k: v for k, v in of_git.items() if k in _WHO}
        settings = _SETTINGS if asked else (*_SETTINGS, _ASKS_NOBODY)
        self._base = (program, *(word for setting in settings for word in ("-c", setting)))

    def _local(self, cache: Path, *words: str) -> Command:
        return Command(
            (*self._base, f"--git-dir={cache}", *words), {**self._env, "GIT_ALLOW_PROTOCOL": "none"}
        )

    def _remote(self, url: str, cache: Path | None, *words: str) -> Command:
        scheme = scheme_of(url)
        env = {**self._env, "GIT_ALLOW_PROTOCOL": _PROTOCOLS.get(scheme, "none")}
        # Plain http is not authenticated: a redirect could lead to another host or to a local address.
        follow = () if scheme != "http" else ("-c", "http.followRedirects=false")
        # Without a cache, git must not read the configuration of its current folder.
        where = f"--git-dir={cache or os.devnull}"
        return Command((*self._base, *follow, where, *words), _with_login(env, url))

    def _serving(self, url: str) -> tuple[str, ...]:
        """Return options by which git alone serves a local repository, without a program of the user's in between.

        The git at the other end of ``file://`` is a second one, which the settings of the first don't reach. It reads
        the user's configuration, and ``uploadpack.packObjectsHook`` there names a program; ``env`` is one that does
        nothing but start what follows.
        """
        if scheme_of(url) != "file":
            return ()
        program = shlex.quote(self._base[0])
        return (f"--upload-pack={program} -c uploadpack.packObjectsHook=env upload-pack",)

    def refs(self, url: str) -> Command:
        """List ``oid TAB name`` lines, and ``ref: target TAB name`` for symbolic ones."""
        # The first version of the protocol tells all refs in its first answer, and the second when asked again.
        words = (
            "-c",
            "protocol.version=0",
            "ls-remote",
            "--symref",
            *self._serving(url),
            "--",
            without_credentials(url),
        )
        return self._remote(url, None, *words)

    def settings(self, names: str) -> Command:
        """Print the names of the user's settings that a regular expression finds; exit with 1 if there are none."""
        words = ("config", "--name-only", "--get-regexp", names)
        return Command(
            (self._base[0], f"--git-dir={os.devnull}", *words),
            {**self._env, "GIT_ALLOW_PROTOCOL": "none"},
        )

    def traced(self, command: Command) -> Command:
        """The same command, which then also prints the headers of each answer, but no login and no content."""
        return command._replace(
            env={**command.env, "GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
        )

    def fetch(
        self, cache: Path, url: str, source: str, target: str, reach: Reach, *, talk: bool
    ) -> Command:
        """Fetch ``source`` (a full ref name or commit) into the cache as the ref ``target``."""
        how = () if reach.depth is None else (f"--depth={reach.depth}",)
        if reach.since:
            # With @ and a zone, git guesses nothing about what the number means.
            how = (*how, f"--shallow-since=@{reach.since} +0000")
        command = self._remote(
            url,
            cache,
            "fetch",
            "--no-tags",
            "--no-recurse-submodules",
            "--update-shallow",
            _loudness(talk),
            *how,
            *self._serving(url),
            "--",
            without_credentials(url),
            f"+{source}:{target}",
        )
        return command._replace(private=True)

    def tree(self, cache: Path, commit: str, subfolder: RelPath | None) -> Command:
        """List ``mode type oid size TAB path NUL`` for every file and folder."""
        what = f"{commit}^{{commit}}:{subfolder or ''}"
        return self._local(cache, "ls-tree", "-r", "-t", "-l", "-z", "--", what)

    def trees(self, cache: Path, commit: str, folders: Sequence[RelPath]) -> Command:
        """List the same for some folders and the folders above them, with their paths in the commit."""
        words = ("--literal-pathspecs", "ls-tree", "-r", "-t", "-l", "-z", "--")
        return self._local(cache, *words, f"{commit}^{{commit}}", *folders)

    def changes(self, cache: Path, old: str, new: str, subfolder: RelPath | None) -> Command:
        """List ``:mode mode oid oid status NUL path NUL`` for every file and folder that differs."""
        how = ("-r", "-t", "-z", "--raw", "--no-renames", "--no-ext-diff")
        what = (f"{commit}^{{commit}}:{subfolder or ''}" for commit in (old, new))
        return self._local(cache, "diff-tree", *how, *what)

    def blobs(self, cache: Path) -> Command:
        """For each id on standard input: ``oid type size LF content LF``."""
        return self._local(cache, "cat-file", "--batch", "--buffer")

    def walk(self, cache: Path, commit: str, limit: int) -> Command:
        """List ``commit parent…`` lines, newest first."""
        return self._local(cache, "rev-list", "--parents", f"--max-count={limit}", commit, "--")

    def known(self, cache: Path, tips: Sequence[str], ends: Path) -> Command:
        """List the history of some commits, as it is if the commits in the file ``ends`` have no parents."""
        walk = self._local(cache, "--shallow-file", str(ends), "rev-list", "--stdin")
        return walk._replace(request="".join(f"{tip}\n" for tip in tips).encode())

    def line(self, cache: Path, commit: str, count: int) -> Command:
        """Print a commit and its first ancestors, a few of one line, as ``oid commit size LF text LF`` each."""
        asked = "".join(f"{commit}~{back}\n" for back in range(count))
        return self.blobs(cache)._replace(request=asked.encode())

    def join(self, cache: Path) -> Command:
        """Join the packs, but not those that are large already, and put the refs into one file. It says nothing."""
        pack = self._local(cache, *_JOINING)
        return pack._replace(argv=("/bin/sh", "-c", _JOIN, "sh", *pack.argv))

    def forget(self, cache: Path, refs: Sequence[str]) -> Command:
        """Delete some refs, and what only they led to; join the rest. It says nothing."""
        pack = self._local(cache, *_JOINING)
        request = "".join(f"delete {ref}\n" for ref in refs).encode()
        return pack._replace(argv=("/bin/sh", "-c", _FORGET, "sh", *pack.argv), request=request)

    def identity(self, who: str) -> Command:
        """Print ``Name <mail> seconds zone`` of the AUTHOR or COMMITTER; fail rather than guess."""
        words = (
            "-c",
            "user.useConfigOnly=true",
            f"--git-dir={os.devnull}",
            "var",
            f"GIT_{who}_IDENT",
        )
        return Command(
            (*self._base, *words), {**self._env, **self._who, "GIT_ALLOW_PROTOCOL": "none"}
        )

    def push(self, cache: Path, url: str, updates: Sequence[RefUpdate], *, talk: bool) -> Command:
        """Move all refs or none, and only from their expected values."""
        # git reads an empty expected value as: the ref must not exist yet.
        leases = (f"--force-with-lease={one.name}:{one.old}" for one in updates)
        return self._remote(
            url,
            cache,
            "push",
            "--atomic",
            "--porcelain",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            _loudness(talk),
            *leases,
            "--",
            without_credentials(url),
            *(f"{one.new}:{one.name}" for one in updates),
        )

    def patch(self, cache: Path, commit: str) -> Command:
        """Print a commit as a patch for ``git am``, whatever the user's own format settings are."""
        plain = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "HOME": os.devnull,  # before 2.32
            "XDG_CONFIG_HOME": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "0",
        }
        words = (
            "format-patch",
            "-1",
            "--stdout",
            "--binary",
            "--full-index",
            "--no-ext-diff",
            "--no-textconv",
        )
        command = self._local(cache, *words, commit)
        return Command(command.argv, {**command.env, **plain})


def _with_login(env: dict[str, str], url: str) -> dict[str, str]:
    """Pass a login in the URL through the environment, so that no process list and no message shows it."""
    bare = without_credentials(url)
    if bare == url or scheme_of(url) in _WITHOUT_LOGIN:
        return env
    # Before 2.31, git knows only this variable, which splits a setting at its first "=".
    setting = f"url.{url.replace('=', '%3D')}.insteadOf={bare}".replace("'", "'\\''")
    return {**env, "GIT_CONFIG_PARAMETERS": f"'{setting}'"}
