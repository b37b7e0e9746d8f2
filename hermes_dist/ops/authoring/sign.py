"""Signing, for authors: sign a tag with a key file, and replace one key by another."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.versions import version_of_tag
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.trust import (
    KEYS_FILE,
    Succession,
    dump_successions,
    load_successions,
    statement,
)
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file, start_of
from hermes_dist.world.git.sign import AuthorRepo, Signer, open_signer
from hermes_dist.world.keys.signatures import tag_signature
from hermes_dist.world.keys.ssh import FILE, parse_public


class SignedTag(Struct, frozen=True, kw_only=True):
    """A signed tag.

    Attributes:
        tag: Its name.
        oid: The id of the tag object.
        fingerprint: The fingerprint of the key.
        key: The file of the key.
        changed: The tag was not signed by that key before.
    """

    tag: str
    oid: str
    fingerprint: str
    key: Path
    changed: bool


def sign(ctx: Context, folder: Path, *, tag: str = "", key: str = "") -> SignedTag:
    """Sign a tag of a repository; a lightweight tag becomes an annotated one.

    Args:
        ctx: The context.
        folder: The repository, or a folder in it.
        tag: The tag; by default the version tag of the commit that is checked out.
        key: The key's file; by default git's ``user.signingkey``, else ``~/.ssh/id_ed25519``.

    Raises:
        DistError: The tag or the key does not exist.
    """
    repo = AuthorRepo(folder, ctx.env)
    found = repo.tag(tag or _tag_here(repo, folder))
    signer = signing_key(ctx, repo, key)
    before = tag_signature(found.raw, found.commit, found.name) if found.raw else None
    # Signing again would make another object of the tag, and everybody who has it would see a moved tag.
    if before and before.signer == signer.public.fingerprint:
        oid, changed = found.oid, False
    else:
        payload = repo.payload(found)
        oid, changed = repo.put(found, payload + signer.sign(payload)), True
    return SignedTag(
        tag=found.name,
        oid=oid,
        fingerprint=signer.public.fingerprint,
        key=signer.path,
        changed=changed,
    )


def signing_key(ctx: Context, repo: AuthorRepo, key: str = "") -> Signer:
    """Open the key that an author signs with.

    Raises:
        DistError: There is no key, or it can't be used.
    """
    if key:
        return open_signer(Path(key).expanduser(), ctx.env)
    configured = repo.setting("user.signingkey")
    usual = ctx.layout.user_home / ".ssh" / "id_ed25519"
    for path in (Path(configured), usual):
        if path.is_absolute() and path.is_file():
            return open_signer(path, ctx.env)
    raise DistError(
        "there is no key to sign with",
        where=str(usual),
        hint="name one with --key FILE; make one with: ssh-keygen -t ed25519 -f ~/.ssh/hermes-signing",
    )


def _tag_here(repo: AuthorRepo, folder: Path) -> str:
    """The newest version tag of the commit that is checked out."""
    tags = repo.tags_here()
    versions = [(version, tag) for tag in tags if (version := version_of_tag(tag)) is not None]
    if versions:
        return max(versions)[1]
    if len(tags) == 1:
        return tags[0]
    some = f": it has {', '.join(tags[:5])}" if tags else ""
    raise DistError(
        f"no version tag names the commit that is checked out{some}",
        where=str(folder),
        hint="make one first, such as: git tag v1.0.0; or name one with --tag",
    )


class Rotated(Struct, frozen=True, kw_only=True):
    """A key that was replaced by another.

    Attributes:
        file: The file that records the rotation.
        old: The fingerprint of the old key, which signed the rotation.
        new: The fingerprint of the new key.
    """

    file: Path
    old: str
    new: str


def rotate(ctx: Context, folder: Path, new: Path, *, key: str = "") -> Rotated:
    """Sign with the old key that a new one replaces it, in the package's ``distribution.keys``.

    Args:
        ctx: The context.
        folder: The package's folder.
        new: The new key's ``.pub`` file.
        key: The old key's file; by default as in :func:`sign`.

    Raises:
        DistError: A key can't be read, or the folder is not a package.
    """
    if not (folder / MANIFEST).is_file():
        raise DistError(
            f"there is no {MANIFEST} in it", where=str(folder), hint="name the package's folder"
        )
    old = (
        open_signer(Path(key).expanduser(), ctx.env)
        if key
        else signing_key(ctx, AuthorRepo(folder, ctx.env))
    )
    try:
        follower = parse_public(start_of(new, 20_000).decode("utf-8", "replace"))
    except OSError as error:
        raise DistError(
            f"the new key can't be read: {error.strerror}",
            where=str(new),
            hint="name its .pub file with --rotate",
        ) from None
    except Invalid as error:
        raise error.within(str(new)) from None
    if follower.blob == old.public.blob:
        raise Invalid(
            "the new key is the old one", where=str(new), hint="name the old one with --key"
        )
    # Only the old key can vouch for the new one; followers check this signature, not who pushed the file.
    words = [f"{k.kind} {k.line.split()[1]}" for k in (old.public, follower)]
    armor = old.sign(statement(words[0], words[1]), FILE).decode()
    file = folder / KEYS_FILE
    known = load_successions(read_file(file)) if file.exists() else ()
    rest = tuple(s for s in known if (s.old, s.new) != (words[0], words[1]))
    atomic_write(file, dump_successions((*rest, Succession(words[0], words[1], armor))), 0o644)
    return Rotated(file=file, old=old.public.fingerprint, new=follower.fingerprint)
