"""The files of the repository where machines meet: where each is, and those that are ours alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from hermes_dist import lazily
from hermes_dist.agents.places import MEMORIES, SESSIONS
from hermes_dist.errors import Invalid, UsageError, quoted
from hermes_dist.model import lock_head
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.paths import RelPath, safe_paths
from hermes_dist.model.tree import Digest, Entry, Tree, mode_of

_T = TypeVar("_T")
FORMAT = 4
ABOUT = RelPath("meeting.json")
"""What the repository is; whatever lacks it is no meeting place."""
README = RelPath("README.md")
RECIPIENTS = RelPath("recipients.txt")
"""The public keys that private files are encrypted to, as ``age -R`` reads them; users may edit it."""
PROFILE = RelPath("profile")
"""The folder of the profile's shared files."""
PACKAGE = RelPath("package/distribution.lock")
"""The lockfile of the profile's package; missing for a profile without one."""
BASE = RelPath("package/base")
"""The folder of contents that the package's lockfile names and the profile no longer holds, by digest."""
MACHINES = RelPath("machines")
PRIVATE = RelPath("private")
"""The folder of what is encrypted."""
PRIVATE_INDEX = RelPath("private.json")
"""What machines say of each private file: who wrote it last, and to whom it is encrypted."""
SHARED_INDEX = RelPath("shared.json")
"""What machines say of each shared file, and of the package's lockfile: who wrote it last."""
GONE = RelPath("gone.json")
"""The machines that left, or that others forgot."""
PARTS = (MEMORIES, SESSIONS)
"""The folders that may travel encrypted; a repository can't ask for any other."""
_NAME = lazily.pattern(r"[a-z0-9][a-z0-9._-]{0,39}")
_KEY = lazily.pattern(r"age1[02-9ac-hj-np-z]{58}")
_RESTORE = "somebody wrote it by hand: bring back what was there from the repository's history"
_SIGNER = lazily.pattern(r"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}")


def readme(title: str, command: str) -> bytes:
    """What people read who open the repository.

    Args:
        title: The name of the agent, such as ``Hermes Agent``.
        command: The command that joins from another machine.
    """
    return f"""# A profile of {title}, the same on several machines

They meet in this repository. Keep it private.

- `profile/` holds the shared files, and `private/` memories and sessions, if any travel: these are encrypted to the
  keys in `recipients.txt`.
- The machines in `machines/` sign all of it. Change and delete files on a machine: none of them takes in what is done
  to the files here, unless you say there that it was you.

On another machine: `{command}`.
""".encode()


class About(Struct, frozen=True, kw_only=True):
    """What the repository says about itself.

    Attributes:
        format: The format of its files.
        lock: The format of the lockfiles in it.
        since: The first version of the program that reads them.
        profile: The name of the profile where it began.
        carried: What travels besides the shared files, encrypted.
        place: Names this meeting place; drawn by chance. Whatever is signed for it counts nowhere else.
        signer: The key of a machine; who joins trusts that machine, and those that it accepted.
    """

    format: int = FORMAT
    lock: int = lock_head.FORMAT
    since: str = lock_head.SINCE
    profile: str
    carried: tuple[str, ...] = field(default=(), name="with")
    place: str = ""
    signer: str = ""


class Sent(Struct, frozen=True, kw_only=True):
    """What a machine sent last, all of it together: whoever may push can hold back a part.

    Attributes:
        count: Its count then.
        paths: The files that it signed with that count, as they are in the repository.
        signature: Its signature; base64.
    """

    count: int
    paths: tuple[str, ...]
    signature: str = ""

    def statement(self, place: str, name: str) -> bytes:
        """What is signed.

        Args:
            place: The name of the meeting place.
            name: The machine.
        """
        return msgspec.json.encode(["sync/sent/1", place, name, self.count, self.paths])


