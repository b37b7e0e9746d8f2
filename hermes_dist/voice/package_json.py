"""JSON of packages in profiles: what was done, what differs, what is open; each has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hermes_dist.agents.places import JOBS
from hermes_dist.lazily import later
from hermes_dist.model.facts import fact_value
from hermes_dist.model.left_out import MISSED
from hermes_dist.voice.inputs.data import answers_data, inputs_data
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.words import CONFLICT_WORDS, UNEDITED_WORDS

with later():  # mostly nothing waits
    from hermes_dist.ops.change.review import groups_of

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.decide.authoring.release_notes import ReleaseNotes
    from hermes_dist.decide.layers.origins import Origin
    from hermes_dist.model.left_out import LeftOut
    from hermes_dist.model.lock import Lock
    from hermes_dist.model.lock_package import LockedPackage
    from hermes_dist.model.plan import Conflict, Effect, Step
    from hermes_dist.model.source import Pin
    from hermes_dist.ops.change.proposal import Outcome, Proposal
    from hermes_dist.ops.change.review import Group
    from hermes_dist.ops.conflicts.sides import Shown, Texts
    from hermes_dist.ops.layers.news import LayerNews
    from hermes_dist.ops.package.approvals import Consents
    from hermes_dist.ops.package.diff import Diff
    from hermes_dist.ops.package.history import Past
    from hermes_dist.ops.package.inspect import Info
    from hermes_dist.ops.package.keep import Kept
    from hermes_dist.ops.package.outdated import Outdated
    from hermes_dist.ops.package.status import Status
    from hermes_dist.ops.package.upkeep import Collected


def pin_data(pin: Pin | None) -> dict[str, Any] | None:
    """A pin; it contains no credentials."""
    if pin is None:
        return None
    return {
        "kind": pin.kind,
        "url": pin.url,
        "subfolder": pin.subfolder,
        "ref": pin.ref,
        "commit": pin.commit,
        "version": pin.version,
        "tree": pin.tree,
    }


def layer_data(package: LockedPackage) -> dict[str, Any]:
    """One package of a profile; ``layer`` is empty for the one at the top."""
    return {
        "name": package.name,
        "layer": package.layer,
        "source": package.source,
        "registry": package.registry,
        "pin": pin_data(package.pin),
        "signer": package.signer,
        "over": list(package.over),
        "only": list(package.only),
    }


def _layers_of(lock: Lock | None) -> list[dict[str, Any]]:
    """The packages that the top of a profile stands on."""
    return [layer_data(one) for one in lock.layers] if lock else []


def conflict_data(conflict: Conflict) -> dict[str, Any]:
    """An open conflict."""
    return {"path": conflict.path, "key": conflict.key, "kind": conflict.kind}


def conflicts_data(
    name: str, found: Iterable[Conflict], kept: Iterable[str], jobs: Mapping[Conflict, str]
) -> dict[str, Any]:
    """The open conflicts of a profile, with the names of their cron jobs, and what is always kept yours."""
    return {
        "profile": name,
        "conflicts": [{**conflict_data(each), "job": jobs.get(each, "")} for each in found],
        "kept": list(kept),
    }


def conflict_shown_data(found: Shown) -> dict[str, Any]:
    """One conflict from all sides."""
    return {
        "profile": found.profile,
        **conflict_data(found.conflict),
        "job": found.sides.job,
        "place": found.conflict.words,
        "says": CONFLICT_WORDS.get(found.conflict.kind, str(found.conflict.kind)),
        "beside": [conflict_data(each) for each in found.beside],
        "both": found.sides.apart is None,
        "value": _values_data(found),
        "text": _texts_data(found.texts),
        "editable": found.unedited is None,
        "why_not": UNEDITED_WORDS[found.unedited] if found.unedited else "",
    }


def _values_data(found: Shown) -> dict[str, Any] | None:
    """The three values of a key, on one line and whole, with the comments written at it; None for a text."""
    if not found.sides.has_values:
        return None
    return {
        "base": found.sides.was,
        "ours": found.sides.yours,
        "theirs": found.sides.theirs,
        "comments": {side: list(lines) for side, lines in found.comments.items()},
        "whole": dict(found.whole),
    }


def _texts_data(texts: Texts | None) -> dict[str, Any] | None:
    """The file on all sides; None if it is no text."""
    if texts is None:
        return None
    return {
        "base": texts.base,
        "ours": texts.ours,
        "theirs": texts.theirs,
        "merged": texts.merged,
        "marked": texts.marked,
    }


Whose = Callable[["Group"], "Origin"]
"""Tells which layers are behind something that could run."""


def effect_data(effect: Effect) -> dict[str, Any]:
    """An effect, by kind, place and content."""
    return {
        "kind": str(effect.kind),
        "path": effect.path,
        "key": effect.key,
        "what": effect.what,
        "facts": [
            {"name": name, "value": value, **_in_words("words", f"{effect.place} {name}", value)}
            for name, value in effect.facts
        ],
        "digest": effect.digest,
    }


def effects_data(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    """Effects that wait together, each with the name of what is approved as one: a server, a job, a setting."""
    if not effects:
        return []
    names = {effect: group.name for group in groups_of(effects) for effect in group.effects}
    return [{**effect_data(effect), "group": names[effect]} for effect in effects]


def _in_words(field: str, place: str, value: str) -> dict[str, str]:
    """A field with what the schedule of a job means, in words; nothing for any other fact."""
    if not (value and place.startswith(f"{JOBS}: ") and place.endswith(" schedule")):
        return {}
    from hermes_dist.decide.placement.timing import schedule_words  # noqa: PLC0415 - few packages have jobs

    return {field: schedule_words(fact_value(value))}


def _parked_data(proposal: Proposal, parked: Sequence[Effect]) -> list[dict[str, Any]]:
    """What needs approval, each with the layers that are behind it."""
    rows = effects_data(parked)
    if not proposal.offer.brought:
        return rows
    from hermes_dist.voice.layers.effects import with_layers  # noqa: PLC0415 - few packages have layers

    return with_layers(proposal, parked, rows)


def groups_data(groups: Iterable[Group], whose: Whose) -> list[dict[str, Any]]:
    """Things that need approval, each with its parts and the layers that are behind it."""
    each = [(group, whose(group)) for group in groups]
    return [
        {
            "name": group.name,
            "kind": str(group.kind),
            "label": group.label,
            "layers": sorted({*origin.layers, *origin.changed}),
            "effects": [effect_data(effect) for effect in group.effects],
        }
        for group, origin in each
    ]


def consents_data(name: str, found: Consents, whose: Whose) -> dict[str, Any]:
    """What needs approval, what is approved, and what is off."""
    approved = [
        {**data, "since": list(each.since)}
        for each, data in zip(
            found.approved, groups_data((each.group for each in found.approved), whose), strict=True
        )
    ]
    off = [{"path": each.path, "key": each.key, "cause": str(each.cause)} for each in found.off]
    return {
        "profile": name,
        "waiting": groups_data(found.waiting, whose),
        "approved": approved,
        "off": off,
        "changed": [
            {
                "place": place,
                "before": before,
                "after": after,
                **_in_words("before_words", place, before),
                **_in_words("after_words", place, after),
            }
            for place, before, after in found.changed
        ],
    }


def consent_shown_data(name: str, groups: Iterable[Group], whose: Whose) -> dict[str, Any]:
    """Everything that some things do."""
    return {"profile": name, "things": groups_data(groups, whose)}


def step_data(step: Step) -> dict[str, Any]:
    """A step: how a path changes."""
    how = "changed"
    if step.before is None:
        how = "added"
    elif step.after is None:
        how = "deleted"
    return {"path": step.path, "how": how}


def outcome_data(outcome: Outcome, restarted: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What an operation did or would do.

    Args:
        outcome: Its outcome.
        restarted: What became of the gateways that were restarted after it.
    """
    proposal = outcome.proposal
    if proposal is None:
        plan, said = _unchanged_data(outcome.lock), outcome.notes
    else:
        plan, said = _proposal_data(proposal, outcome.waiting), (*outcome.notes, *proposal.notes)
    return {
        "verb": outcome.verb,
        "profile": outcome.profile,
        "done": outcome.done,
        "dry_run": outcome.dry_run,
        "generation": outcome.generation,
        **plan,
        "written_env": list(outcome.variables),
        "skipped": list(outcome.skipped),
        "alias": outcome.alias,
        "restart": list(outcome.restart),
        "restarted": list(restarted),
        "notes": list(sentences(said)),
    }


