"""What a fetched package asks for below it, by its manifest."""

from __future__ import annotations

from hermes_dist.decide.layers.wanted import Wanted, wanted_by
from hermes_dist.errors import DistError
from hermes_dist.model.registry import is_near
from hermes_dist.model.source import SourceKind
from hermes_dist.ops.change.fetch import Fetched


def asked_for(fetched: Fetched) -> Wanted:
    """Read what a fetched package asks for.

    Raises:
        Invalid: A field about layers is not what it should be.
    """
    spec = fetched.target.spec
    # An archive lies on this machine, but somebody else may have made it.
    local = spec.kind is SourceKind.FOLDER or (spec.kind is SourceKind.GIT and is_near(spec))
    try:
        return wanted_by(fetched.manifest, local=local)
    except DistError as err:
        raise err.within(fetched.manifest.name) from None
