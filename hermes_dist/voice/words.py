"""Words for values that cards and lines share."""

from __future__ import annotations

from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_head import Demand
from hermes_dist.model.plan import ConflictKind, EffectKind
from hermes_dist.model.side import Apart
from hermes_dist.ops.own_source import is_own
from hermes_dist.voice.clean import clean_value

EFFECT_VERBS = {
    EffectKind.RUNS: "runs",
    EffectKind.SCHEDULES: "schedules",
    EffectKind.WANTS: "wants",
    EffectKind.LOOSENS: "loosens",
    EffectKind.HIDES: "hides",
}
"""What an effect does, as the first word of its line on a card; the kinds themselves are in order of weight."""


CONFLICT_WORDS = {
    ConflictKind.EDIT_EDIT: "both changed it",
    ConflictKind.EDIT_DELETE: "you changed it · upstream deleted it",
    ConflictKind.DELETE_EDIT: "you deleted it · upstream changed it",
    ConflictKind.ADD_ADD: "both added it",
    ConflictKind.ADD_DELETE: "you added to it · upstream deleted it",
    ConflictKind.DELETE_ADD: "you deleted it · upstream added to it",
    ConflictKind.FILE_FOLDER: "a file on one side, a folder on the other",
}
"""What both sides did, for people; the lockfile and JSON have the kind itself."""


APART_WORDS = {
    Apart.VALUE: "it is a single value",
    Apart.UNREADABLE: "the file here can't be read; mend it first",
    Apart.UPSTREAM_UNREADABLE: "the file upstream can't be read",
    Apart.NO_TEXT: "it is not a text",
    Apart.WHOLE: "it can only be taken whole",
    Apart.FOLDER: "it is a file on one side, a folder on the other",
}
"""Why both sides of a conflict can't be taken."""


UNEDITED_WORDS = {
    "no text": "it is not a text in UTF-8, so only a side can be taken",
    "secrets": (
        "it holds secrets that are not shown here, so take a side, or edit it on a terminal with `resolve --edit`"
    ),
}
"""Why a conflict can't be edited from what is shown, by :class:`hermes_dist.ops.conflicts.sides.Unedited`."""


DRY_RUN = "Dry run: nothing was changed."
"""The last line of every dry run that would change something."""


LAYERING = {"layer add": "Put a layer under", "layer remove": "Take a layer out from under"}
"""The verbs that change what a profile stands on, as the title of a preview."""


def size_of(count: int) -> str:
    """Format a number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    value = count / 1000
    for unit in ("KB", "MB"):
        if value < 1000:
            return f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


_DEMANDS = {
    Demand.COMMITS: "a signature on every update",
    Demand.RELEASES: "a signature on releases (tags), and none on the commits of a branch",
    Demand.NONE: "no signature",
}


def demand_words(demands: Demand | None, signer: str) -> str:
    """What a profile demands to be signed, as the end of a sentence."""
    if demands is not None:
        return _DEMANDS[demands]
    if signer:
        return "a signature on every update, because an earlier one was signed"
    return "no signature until a release is signed"


def looser_words(before: Demand | None, after: Demand, signer: str) -> str:
    """What a looser choice accepts from now on."""
    whose = "whoever can write to the branch"
    if after is Demand.NONE:
        whose = "whoever can write to the source"
    return (
        f"this profile demands {demand_words(before, signer)}. From now on it would demand {_DEMANDS[after]}: "
        f"{whose} could send an update under its author's name"
    )


def package_words(lock: Lock) -> str:
    """Name what a lock holds: the package with its version, or the layers that the user put under a profile."""
    if not is_own(lock.source):
        return f"{lock.name} {lock.pin.label}"
    layers = [f"{one.name} {one.pin.version}".strip() for one in lock.layers]
    return f"{lock.name} with {', '.join(layers)}" if layers else f"{lock.name} without layers"


def untouched_words(lock: Lock) -> str:
    """Say that nothing in a profile differs from what it received."""
    if not is_own(lock.source):
        return "as its author ships it"
    return "as its layers ship it" if lock.layers else "it has no layers any more"


def job_words(name: str) -> str:
    """What is said after the place of something in a cron job; nothing without a name."""
    return f" (job {clean_value(name, 60)})" if name else ""
