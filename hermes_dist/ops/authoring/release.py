"""The version of a publication, its tag, and who signs it."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.authoring.release_notes import (
    ReleaseNotes,
    changelog_in,
    from_changelog,
    section_of,
)
from hermes_dist.decide.authoring.version_tag import can_begin_with, newer_tag, tag_of
from hermes_dist.decide.leaving.publish import bumped
from hermes_dist.decide.trust import followers_of
from hermes_dist.decide.versions import version_of
from hermes_dist.errors import DistError, Invalid, Refused, UsageError, quoted
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath, is_safe_path
from hermes_dist.model.tree import Read, Tree
from hermes_dist.model.trust import KEYS_FILE
from hermes_dist.ops.authoring.author import LocalPackage, completed
from hermes_dist.ops.authoring.capture import Leaving
from hermes_dist.ops.authoring.destination import Remote, held_at
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.context import Context
from hermes_dist.world.files import start_of
from hermes_dist.world.git.sign import Signer, open_signer
from hermes_dist.world.keys.files import read_keyring
from hermes_dist.world.keys.signatures import successions_of
from hermes_dist.world.load import load_manifest

_MANIFEST = RelPath(MANIFEST)
_MOST_TEXT = 1 << 19
_CHOOSE = "choose one with --version 1.0.0"


def _version_in(tree: Tree, read: Read) -> str:
    """The version in a package's manifest; empty if it has none, or can't be read."""
    try:
        return load_manifest(read(tree[_MANIFEST].digest)).version if _MANIFEST in tree else ""
    except Invalid:
        return ""


def release_of(ctx: Context, remote: Remote, read: Read) -> str:
    """The commit of the version tag whose contents the repository holds now; empty if they are no version yet."""
    version, tags = _version_in(remote.now, read), remote.refs.tags
    tag = tag_of(_tag_prefix(ctx, remote, read), version, tags)
    if not (version and tag):
        return ""
    commit = tags[tag]
    # In a repository with several packages, commits for the others may follow.
    same = commit == remote.head or held_at(ctx, remote.spec, commit).tree == remote.now
    return commit if same else ""


def with_version(tree: Tree, read: Read, *, version: str, bump: str) -> tuple[Tree, Read, str]:
    """The package with the version to publish, which is also returned.

    That is ``version``, or else the manifest's; ``bump``, one of ``major``, ``minor`` and ``patch``, counts that up.

    Raises:
        UsageError: There is no version, or it is not valid.
    """
    now = load_manifest(read(tree[_MANIFEST].digest)).version
    version = version.removeprefix("v") or now
    if bump:
        version = bumped(now, bump)
    if not version:
        raise UsageError("the package has no version yet", hint=_CHOOSE)
    if version_of(version) is None:
        raise UsageError(f"{quoted(version, 60)} is not a valid version", hint=_CHOOSE)
    return *completed(tree, read, version, ()), version


def tag_to_make(
    ctx: Context, remote: Remote, version: str, read: Read, *, changed: bool
) -> tuple[str, tuple[Note, ...]]:
    """Choose the tag to make (empty if it exists already), and remarks about it.

    Raises:
        DistError: The tag exists already and names another commit.
    """
    prefix, tags = _tag_prefix(ctx, remote, read), remote.refs.tags
    tag = f"{prefix}v{version}"
    if tag_of(prefix, version, tags):
        if changed:
            raise DistError(
                f"{version} is already published with other contents",
                where=f"tag {tag}",
                hint="choose a new version with --bump patch, minor or major, or with --version",
            )
        return "", ()
    newest = newer_tag(prefix, version, tags)
    return tag, (Note.of(NoteKind.OLDER_THAN_PUBLISHED, tag=tag, newest=newest),) if newest else ()


def _tag_prefix(ctx: Context, remote: Remote, read: Read) -> str:
    """What the names of a package's tags begin with: its folder, so that each package of a repository has its own.

    A package whose versions were tagged without it goes on so.
    """
    folder, refs = remote.spec.subfolder, remote.refs
    if folder is None:
        return ""
    own = f"{folder}/"
    if any(tag.startswith(own) for tag in refs.tags_for(folder)):
        return own
    if not can_begin_with(folder, refs.tags) or _is_tagged_plainly(ctx, remote, read):
        return ""
    return own


def _is_tagged_plainly(ctx: Context, remote: Remote, read: Read) -> bool:
    """Whether a tag without the folder is the version of the package that the repository holds now."""
    version, tags = _version_in(remote.now, read), remote.refs.tags
    tag = tag_of("", version, tags) if version else ""
    if not tag:
        return False
    tree = held_at(ctx, remote.spec, tags[tag]).tree
    return _version_in(tree, first_of(read, ctx.store.read)) == version


def notes_at_home(home: Path, version: str) -> tuple[ReleaseNotes | None, tuple[Note, ...]]:
    """What the changelog beside a profile's manifest says about a version; no package takes that file along.

    A link is none: what it leads to is no part of the profile.

    Args:
        home: The home.
        version: The version.

    Returns:
        What it says, None for nothing; and a note if it can't be read.
    """
    names = (each.name for each in home.iterdir() if each.is_file() and not each.is_symlink())
    path = changelog_in(RelPath(name) for name in names if is_safe_path(name))
    if path is None:
        return None, ()
    try:
        text = start_of(home / path, _MOST_TEXT).decode("utf-8", "replace")
    except OSError as error:
        return None, (Note.of(NoteKind.CHANGELOG_UNREAD, path, why=str(error.strerror)),)
    return from_changelog(path, text, version, ""), ()


def tag_message(
    label: str, package: LocalPackage, version: str, at_home: ReleaseNotes | None
) -> str:
    """What a tag says, for whoever reads the tag alone: hosts show it as the text of a release.

    Args:
        label: The name and the version.
        package: The package, whose own changelog comes first.
        version: The version.
        at_home: What the changelog beside the profile's manifest says about it.
    """
    path, said = changelog_in(package.tree), ""
    if path is not None:
        text = package.read(package.tree[path].digest).decode("utf-8", "replace")
        said = section_of(text, version)
    if not said and at_home is not None:
        said = "\n".join(at_home.lines)
    return f"{label}\n\n{said}".rstrip()


def signer_of(
    ctx: Context, found: Leaving, remote: Remote, *, key: str, new_key: bool
) -> Signer | None:
    """Open the key to sign with; None if nothing is signed.

    ``key`` is the file of the ssh key, or empty. With ``new_key``, the key of before need not have named it.

    Raises:
        Refused: Earlier releases are signed, and no key would sign this one, or one that nobody expects.
        DistError: The key can't be used.
    """
    lock = found.home.lock
    before = remote.signed_by or (lock.signer if lock else "")
    if key:
        signer = open_signer(Path(key).expanduser(), ctx.env)
        if before and not new_key:
            _check_follows(ctx, remote, before, signer)
        return signer
    if before:
        raise Refused(
            f"the previous release was signed by {before}, so whoever has it would refuse an unsigned version",
            where=str(found.home.name),
            hint="sign with --key FILE",
        )
    return None


def _check_follows(ctx: Context, remote: Remote, before: str, signer: Signer) -> None:
    """Make sure that the people who have an earlier release accept this key.

    Raises:
        Refused: It is another key, and the repository does not say that it follows the earlier one.
    """
    now = signer.public.fingerprint
    entry = remote.now.get(RelPath(KEYS_FILE))
    steps = successions_of(ctx.store.read(entry.digest)) if entry else frozenset()
    if now == before or now in followers_of(before, steps, read_keyring(ctx.layout)):
        return
    rotate = ctx.command(f"sign ./CLONE --rotate {signer.path}.pub --key OLD-KEY")
    raise Refused(
        f"the previous release was signed by {before}, not by {now}, so whoever has it would refuse this version",
        where=str(signer.path),
        hint=f"name it as the successor in a clone of the repository, and push that: {rotate}; "
        "if the old key is lost, pass --accept-new-key, which your users have to do, too",
    )
