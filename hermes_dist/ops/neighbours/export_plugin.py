"""Export a profile as a plugin that other agents load."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from hermes_dist.agents.places import MCP
from hermes_dist.decide.leaving.leaks import find_leaks, refuse_leaks
from hermes_dist.decide.neighbours.as_plugin import as_plugin
from hermes_dist.decide.neighbours.signs import OTHER_MCP
from hermes_dist.decide.neighbours.skills import SKILLS
from hermes_dist.decide.secrets.scan import scan_name
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Read, Tree, together
from hermes_dist.ops.authoring.capture import Leaving, leaving, private_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.transfer.export import Exported
from hermes_dist.world.archive.loose import LooseFile, write_folder, write_zip
from hermes_dist.world.archive.write import check_new_file

FORMS = ("plugin",)
_ZIP = ".zip"


def plugin_target(name: ProfileName, out: str) -> Path:
    """The folder or ZIP file to write: the one that was named, or a folder with the profile's name, here.

    Raises:
        DistError: Something is there already, or the folder around it is missing.
        UsageError: It is ``-``.
    """
    if out == "-":
        raise UsageError("a plugin is a folder or a ZIP file", hint="name one with -o")
    path = Path(out or f"{name}-plugin").expanduser().absolute()
    check_new_file(path)
    return path


def export_plugin(
    ctx: Context, name: ProfileName, path: Path, allowed: Collection[str] = ()
) -> Exported:
    """Write a profile as a plugin: its skills and servers, without secrets.

    Args:
        ctx: The context.
        name: The profile.
        path: A new folder, or a new file whose name ends with ``.zip``.
        allowed: Findings that the user allows: ``FILE:LINE``, or a variable whose value may stand anywhere.

    Raises:
        UsageError: An allowed finding is none.
        ConflictsOpen: Conflicts are open in the profile.
        Refused: There are secrets in what would be written; the error names their places.
        DistError: The profile can't be read, has nothing for a plugin, or the plugin can't be written.
    """
    found = leaving(ctx, name, own=True)
    found.need_settled(ctx)
    found.need_whole()
    home = ctx.brand.home_variable
    plugin = as_plugin(found.tree, found.read, found.manifest, str(name), home)
    read = together(plugin.blobs, found.read)
    if not any(path.top in (SKILLS, MCP, OTHER_MCP) for path in plugin.tree):
        raise DistError(
            "there is nothing in it that a plugin can have: it has no skills and no servers",
            where=str(found.home.path),
            hint=f"write it as a profile: {ctx.command(f'export {name}')}",
        )
    _check_secrets(ctx, found, plugin.tree, read, allowed)
    files = [
        LooseFile(str(one), read(entry.digest), entry.executable)
        for one, entry in plugin.tree.items()
    ]
    write = write_zip if path.suffix.lower() == _ZIP else write_folder
    left_out = (*plugin.left_out, *_layers(found))
    told = [left for left in left_out if left.why is not Why.NOT_IN_PLUGIN]
    return Exported(
        profile=name,
        path=path,
        size=write(path, files),
        files=len(files),
        variables=tuple(sorted(found.variables)),
        left_out=tuple(left.path for left in left_out if left not in told),
        notes=tuple(
            Note.of(NoteKind.LEFT_OUT, left.path, why=left.why, detail=left.detail) for left in told
        ),
    )


def _layers(found: Leaving) -> list[LeftOut]:
    lock = found.home.lock
    return [LeftOut(one.name, Why.A_LAYER) for one in (lock.layers if lock else ())]


def _check_secrets(
    ctx: Context, found: Leaving, tree: Tree, read: Read, allowed: Collection[str]
) -> None:
    """Look for secrets in what would be written; files that are as they were received are public already.

    Raises:
        Refused: There are some.
    """
    received = {entry.digest for entry in found.received.values()}
    known = Tree({one: entry for one, entry in tree.items() if entry.digest in received})
    private = private_of(ctx, found.home)
    leaks = {*find_leaks(tree, known, read, private, found.received)}
    # In a plugin, a file lies in other folders than in its profile: what its name is made of tells whether it is new.
    words = {part for one in found.received for part in one.parts}
    for one in tree:
        if not words.issuperset(one.parts):
            leaks |= {*scan_name(one, private.secrets)}
    refuse_leaks(sorted(leaks), allowed)