class Machine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One machine that meets the others there.

    Attributes:
        name: Its name.
        key: Its public key, which others encrypt to; empty for one that has none.
        signer: The public key that it signs with, as a line of ``allowed_signers``; empty for one that has none.
        accepted: The signatures of the machines that accepted these keys, by name.
        sent: What it sent last; None for nothing, and for an older program.
    """

    name: str
    key: str = ""
    signer: str = ""
    accepted: Mapping[str, str] = field(default_factory=dict)
    sent: Sent | None = None

    def acceptance(self, place: str) -> bytes:
        """What a machine signs that accepts this one."""
        return msgspec.json.encode(["sync/accept/1", place, self.name, self.key, self.signer])


class Gone(Struct, frozen=True, kw_only=True):
    """A machine that left, or that another one forgot.

    Attributes:
        name: Its name.
        signer: The key that it signed with, which counts no more.
        by: The machine that says so.
        signature: Its signature; base64.
    """

    name: str
    signer: str
    by: str
    signature: str = ""

    def statement(self, place: str) -> bytes:
        """What is signed."""
        return msgspec.json.encode(["sync/gone/1", place, self.name, self.signer, self.by])


class GoneMachines(Struct, frozen=True, kw_only=True):
    """The machines that are gone."""

    machines: tuple[Gone, ...] = ()


def checked_name(text: str) -> str:
    """Check the name of a machine.

    Raises:
        UsageError: It can't be one.
    """
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{quoted(text, 60)} can't be the name of a machine",
            hint="use small letters, digits, dots and dashes: --machine laptop",
        )
    return text


def name_like(text: str) -> str:
    """Make a name of a machine from what its system calls it."""
    made = re.sub(r"[^a-z0-9-]+", "-", text.partition(".")[0].lower()).strip("-")[:40].strip("-")
    return made or "machine"


def machine_path(name: str) -> RelPath:
    """The file of a machine."""
    return MACHINES / f"{name}.json"


def dump_json(value: About | Machine | Index | GoneMachines) -> bytes:
    """Write a file of ours."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def load_about(data: bytes) -> About:
    """Read what a repository says about itself.

    Raises:
        Newer: A newer program wrote it, or the lockfiles in it.
        Invalid: It is damaged, or asks for what never travels.
    """
    about = _load(data, About, ABOUT)
    if about.format > FORMAT or about.lock > lock_head.FORMAT:
        raise Newer(
            "a newer hermes-dist syncs there, and this one can't read its files",
            where=str(ABOUT),
            hint=f"use hermes-dist {about.since} or later on this machine; nothing was changed",
        )
    # Whoever can push writes this, and a machine that joins sends these folders.
    if odd := sorted(set(about.carried) - set(PARTS)):
        raise Invalid(f"it asks for {quoted(odd[0], 60)}, which never travels", where=str(ABOUT))
    return about


