"""The permission bits of new files."""

from __future__ import annotations

from hermes_dist.model.plan import Step
from hermes_dist.world.ports import Fs


def mode_of_new(fs: Fs, step: Step) -> tuple[int, bool]:
    """Return the permission bits of a new file: those of the file it replaces, except for the executable bits.

    Returns:
        The bits, and whether they apply exactly; otherwise the umask reduces them.
    """
    executable = step.after is not None and step.after.executable
    found = None
    if step.before is not None:
        found = fs.mode(step.path)
    if step.before is None or found is None:
        return (0o755 if executable else 0o644), False
    found &= 0o777
    if executable == step.before.executable:
        return found, True
    if not executable:
        return found & ~0o111, True
    # Who may read it may run it, and nobody else: a private file must not become one that others may start.
    return found | (found & 0o444) >> 2, True
