"""What a fetched package asks for below it, by its manifest."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from hermes_dist.decide.layers.wanted import Wanted, wanted_by
from hermes_dist.errors import DistError, Invalid, quoted
from hermes_dist.model.registry import is_near
from hermes_dist.model.source import SourceKind, SourceSpec
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.look_up import absolute


def asked_for(fetched: Fetched) -> Wanted:
    """Read what a fetched package asks for, with each source in full.

    Raises:
        Invalid: A field about layers is not what it should be.
    """
    spec = fetched.target.spec
    # An archive lies on this machine, but somebody else may have made it.
    local = spec.kind is SourceKind.FOLDER or (spec.kind is SourceKind.GIT and is_near(spec))
    try:
        return wanted_by(fetched.manifest, local=local, locate=partial(_in_full, spec))
    except DistError as err:
        raise err.within(fetched.manifest.name) from None


def _in_full(package: SourceSpec, layer: SourceSpec) -> SourceSpec:
    """Give the source of a layer in full: a path begins at the manifest, wherever the command is run.

    Raises:
        Invalid: It is a path, and where the package lies is not known.
    """
    if not layer.begins_here:
        return absolute(layer)
    folder = package.folder
    if not folder:
        raise Invalid(
            f"{quoted(layer.location, 200)} can't be a layer: a path begins at the folder of its package, and this one "
            "came from a server",
            hint="its author has to name a folder of the same repository, such as //base, or another repository",
        )
    return absolute(layer._replace(location=str(Path(folder) / layer.location)))