def load_machine(data: bytes, path: RelPath) -> Machine:
    """Read the file of a machine.

    Raises:
        Invalid: It is damaged.
    """
    machine = _load(data, Machine, path)
    if not _NAME.fullmatch(machine.name) or machine_path(machine.name) != path:
        raise Invalid("its name does not fit", where=str(path), hint=_RESTORE)
    if machine.key and not _KEY.fullmatch(machine.key):
        raise Invalid("its key is not an age key", where=str(path), hint=_RESTORE)
    if machine.signer and not _SIGNER.fullmatch(machine.signer):
        raise Invalid(
            "the key that it signs with is no Ed25519 key", where=str(path), hint=_RESTORE
        )
    return machine


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the machine that wrote a file last says of it, signed.

    Attributes:
        readers: The keys that it is encrypted to; none for a shared file.
        by: The name of the machine.
        versions: The count of each machine when it wrote the file, in this state and in those that it was made from.
        sealed: The digest of the encrypted content, or mode and digest of a shared file; empty for a deleted one.
        signature: By the machine's key, over all of that, the path and the meeting place; base64.
    """

    readers: tuple[str, ...] = ()
    by: str = ""
    versions: Mapping[str, Annotated[int, Meta(ge=1, lt=1 << 53)]] = field(default_factory=dict)
    sealed: str = ""
    signature: str = ""

    def statement(self, place: str, path: RelPath) -> bytes:
        """What is signed: everything that is said of one file, where it is, and what kind of statement it is.

        Args:
            place: The name of the meeting place.
            path: The file, as it is in the repository.
        """
        facts = ["sync/2", place, str(path), self.by, self.versions, self.sealed, self.readers]
        return msgspec.json.encode(facts, order="sorted")


NOTHING_SAID = Said()


class Index(Struct, frozen=True, kw_only=True):
    """What machines say of each file, by path; of deleted ones, too."""

    files: Mapping[str, Said] = field(default_factory=dict)


class _OlderIndex(Struct, frozen=True):
    files: Mapping[str, Said | tuple[str, ...]] = field(default_factory=dict)


def load_index(data: bytes, path: RelPath = PRIVATE_INDEX) -> Index:
    """Read what machines say of files.

    Raises:
        Invalid: It is damaged.
    """
    found = _load(data, _OlderIndex, path)
    # In format 1, nobody signed anything.
    said = {
        path: one if isinstance(one, Said) else Said(readers=one)
        for path, one in found.files.items()
    }
    return Index(files=said)


def load_gone(data: bytes) -> GoneMachines:
    """Read which machines are gone.

    Raises:
        Invalid: It is damaged.
    """
    return _load(data, GoneMachines, GONE)


def state_of(entry: Entry | None) -> str:
    """What a machine signs of a shared file: its mode and the digest of its content; nothing for a deleted one."""
    return f"{mode_of(entry)} {entry.digest}" if entry else ""


def _load(data: bytes, kind: type[_T], path: RelPath) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as err:
        raise Invalid(f"it is damaged ({err})", where=str(path), hint=_RESTORE) from None


def recipients_in(data: bytes) -> tuple[str, ...]:
    """Read the public keys of a recipients file; comments and what is no key do not count."""
    lines = (line.strip() for line in data.decode("utf-8", "replace").splitlines())
    return tuple(dict.fromkeys(line for line in lines if _KEY.fullmatch(line)))


def with_recipient(data: bytes, name: str, key: str) -> bytes:
    """Add a key to a recipients file; what users wrote into it stays."""
    if key in recipients_in(data):
        return data
    gap = b"" if not data or data.endswith(b"\n") else b"\n"
    return data + gap + f"# {name}\n{key}\n".encode()


def without_recipient(data: bytes, key: str) -> bytes:
    """Take a key out of a recipients file, with the comment above it."""
    kept: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        if line.strip() == key:
            if kept and kept[-1].startswith("#"):
                kept.pop()
            continue
        kept.append(line)
    return "".join(f"{line}\n" for line in kept).encode()


def inside(tree: Tree, folder: RelPath) -> Tree:
    """Return what a repository holds in a folder, by the paths inside it."""
    start = f"{folder}/"
    return Tree(
        (path.below(folder), entry) for path, entry in tree.items() if path.startswith(start)
    )


def into(tree: Mapping[RelPath, Entry], folder: RelPath) -> dict[RelPath, Entry]:
    """Return the paths of a tree as they are in a folder of the repository."""
    paths = safe_paths([f"{folder}/{path}" for path in tree]) if tree else ()
    return dict(zip(paths, tree.values(), strict=True))


def sealed_path(path: RelPath) -> RelPath:
    """The place of a private file in the repository, encrypted."""
    return PRIVATE / f"{path}.age"


def in_home(path: RelPath) -> RelPath:
    """The path of a shared file in a home; that of the package's lockfile stays."""
    return path.below(PROFILE)


def base_path(digest: Digest) -> RelPath:
    """The place of a content that the package's lockfile names."""
    return BASE / digest
