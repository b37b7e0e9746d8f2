"""Take a source without ``distribution.yaml`` for what it is, and make a package of it."""

from __future__ import annotations

from hermes_dist.agents.places import MCP, SHARED_FILES, SHARED_FOLDERS
from hermes_dist.decide.neighbours.draft import Draft
from hermes_dist.decide.neighbours.kinds import Neighbour, Taken
from hermes_dist.decide.neighbours.mentions import mentions
from hermes_dist.decide.neighbours.plugin import bring_plugin
from hermes_dist.decide.neighbours.signs import OTHER_MCP, sign_of
from hermes_dist.decide.neighbours.skills import bring_collection
from hermes_dist.decide.ownership import ENV_EXAMPLES
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree

__all__ = ["mentions", "take"]

_OWN = frozenset([*SHARED_FILES, *SHARED_FOLDERS, *ENV_EXAMPLES])


def take(source: Tree, read: Read, called: str, home: str) -> Taken | None:
    """Make a package of a source without a manifest; the same files always give the same package.

    Args:
        source: Its files, none of them ``distribution.yaml`` at the root.
        read: Gives contents by digest.
        called: What the source is called: the name of its folder or repository.
        home: The variable in which the agent has the place of a home.

    Returns:
        The package; None if the source is nothing that is known, or could be several things.

    Raises:
        Invalid: What can come of it can't exist side by side.
    """
    found = sign_of(source, read)
    if found is None:
        return None
    kind, sign, data = found
    draft = Draft(source, read)
    manifest: dict[str, object] = {"name": called}
    if kind is Neighbour.PLUGIN:
        manifest = bring_plugin(draft, data, called, home)
    elif kind is Neighbour.SKILLS:
        bring_collection(draft, called)
    else:
        _bring_profile(draft)
    return draft.done(kind, sign, manifest)


def _bring_profile(draft: Draft) -> None:
    """Bring what the agent itself reads in a home, and nothing else that a repository may hold."""
    for path in draft.paths:
        if path.top in _OWN:
            draft.bring(path, path)
    other = RelPath(OTHER_MCP)
    if other in draft.source and RelPath(MCP) not in draft.source:
        draft.bring(other, MCP)