def _proposal_data(proposal: Proposal, waiting: Sequence[Effect]) -> dict[str, Any]:
    """The part of an outcome that says what changes."""
    return {
        "pin": pin_data(proposal.pin),
        "before": pin_data(proposal.before),
        "steps": [step_data(step) for step in proposal.steps],
        "conflicts": [conflict_data(conflict) for conflict in proposal.plan.conflicts],
        "parked": _parked_data(proposal, waiting),
        "left_out": left_out_data(proposal.offer.left_out),
        "missed": _missed_data(proposal.offer.missed),
        "included": _included_data(proposal.lock),
        "layers": _layers_of(proposal.lock),
        "missing_env": [wanted.var.name for wanted in proposal.wanted if wanted.missing],
        "new_env": [wanted.var.name for wanted in proposal.wanted if wanted.new],
        "inputs": answers_data(proposal.lock),
        "asks": inputs_data(proposal.offer.asks),
        "release_notes": _news_data(proposal.offer.news),
    }


def _news_data(news: ReleaseNotes | None) -> dict[str, str] | None:
    """Release notes: where they are from, and their text."""
    if news is None:
        return None
    return {"from": news.where, "text": "\n".join(news.lines)}


def _unchanged_data(lock: Lock | None) -> dict[str, Any]:
    """The same part where nothing was proposed: what the lock says."""
    # The schema requires every key, so that a program need not ask first whether something changed.
    conflicts: tuple[Conflict, ...] = ()
    parked: tuple[Effect, ...] = ()
    pin: Pin | None = None
    if lock is not None:
        conflicts, parked, pin = lock.conflicts, lock.parked, lock.pin
    return {
        "pin": pin_data(pin),
        "before": None,
        "steps": [],
        "conflicts": [conflict_data(conflict) for conflict in conflicts],
        "parked": effects_data(parked),
        "left_out": [],
        "missed": _missed_data({}),
        "included": _included_data(lock),
        "layers": _layers_of(lock),
        "missing_env": [],
        "new_env": [],
        "inputs": answers_data(lock),
        "asks": [],
        "release_notes": None,
    }


