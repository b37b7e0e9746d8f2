"""Say which links of a home are followed: a file behind such a link is read, merged and replaced at its target."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.agents.places import PROFILES
from hermes_dist.decide.near import offered
from hermes_dist.errors import DistError
from hermes_dist.model.left_out import ASKABLE, Link
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.links import RECORD, Linked, Links, agreed_in, agreed_text
from hermes_dist.world.disk.locks import home_lock


def follow(ctx: Context, name: ProfileName, path: str) -> Link:
    """Have a link in a home followed from now on, as long as it leads where it leads now.

    Args:
        ctx: The context.
        name: The profile.
        path: The link, as a path in the home.

    Returns:
        The link; without ``agreed`` it is one that works without a word.

    Raises:
        Linked: It can't be followed; the error says why.
        DistError: There is no link, or another one leads to the same file.
    """
    home = open_home(ctx, name)
    with home_lock(home.path):
        at = _path_in(home.path, path)
        links = Links(home.path)
        link = _link_at(ctx, links, at)
        twin = next((p for p, t in links.agreed.items() if t == link.target and p != at), None)
        if twin is not None:
            raise DistError(
                f"another link leads to the same file, and is followed: {twin}",
                where=at,
                hint=f"remove one of them, or run: {ctx.command(f'unfollow {name} {twin}')}",
            )
        if link.why is None:
            return link
        _write(home.path, {**links.agreed, at: link.target})
        return link._replace(why=None, agreed=link.target)


def _link_at(ctx: Context, links: Links, at: RelPath) -> Link:
    """Return a link that is followed, or can be.

    Raises:
        DistError: There is none.
    """
    if at.top == PROFILES and len(at.parts) > 1:
        raise DistError(
            "it is in the home of another profile",
            where=at,
            hint=f"name that profile: {ctx.command(f'follow {at.parts[1]} PATH')}",
        )
    link = links.at(at)
    if link is None:
        raise _no_link(links.home, at)
    if link.why is not None and link.why not in ASKABLE:
        raise Linked(links.home, link)
    return link


def unfollow(ctx: Context, name: ProfileName, path: str) -> Link:
    """Follow a link no more; the link and what it leads to stay.

    Returns:
        The link, with the target that was agreed to.

    Raises:
        DistError: It is not among those that are followed.
    """
    home = open_home(ctx, name)
    with home_lock(home.path):
        at = _path_in(home.path, path)
        agreed = dict(agreed_in(home.path))
        target = agreed.pop(at, "")
        if not target:
            raise DistError(
                "it is not among the links that you said to follow",
                where=at,
                hint=offered(at, sorted(agreed), "these are followed"),
            )
        _write(home.path, agreed)
    return Link(at, target, agreed=target)


def _write(home: Path, agreed: dict[str, str]) -> None:
    atomic_write(home / RECORD, agreed_text(home, agreed), 0o600)


def _path_in(home: Path, path: str) -> RelPath:
    """A path in a home, also if it was given from ``/`` on."""
    given = os.path.expanduser(path)
    if os.path.isabs(given):
        given = os.path.relpath(given, home)
    if given == ".." or given.startswith("../"):
        raise DistError("it is not in this home", where=path, hint=f"name a path in {home}")
    return RelPath(given.rstrip("/"))


def _no_link(home: Path, path: RelPath) -> DistError:
    if os.path.lexists(home / path):
        return DistError("it is not a link, so there is nothing to follow", where=path)
    return DistError("there is nothing of that name in the home", where=path, hint="check the path")
