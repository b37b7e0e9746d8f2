"""The permission bits of new files, and whether those of existing files are as the plan saw them."""

from __future__ import annotations

from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Entry
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
    return _derived(found & 0o777, before=step.before.executable, executable=executable), True


def is_as(fs: Fs, step: Step, found: Entry | None) -> bool:
    """Whether what is at the path of a step is what the plan saw; its mode counts only where the disk keeps modes."""
    before = step.before
    if found is None or before is None or found.digest != before.digest:
        return found is before
    return has_mode_of(fs, step, found)


def has_mode_of(fs: Fs, step: Step, found: Entry) -> bool:
    """Whether a file is executable as the one that the plan saw, as far as the disk can tell."""
    before = step.before
    return (
        before is None or found.executable == before.executable or not fs.kept(step.path).executable
    )


def shows_nothing(fs: Fs, step: Step) -> bool:
    """Whether a step changes a mode alone, on a disk that keeps none: before and after are the same file there."""
    before, after = step.before, step.after
    if before is None or after is None or before.digest != after.digest:
        return False
    return not fs.kept(step.path).executable


def fit_mode(fs: Fs, path: str, step: Step, displaced: int | None) -> None:
    """Give a new file the permission bits that the file it replaces has at the moment of the exchange.

    They may have changed since the new file was staged: a file that somebody made private must not become readable.

    Args:
        fs: The home.
        path: Where the new file is now.
        step: What is being done.
        displaced: The permission bits of the file it replaces; None if that is gone.
    """
    staged = fs.mode(path)
    if displaced is None or staged is None or step.before is None or step.after is None:
        return
    staged, displaced = staged & 0o777, displaced & 0o777
    if step.before.executable == step.after.executable:
        want = displaced
    else:
        # The executable bits are the plan's, and going back has to give the very bits that were there before.
        want = staged & (displaced | 0o111)
    if want != staged:
        fs.set_mode(path, want)


def _derived(found: int, *, before: bool, executable: bool) -> int:
    """Permission bits like those found, with the executable bits that the plan wants."""
    if executable == before:
        return found
    if not executable:
        return found & ~0o111
    # Who may read it may run it, and nobody else: a private file must not become one that others may start.
    return found | (found & 0o444) >> 2
