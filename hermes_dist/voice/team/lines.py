"""The words for the steps of ``apply``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from hermes_dist.decide.team.plan import ActionKind
from hermes_dist.decide.trash import TRASH_DAYS
from hermes_dist.errors import counted
from hermes_dist.model.keypath import place_words
from hermes_dist.ops.change.review import groups_of
from hermes_dist.voice.clean import clean
from hermes_dist.voice.words import size_of

if TYPE_CHECKING:
    from hermes_dist.decide.team.plan import Action
    from hermes_dist.model.trust import Policy
    from hermes_dist.ops.team.apply import Step
    from hermes_dist.ops.team.bundle import Made


def step_words(step: Step) -> str:
    """What a step does, and what comes of it as far as that is known."""
    words = _WORDS[step.action.kind](step.action)
    proposal = step.outcome.proposal if step.outcome else None
    if step.action.answers:
        words += f", and answer {', '.join(map(clean, step.action.answers))}"
    if proposal is None:
        return words
    facts = [counted(len(proposal.steps), "file")]
    parked = set(proposal.plan.parked)
    if granted := groups_of(one for one in proposal.plan.effects if one not in parked):
        facts.append(f"{len(granted)} approved by the file")
    if waiting := groups_of(proposal.plan.parked):
        facts.append(f"{len(waiting)} to approve")
    if proposal.plan.conflicts:
        facts.append(counted(len(proposal.plan.conflicts), "conflict"))
    return f"{words} ({', '.join(facts)})"


def bundle_words(made: Made) -> str:
    """What a bundle holds, and by which digest to compare it."""
    repositories = "repository" if len(made.repositories) == 1 else "repositories"
    facts = [f"{len(made.repositories)} {repositories}"]
    if made.folders:
        facts.append(counted(len(made.folders), "folder"))
    if made.names:
        facts.append(counted(len(made.names), "name"))
    return (
        f"{clean(made.path)} holds {', '.join(facts)} ({size_of(made.size)}), SHA-256 {made.digest}"
    )


def _all(action: Action) -> str:
    return ", ".join(clean(place_words(one)) for one in action.things)


def _update(action: Action) -> str:
    return f"update, and include {_all(action)}" if action.things else "update"


def _layers(action: Action) -> str:
    said = [f"put {clean(one)} under it" for one in action.things]
    said += [f"take {clean(one)} out" for one in action.gone if one not in action.things]
    return "; ".join(said)


def _key(action: Action) -> str:
    name, fingerprint = action.things
    return clean(f"the key {fingerprint} ({name})" if name else f"the key {fingerprint}")


def _policy(action: Action) -> str:
    """What a policy demands from now on, so that nobody says yes to one unseen."""
    rules = "; ".join(_rules(action.policy)) if action.policy else ""
    name, rules = action.things[0], rules or "no rule"
    if action.gone:
        return clean(f"replace the policy {name} by: {rules}")
    return clean(f"put the policy {name} into force: {rules}")


def _rules(policy: Policy) -> Iterator[str]:
    if policy.sources is not None:
        yield f"sources {', '.join(policy.sources) or 'none'}"
    if policy.require:
        yield f"require {', '.join(sorted(policy.require))}"
    for verb, keys in (("trust", policy.keyring.trusted), ("revoke", policy.keyring.revoked)):
        if keys:
            yield f"{verb} {', '.join(one.name or one.fingerprint for one in keys)}"


def _trash(action: Action) -> str:
    words = f"move to the trash, for {TRASH_DAYS} days"
    if action.running:
        words = f"stop its gateway, and {words}"
    if action.expired:
        words += f", and erase {counted(action.expired, 'older profile')} there for good"
    return words


def _route(action: Action) -> str:
    route = action.route
    if route is None:
        return "add a route"
    ids = {
        "guild": route.guild,
        "channel": route.channel,
        "thread": route.thread,
        "user": route.user,
        "to the bot of": route.bot,
    }
    words = " ".join(f"{key} {value}" for key, value in ids.items() if value)
    return clean(f"answer in {route.platform} {words or 'everywhere'}")


_WORDS: Mapping[ActionKind, Callable[[Action], str]] = {
    ActionKind.REVOKE: lambda a: f"refuse {_key(a)} from now on",
    ActionKind.TRUST: lambda a: f"trust {_key(a)}",
    ActionKind.POLICY: _policy,
    ActionKind.REGISTRY: lambda a: f"add the registry {clean(a.things[0])}, {clean(a.things[-1])}",
    ActionKind.CREATE: lambda _: "create, blank",
    ActionKind.INSTALL: lambda a: f"install {_all(a)}",
    ActionKind.FOLLOW: lambda a: f"follow {_all(a)}",
    ActionKind.UPDATE: _update,
    ActionKind.LAYERS: _layers,
    ActionKind.KEEP: lambda a: f"keep {_all(a)} as it is",
    ActionKind.HOLD: lambda _: "hold: updates skip it",
    ActionKind.UNHOLD: lambda _: "release: updates reach it again",
    ActionKind.APPROVE: lambda a: f"approve {_all(a)}",
    ActionKind.VARIABLES: lambda a: f"set {_all(a)}",
    ActionKind.ALIAS: lambda a: f"make the command {_all(a)}",
    ActionKind.ROUTE: _route,
    ActionKind.STOP: lambda _: "stop its gateway",
    ActionKind.GATEWAY: lambda _: "start its gateway",
    ActionKind.TRASH: _trash,
}
