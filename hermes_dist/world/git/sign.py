"""Read and sign a tag of an author's repository through git, which needs no set-up for signing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from hermes_dist import lazily
from hermes_dist.errors import DistError, Invalid, quoted
from hermes_dist.model.discreet import Contents
from hermes_dist.model.git_object import signed_tag
from hermes_dist.world.child import Bounds, Command, run
from hermes_dist.world.files import read_file
from hermes_dist.world.git.cache import is_commit
from hermes_dist.world.git.errors import reason
from hermes_dist.world.keys import ssh as keys

_BOUNDS = Bounds(seconds=60)
_KEPT = lazily.pattern(r"GIT_(AUTHOR|COMMITTER)_\w+|GIT_CONFIG_\w+")
_LARGEST = 48 << 10
"""What a pipe takes at once; a tag's message is much shorter."""


class Tag(Contents, frozen=True, kw_only=True):
    """A tag of an author's repository.

    Attributes:
        name: Its short name.
        oid: What its ref holds: a tag object, or the commit itself.
        raw: The tag object; empty for a lightweight tag.
        commit: The commit that it names.
    """

    name: str
    oid: str
    raw: bytes
    commit: str


class AuthorRepo:
    """A repository on this machine that the user works in.

    Args:
        folder: A folder in it.
        env: The user's environment.

    Raises:
        DistError: git is not installed, or the folder is not in a repository.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        program = shutil.which("git", path=env.get("PATH"))
        if program is None:
            raise DistError(
                "this needs git, which is not installed", hint="install git, then try again"
            )
        kept = {k: v for k, v in env.items() if not k.startswith("GIT_") or _KEPT.fullmatch(k)}
        self._env = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        self._argv = (program, "-C", str(folder.absolute()), "-c", "core.hooksPath=/dev/null")
        self._where = str(folder)
        self._git(
            "rev-parse",
            "--absolute-git-dir",
            hint="name a folder in the repository of your package",
        )

    def _git(self, *words: str, data: bytes = b"", hint: str = "") -> bytes:
        done = run(Command((*self._argv, *words), self._env, data), _BOUNDS)
        if not done.ok:
            why = reason(done.err) or "it failed"
            raise DistError(f"git says: {why}", where=self._where, hint=hint)
        return done.out

    def setting(self, name: str) -> str:
        """A path of the user's git configuration; empty when it is not set."""
        done = run(Command((*self._argv, "config", "--path", "--get", name), self._env), _BOUNDS)
        return done.out.decode("utf-8", "replace").strip() if done.ok else ""

    def tags_here(self) -> list[str]:
        """The tags of the commit that is checked out."""
        return self._git("tag", "--points-at", "HEAD").decode("utf-8", "replace").split()

    def tag(self, name: str) -> Tag:
        """Read a tag.

        Raises:
            DistError: The tag is missing or does not name a commit.
        """
        ref = f"refs/tags/{name}"
        hint = f"make it first: git tag {name}"
        oid = self._git("rev-parse", "--verify", "--quiet", ref, hint=hint).decode().strip()
        commit = self._git("rev-parse", "--verify", f"{ref}^{{commit}}").decode().strip()
        if not is_commit(oid) or not is_commit(commit):
            raise DistError(f"there is no tag {quoted(name, 100)}", where=self._where, hint=hint)
        raw = self._git("cat-file", "tag", oid) if oid != commit else b""
        return Tag(name=name, oid=oid, raw=raw, commit=commit)

    def payload(self, tag: Tag) -> bytes:
        """Return the bytes to sign: the annotated tag unchanged, or a new one made for a lightweight tag.

        Raises:
            DistError: git does not know who the user is, or the tag is very large.
        """
        if tag.raw:
            payload = signed_tag(tag.raw).payload
        else:
            who = self._git(
                "var",
                "GIT_COMMITTER_IDENT",
                hint="set your name and address with: git config user.name NAME; git config user.email ADDRESS",
            )
            head = f"object {tag.commit}\ntype commit\ntag {tag.name}\ntagger ".encode()
            payload = head + who.strip() + b"\n\n" + tag.name.encode() + b"\n"
        if len(payload) > _LARGEST:
            raise Invalid("the message of the tag is too large", where=tag.name)
        return payload if payload.endswith(b"\n") else payload + b"\n"

    def put(self, tag: Tag, raw: bytes) -> str:
        """Write a tag object and let the tag name it, if it is still what was read; returns the object."""
        oid = self._git("hash-object", "-t", "tag", "-w", "--stdin", data=raw).decode().strip()
        self._git("update-ref", f"refs/tags/{tag.name}", oid, tag.oid)
        return oid


class Signer(Contents, frozen=True):
    """A key that can sign.

    Attributes:
        path: Its file.
        public: Its public half.
    """

    path: Path
    public: keys.PublicKey
    _private: bytes
    _env: Mapping[str, str]

    def sign(self, message: bytes, namespace: str = keys.GIT) -> bytes:
        """Sign, in process or by the ssh agent for a key that is locked.

        Raises:
            DistError: Signing fails.
        """
        try:
            armor = keys.sign(message, self._private, namespace)
        except keys.LockedKey as err:
            armor = self._by_agent(message, namespace, err)
        if keys.verify(message, armor, namespace).blob != self.public.blob:
            raise Invalid("a different key signed it than the one you chose", where=str(self.path))
        return armor

    def _by_agent(self, message: bytes, namespace: str, why: keys.LockedKey) -> bytes:
        program = shutil.which("ssh-keygen", path=self._env.get("PATH"))
        beside = self.path.with_name(f"{self.path.name}.pub")
        if program and len(message) <= _LARGEST:
            env = {**self._env, "SSH_ASKPASS_REQUIRE": "never"}
            argv = (
                program,
                "-Y",
                "sign",
                "-n",
                namespace,
                "-f",
                str(beside if beside.exists() else self.path),
            )
            done = run(Command(argv, env, message), _BOUNDS)
            if done.ok:
                return done.out
        why.hint = (
            f"give it to your ssh agent first: ssh-add {self.path}; or use a key for signing alone"
        )
        raise why.within(str(self.path))


def open_signer(path: Path, env: Mapping[str, str]) -> Signer:
    """Open a key to sign with.

    Args:
        path: The private key, or the public one beside it.
        env: The user's environment, for the ssh agent.

    Raises:
        DistError: The key can't be read or is of a refused kind.
    """
    path = path.with_name(path.name.removesuffix(".pub")) if path.suffix == ".pub" else path
    beside = path.with_name(f"{path.name}.pub")
    try:
        private = read_file(path) if path.exists() or not beside.exists() else b""
        public = read_file(beside).decode("utf-8", "replace") if beside.exists() else ""
    except OSError as error:
        raise DistError(
            f"the key can't be read: {error.strerror}",
            where=str(path),
            hint="name another with --key FILE; make one with: ssh-keygen -t ed25519 -f ~/.ssh/hermes-signing",
        ) from None
    try:
        return Signer(path, keys.public_of(keys.load_private(private)), private, env)
    except keys.LockedKey as err:
        if not public:
            err.hint = f"its public half is missing: ssh-keygen -y -f {path} > {beside}"
            raise err.within(str(path)) from None
        return Signer(path, keys.parse_public(public), private, env)
    except Invalid as err:
        raise err.within(str(path)) from None
