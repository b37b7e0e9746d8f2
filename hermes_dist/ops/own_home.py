"""A source that is the home of the very profile that would follow it: what is the user's there would be upstream's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hermes_dist.errors import Invalid
from hermes_dist.model.source import SourceSpec
from hermes_dist.ops.homes import Home


def refuse_own_home(home: Home, sources: Iterable[SourceSpec]) -> None:
    """Make sure that no source is the home itself, as a folder or as a repository in it.

    Files that the user adds there would count as received, and be removed with the package or layer.

    Args:
        home: The home of the profile.
        sources: The sources of its package or layers.

    Raises:
        Invalid: One is; nothing was changed.
    """
    for source in sources:
        if source.folder and Path(source.folder).expanduser().resolve() == home.path.resolve():
            raise Invalid(
                f"that is the home of {home.name} itself: all that is yours there would count as received",
                where=str(source),
                hint="copy what is to be shared to a folder of its own, and name that",
            )