def left_out_data(left: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """What is left out, and why."""
    return [
        {"path": one.path, "why": why_words(one), "files": one.files, "skills": one.skills}
        for one in left
    ]


def _missed_data(missed: Mapping[str, int]) -> dict[str, int]:
    """How many parts of each kind nobody names."""
    return {f"{kind}s": missed.get(kind, 0) for kind in MISSED}


def _included_data(lock: Lock | None) -> list[str]:
    return list(lock.top.included) if lock else []


def _is_partial(lock: Lock | None) -> bool:
    """Whether parts of the version that the lock names were left out."""
    return lock is not None and not lock.whole


def _kept_of(lock: Lock | None) -> list[str]:
    return sorted(lock.kept) if lock else []


def _demands(lock: Lock | None) -> str:
    """What has to be signed; empty for no choice."""
    if lock is None or lock.demands is None:
        return ""
    return str(lock.demands)


def status_data(status: Status) -> dict[str, Any]:
    """The status of a home."""
    keys, lock = dict(status.keys), status.lock
    pin, held = None, ""
    if lock is not None:
        pin, held = lock.pin, lock.held
    return {
        "profile": status.profile,
        "managed": lock is not None,
        "clean": status.clean,
        "pin": pin_data(pin),
        "edited": [
            {
                "path": c.path,
                "how": str(c.how),
                "was": c.was or "",
                "keys": [k.key for k in keys.get(c.path, ())],
            }
            for c in status.edited
        ],
        "unread": [odd.path for odd in status.unread],
        "own": list(status.own),
        "own_units": [{"path": u.path, "key": u.key, "name": u.name} for u in status.units],
        # Not conflict_data: programs rely on exactly these two keys in `status --json`.
        "conflicts": [{"path": c.path, "key": c.key} for c in status.conflicts],
        "jobs": _jobs_data(status.jobs),
        "parked": effects_data(status.parked),
        "missing_env": [w.var.name for w in status.missing],
        "held": held,
        "synced": status.synced,
        "kept": _kept_of(lock),
        "included": _included_data(lock),
        "partial": _is_partial(lock),
        "demands": _demands(lock),
        "links": [{"path": path, "target": target} for path, target in status.links],
        "notes": list(sentences(status.notes)),
    }


def _jobs_data(jobs: Iterable[tuple[Conflict, str]]) -> list[dict[str, Any]]:
    return [{"path": each.path, "key": each.key, "name": name} for each, name in jobs]


def kept_data(found: Kept, *, done: bool) -> dict[str, Any]:
    """What a profile keeps, and what a command changed of it."""
    return {
        "profile": found.profile,
        "kept": list(found.kept),
        "added": list(found.added),
        "removed": list(found.removed),
        "settled": found.settled,
        "done": done,
    }


def diff_data(found: Diff) -> dict[str, Any]:
    """Differences by file and key."""
    return {
        "files": [
            {
                "path": d.change.path,
                "how": str(d.change.how),
                "was": d.change.was or "",
                "diff": "".join(f"{line}\n" for line in d.lines),
                "added": d.added,
                "removed": d.removed,
                "keys": [{"key": k.key, "before": k.before, "after": k.after} for k in d.keys],
            }
            for d in found.files
        ],
        "unread": [odd.path for odd in found.unread],
    }


def info_data(info: Info) -> dict[str, Any]:
    """A package."""
    manifest, lock = info.manifest, info.lock
    pin, source, signer = None, "", ""
    if lock is not None:
        pin, source, signer = lock.pin, lock.source, lock.signer
    fields = (
        "name",
        "version",
        "description",
        "hermes_requires",
        "author",
        "license",
        "homepage",
        "repository",
    )
    return {
        "profile": info.profile,
        "path": info.path,
        **{f: getattr(manifest, f, "") for f in fields},
        "parts": dict(info.parts),
        "partial": _is_partial(lock),
        "included": _included_data(lock),
        "missed": _missed_data(info.missed),
        "layers": _layers_of(lock),
        "pin": pin_data(pin),
        "source": source,
        "taken": lock.top.taken.partition("/")[0] if lock else "",
        "signer": signer,
        "demands": _demands(lock),
        "env": [
            {
                "name": w.var.name,
                "description": w.var.description,
                "required": w.var.required,
                "set": bool(w.found),
            }
            for w in info.wanted
        ],
        "inputs": inputs_data(info.inputs),
    }


def outdated_data(rows: list[Outdated]) -> dict[str, Any]:
    """What a profile's source has that is new."""
    return {
        "profiles": [
            {
                "profile": r.profile,
                "state": r.state,
                "here": r.here,
                "there": r.there,
                "version": r.version,
                "follows": r.follows,
                "newer": list(r.newer),
                "beyond": r.beyond,
                "back": r.back,
                "in_range": r.in_range,
                "latest": r.latest,
                "held": r.held,
                "layers": [_layer_news_data(n) for n in r.layers],
                "yanked": r.yanked,
                "deprecated": r.deprecated,
                "refused": r.refused,
                "next": r.next,
                "error": str(r.error or ""),
            }
            for r in rows
        ]
    }


def _layer_news_data(news: LayerNews) -> dict[str, Any]:
    return {
        "name": news.name,
        "here": news.here,
        "there": news.there,
        "kept_back": news.kept_back,
        "kept_back_by": [
            {"by": one.by, "field": one.field, "asks": one.asks, "range": one.range}
            for one in news.keepers
        ],
    }


def generation_data(row: Past) -> dict[str, Any]:
    """A generation in the history of a profile."""
    conflicts, pin, held = 0, None, ""
    if row.brief is not None:
        conflicts, pin, held = row.brief.conflicts, row.brief.pin, row.brief.held
    return {
        "number": row.number,
        "verb": row.verb,
        "back_to": row.back_to,
        "when": int(row.when),
        "pin": pin_data(pin),
        "steps": [step_data(step) for step in row.steps],
        "conflicts": conflicts,
        "held": held,
    }


def history_data(name: str, rows: Iterable[Past]) -> dict[str, Any]:
    """The changes of a profile, oldest first, without the state that they start with."""
    return {
        "profile": name,
        "generations": [generation_data(row) for row in rows if row.generation],
    }


def hold_data(outcome: Outcome) -> dict[str, Any]:
    """Whether a profile is held now, and whether that is new."""
    lock = outcome.proposal.lock if outcome.proposal else outcome.lock
    return {
        "profile": outcome.profile,
        "held": lock.held if lock else "",
        "done": outcome.done,
    }


def collected_data(done: Collected, *, dry_run: bool) -> dict[str, Any]:
    """What was cleared away."""
    return {
        "blobs": done.blobs,
        "bytes": done.size,
        "repositories": done.caches,
        "generations": done.generations,
        "joined": done.joined,
        "into": done.into,
        "damaged": done.damaged,
        "rescued": done.rescued,
        "lost": done.lost,
        "dry_run": dry_run,
        "notes": list(sentences(done.notes)),
    }
