"""The contents of a home, counted for ``show``."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.agents.places import ENV, SOUL
from hermes_dist.brand import LOCKFILE
from hermes_dist.light import NamedTuple
from hermes_dist.model.lock_head import load_head
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.links import agreed_in
from hermes_dist.world.files import read_file


class Contents(NamedTuple):
    """The contents of a home: skills, whether it has keys and a personality of its own, inclusions, followed links."""

    skills: int
    env: bool
    soul: bool
    included: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def contents(ctx: Context, name: ProfileName) -> Contents:
    """Find what a home contains."""
    home = ctx.layout.home(name)
    folder = home / "skills"
    found = [*folder.glob("*/SKILL.md"), *folder.glob("*/*/SKILL.md")]
    skills = [path for path in found if not _is_hidden(path.relative_to(home))]
    return Contents(
        len(skills),
        (home / ENV).exists(),
        (home / SOUL).exists(),
        _included(home / LOCKFILE),
        tuple(sorted(agreed_in(home).items())),
    )


def _included(lockfile: Path) -> tuple[str, ...]:
    """What the user takes along without the list of the package's author."""
    try:
        head = load_head(read_file(lockfile))
    except OSError:
        return ()
    return head.included if head else ()


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
