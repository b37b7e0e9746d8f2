"""Look at a whole profile for ``status``; only loaded if it may have changed since it was last looked at."""

from __future__ import annotations

from hermes_dist.cli.shared.session import Session
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.keep_status import keep
from hermes_dist.ops.package.status import look
from hermes_dist.voice.status.standing import Standing
from hermes_dist.voice.status.tell import standing_of


def look_anew(session: Session, name: ProfileName, *, is_named: bool) -> Standing:
    """Look at a profile, and keep what there is to say.

    Args:
        session: The run.
        name: The profile.
        is_named: The user named it.

    Raises:
        DistError: The home or its lock can't be read.
    """
    seen = look(session.ctx, name)
    found = standing_of(seen.status, session.screen.longest_value())
    keep(session.ctx, seen, found.as_json())
    if seen.status.lock is None and not is_named and _has_packages(session):
        # The active profile has no package but others have: say how to see those.
        return found._replace(leads=("profiles with a package", "status --all"))
    return found


def _has_packages(session: Session) -> bool:
    layout = session.ctx.layout
    return any(layout.lockfile(name).exists() for name in session.ctx.names())
