"""``apply``: bring a machine to what the file of a team says, through the verbs that there are.

Each step is one that a user could type, and each is carried out completely or not at all. So a run that is killed
leaves a machine that is partly as the file says, and the next run does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.fleet.routes import Where
from hermes_dist.decide.layers.wanted import Dependency, source_of_layer
from hermes_dist.decide.team.file import MAX_BYTES, load_team
from hermes_dist.decide.team.plan import Action, ActionKind, Have, actions_for, missing_variables
from hermes_dist.decide.team.wanted import Team, WantedLayer, WantedProfile, is_reference
from hermes_dist.errors import AnswerNeeded, DistError, ExitCode, worst
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.proposal import Outcome, Proposal, plan_digest
from hermes_dist.ops.change.request import Naming, Request
from hermes_dist.ops.change.variables import refuse_unwritable
from hermes_dist.ops.change.variables import write as write_variables
from hermes_dist.ops.choices import Answering, Choices
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet import routes, start_stop
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.layers import own
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.package.install import install
from hermes_dist.ops.package.keep import keep
from hermes_dist.ops.package.resolve import approve, to_approve
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles import aliases, lifecycle, profile_moves
from hermes_dist.ops.profiles.trash_and_archive import put_away
from hermes_dist.ops.registry import registries
from hermes_dist.ops.sync.waiting import waiting_in
from hermes_dist.ops.team import trust
from hermes_dist.ops.team.have import gather, is_name
from hermes_dist.ops.team.values import Answers
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.locks import flock
from hermes_dist.world.sources.nearby import no_file

PATIENCE = 20.0
"""How many seconds to wait for another ``apply``."""


class Options(Struct, frozen=True, kw_only=True):
    """The options of ``apply``.

    Attributes:
        prune: Move the profiles that the file does not name into the trash.
        set_again: Look up the variables and inputs that have a reference, although they are set, and set what differs.
        updates: Bring what is new in the sources; else what is installed stays at its version.
        request: What all changes of homes share, such as exceptions to the rules about signatures.
    """

    prune: bool = False
    set_again: bool = False
    updates: bool = True
    request: Request = field(default_factory=Request)


_ENDS_GATEWAYS = frozenset({ActionKind.GATEWAY, ActionKind.STOP, ActionKind.TRASH})


class State(StrEnum):
    """How far a step is."""

    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Step(Struct, frozen=True, kw_only=True):
    """An action, and what became of it.

    Attributes:
        action: The action.
        state: How far it is.
        outcome: For a change of a home: what it would do, or did.
        error: Why it failed.
        notes: What else to say about it.
    """

    action: Action
    state: State = State.PLANNED
    outcome: Outcome | None = None
    error: DistError | None = None
    notes: tuple[Note, ...] = ()


class Planned(Struct, frozen=True, kw_only=True):
    """What would be done.

    Attributes:
        team: The file.
        folder: The folder that the file is in.
        steps: The steps, in order; those that can't be done have failed already.
        troubles: Why a profile can't be looked at.
        missing: The variables that somebody has to set by hand, as pairs of profile and name.
        answers: The answers to inputs that were looked up for it.
    """

    team: Team
    folder: Path
    steps: tuple[Step, ...]
    troubles: Mapping[str, DistError] = field(default_factory=dict)
    missing: tuple[tuple[str, str], ...] = ()
    answers: Answers | None = None

    @property
    def to_do(self) -> tuple[Step, ...]:
        """The steps that can be carried out."""
        return tuple(step for step in self.steps if step.state is State.PLANNED)

    @property
    def behind(self) -> tuple[ProfileName, ...]:
        """The profiles whose running gateways work with what was there before, until they are restarted."""
        named = (name for step in self.steps if step.outcome for name in step.outcome.restart)
        anew = {
            step.action.profile
            for step in self.steps
            if step.state is State.DONE and step.action.kind in _ENDS_GATEWAYS
        }
        return tuple(name for name in dict.fromkeys(named) if name not in anew)

    @property
    def code(self) -> ExitCode:
        """The worst of what failed."""
        codes = [error.code for error in self.troubles.values()]
        return worst([*codes, *(step.error.code for step in self.steps if step.error)])


@contextmanager
def alone(ctx: Context) -> Iterator[None]:
    """Let no other ``apply`` run on this machine; the kernel ends that with the process.

    Raises:
        Busy: Another one runs, and did not end soon.
    """
    with flock(ctx.layout.shared / "apply.lock", timeout=PATIENCE, held="another apply is running"):
        if profile_moves.journal(ctx).exists():
            # A profile was moved away, and what leads to it was not: to take the locks finishes that.
            with profile_moves.all_homes_locked(ctx):
                pass
        yield


def read_team(path: Path, *, allow_insecure: bool = False) -> Team:
    """Read the file of a team.

    Args:
        path: The file.
        allow_insecure: Whether ``http://`` and ``git://`` may leave this machine.

    Raises:
        DistError: It can't be read, or breaks a rule.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as err:
        raise no_file(path) from err
    except OSError as err:
        raise trouble(err, "the file can't be read", where=str(path)) from err
    folder = str(path.resolve().parent)
    return load_team(data, str(path), folder, allow_insecure=allow_insecure)


def prepare(ctx: Context, path: Path, options: Options) -> Planned:
    """Compare the file with the machine, and try what it takes; nothing is changed.

    Raises:
        DistError: The file can't be read, or the machine's registries, routes, keys or policies can't.
    """
    team = read_team(path, allow_insecure=ctx.allow_insecure)
    folder = path.resolve().parent
    answers = Answers(ctx, folder)
    again = answers if options.set_again else None
    have = gather(ctx, team, updates=options.updates, again=again)
    actions = actions_for(team, have, prune=options.prune, again=options.set_again)
    trusting = (one for one in actions if one.kind in _TRUST)
    with trust.foreseen(ctx, path.resolve(), trusting) as (there, failed):
        run = _Run(there, team, options, answers)
        steps = tuple(run.foreseen(actions, have, failed))
    return Planned(
        team=team,
        folder=folder,
        steps=steps,
        troubles=have.troubles,
        missing=missing_variables(team, have),
        answers=answers,
    )


def carry_out(
    ctx: Context, planned: Planned, options: Options, told: Callable[[Step], None]
) -> Planned:
    """Carry out what was shown; what fails for one profile does not stop the others.

    Args:
        ctx: The context.
        planned: What was shown.
        options: The options that it was made with.
        told: Called with each step that was carried out, or could not be.

    Returns:
        The same, with what became of each step.
    """
    answers = planned.answers or Answers(ctx, planned.folder)
    run = _Run(ctx, planned.team, options, answers)
    return replace(planned, steps=tuple(run.done(planned.steps, told)))


class _Run:
    """Tries and carries out steps."""

    def __init__(self, ctx: Context, team: Team, options: Options, answers: Answers) -> None:
        self._ctx, self._team, self._options = ctx, team, options
        self._answers = answers

    def foreseen(
        self, actions: tuple[Action, ...], have: Have, refused: Mapping[Action, DistError]
    ) -> Iterator[Step]:
        """The steps, without those that turn out to do nothing, and with the reason of those that can't be done."""
        failed: set[str] = set()
        changed: set[str] = set()
        registering = any(action.kind is ActionKind.REGISTRY for action in actions)
        for action in actions:
            if action in refused:
                step = Step(action=action, state=State.FAILED, error=refused[action])
            elif action.profile in failed:
                step = Step(action=action, state=State.SKIPPED)
            else:
                after = action.profile in changed
                step = self._tried(action, have, registering=registering, after=after)
            if step.state is State.FAILED and action.profile:
                failed.add(action.profile)
            if _does_nothing(step) and not self._brings_secrets(action):
                continue
            if action.kind in _PROPOSED:
                changed.add(action.profile)
            yield step

    def _tried(self, action: Action, have: Have, *, registering: bool, after: bool) -> Step:
        """A step as far as it can be foreseen: on top of another change of the home, only once that is there."""
        if action.kind is ActionKind.ALIAS:
            return self._foresee_alias(action)
        if after or not self._is_foreseeable(action, have, registering=registering):
            return Step(action=action)
        return self._foresee(action)

    def _is_foreseeable(self, action: Action, have: Have, *, registering: bool) -> bool:
        """Whether a change can be tried now: not before the profile, or the registry of its name, is there."""
        if action.kind not in _PROPOSED:
            return False
        releasing = self._want(action).held is False
        if action.kind is ActionKind.UPDATE and releasing and have.profiles[action.profile].held:
            return False  # it is released first
        return not (registering and any(map(is_name, action.things)))

    def _foresee(self, action: Action) -> Step:
        try:
            request = replace(self._request(action), dry_run=True)
            outcome = _PROPOSED[action.kind](self, action, request)
        except DistError as error:
            return Step(action=action, state=State.FAILED, error=_about(action, error))
        if action.kind is ActionKind.LAYERS and outcome.proposal is not None:
            # A step before this one creates the profile, if it is not there yet.
            outcome = replace(outcome, proposal=replace(outcome.proposal, new=None))
        return Step(action=action, outcome=outcome)

    def _brings_secrets(self, action: Action) -> bool:
        """Whether an answer by reference changes: a secret one goes to ``.env`` alone, which no proposal shows."""
        words = self._want(action).inputs
        return self._options.set_again and any(is_reference(words[name]) for name in action.answers)

    def _foresee_alias(self, action: Action) -> Step:
        """A name that another program has is told before anything is done."""
        try:
            self._plan_alias(action)
        except DistError as error:
            error.hint = "choose another name in the file"
            return Step(action=action, state=State.FAILED, error=_about(action, error))
        return Step(action=action)

    def _plan_alias(self, action: Action) -> aliases.AliasPlan:
        ctx, name = self._ctx, ProfileName(action.profile)
        return aliases.plan(ctx.layout, name, action.things[0], env=ctx.env)

    def done(self, steps: tuple[Step, ...], told: Callable[[Step], None]) -> Iterator[Step]:
        failed: set[str] = set()
        for step in steps:
            result = step
            if step.state is State.PLANNED and step.action.profile in failed:
                result = replace(step, state=State.SKIPPED)
            elif step.state is State.PLANNED:
                result = self._carry_out(step)
            if result.state is State.FAILED and step.action.profile:
                failed.add(step.action.profile)
            told(result)
            yield result

    def _carry_out(self, step: Step) -> Step:
        action = step.action
        try:
            if action.kind in _PROPOSED:
                request = self._request(action)
                if step.outcome is not None and step.outcome.proposal is not None:
                    # What is done is what was shown, or nothing.
                    request = replace(request, plan=plan_digest(step.outcome.proposal))
                outcome = _PROPOSED[action.kind](self, action, request)
                return replace(step, state=State.DONE, outcome=outcome)
            notes = _OTHERS[action.kind](self, action)
            return replace(step, state=State.DONE, notes=notes)
        except DistError as error:
            return replace(step, state=State.FAILED, error=_about(action, error))

    def _want(self, action: Action) -> WantedProfile:
        want = self._team.named(action.profile)
        return want or WantedProfile(name=ProfileName(action.profile))

    def _request(self, action: Action) -> Request:
        want, request = self._want(action), self._options.request
        choices = replace(
            request.choices,
            grants=want.digests - self._parked(action),
            only=frozenset(want.only),
            without=frozenset(want.without),
            **self._answered(action),
        )
        lacking = want.include
        if action.kind is ActionKind.UPDATE:
            lacking = action.things
        return replace(
            request,
            choices=choices.with_included(lacking, ()),
            naming=Naming(registry=want.registry) if is_name(want.source) else Naming(),
        )

    def _answered(self, action: Action) -> dict[str, Any]:
        """The answers that go with a change of a home."""
        words = self._want(action).inputs
        clear = frozenset(name for name, word in words.items() if not is_reference(word))
        return {
            "inputs": {name: self._answers.to(name, words[name]) for name in action.answers},
            "answering": Answering(clear=clear, partly=action.partly, all=not action.partly),
        }

    def _parked(self, action: Action) -> frozenset[Digest]:
        """What waits in a profile already: a step of its own approves that, also if its source has nothing new."""
        name = ProfileName(action.profile)
        if action.kind not in {ActionKind.UPDATE, ActionKind.LAYERS}:
            return frozenset()
        if not self._ctx.layout.lockfile(name).exists():
            return frozenset()
        lock = look_into(self._ctx, name).lock
        return frozenset(effect.digest for effect in lock.parked) if lock else frozenset()

    # The changes of homes, each as a proposal first.

    def install(self, action: Action, request: Request) -> Outcome:
        exists = self._ctx.layout.home(ProfileName(action.profile)).exists()
        return install(
            self._ctx, action.things[0], request, _yes, name=action.profile, force=exists
        )

    def update(self, action: Action, request: Request) -> Outcome:
        return update(
            self._ctx, ProfileName(action.profile), replace(request, naming=Naming()), _yes
        )

    def layers(self, action: Action, request: Request) -> Outcome:
        want = self._want(action)
        # The parts, and what is taken along, are those of the package, and not of what lies below it.
        choices = Choices(
            grants=request.choices.grants,
            inputs=request.choices.inputs,
            answering=request.choices.answering,
        )
        request = replace(request, choices=choices, naming=Naming())
        base = _dependency(action.base) if action.base else None
        packs = tuple(map(_dependency, want.packs))
        return own.put(self._ctx, want.name, packs, request, _yes, base=base)

    # All other steps.

    def trust(self, action: Action) -> tuple[Note, ...]:
        trust.carry_out(self._ctx, action)
        return ()

    def registry(self, action: Action) -> tuple[Note, ...]:
        name, place = action.things
        known = {one.name: one.location for one in self._ctx.registries.all()}
        if name in known:
            raise DistError(
                f"the registry {name} is at {known[name]} here, and the file says {place}",
                where=name,
                hint=f"take it out first, if the file is right: {self._ctx.command(f'registry remove {name}')}",
            )
        want = next(one for one in self._team.registries if one.name == name)
        registries.add(self._ctx, place, name, fingerprint=want.fingerprint)
        return ()

    def create(self, action: Action) -> tuple[Note, ...]:
        return lifecycle.create(self._ctx, action.profile, alias=False).notes

    def keep(self, action: Action) -> tuple[Note, ...]:
        keep(self._ctx, ProfileName(action.profile), action.things, Request())
        return ()

    def hold(self, action: Action) -> tuple[Note, ...]:
        hold(self._ctx, ProfileName(action.profile), on=action.kind is ActionKind.HOLD)
        return ()

    def approve(self, action: Action) -> tuple[Note, ...]:
        want = self._want(action)
        waiting = to_approve(self._ctx, want.name)
        # By what waits now: a digest that the file has not is not approved, whatever its place.
        chosen = waiting.only(one for one in waiting.effects if one.digest in want.digests)
        approve(self._ctx, want.name, Request(), _yes, chosen=chosen)
        return ()

    def variables(self, action: Action) -> tuple[Note, ...]:
        want = self._want(action)
        home = self._ctx.layout.home(want.name)
        values = {name: self._answers.to(name, want.variables[name]) for name in action.things}
        refuse_unwritable(home, values)
        return write_variables(home, values)

    def alias(self, action: Action) -> tuple[Note, ...]:
        aliases.write(self._ctx.layout, self._plan_alias(action))
        return ()

    def route(self, action: Action) -> tuple[Note, ...]:
        route = action.route
        if route is not None:
            where = Where(
                platform=route.platform,
                guild=route.guild,
                channel=route.channel,
                thread=route.thread,
                user=route.user,
                bot=route.bot,
            )
            multiplex = self._team.multiplex
            routes.add(self._ctx, route.profile, where, name=route.name, multiplex=multiplex)
        return ()

    def gateway(self, action: Action) -> tuple[Note, ...]:
        starting = action.kind is ActionKind.GATEWAY
        act, verb = (start_stop.start, "start") if starting else (start_stop.stop, "stop")
        name = ProfileName(action.profile)
        results = act(self._ctx, [name], start_stop.Options(), _quietly)
        bad = [one for one in results if not one.ok]
        if bad:
            raise DistError(
                f"its gateway did not {verb}",
                where=str(name),
                hint=f"see why with: {self._ctx.command(f'gateways {verb} {name}')}",
            )
        return tuple(note for one in results for note in one.notes)

    def trash(self, action: Action) -> tuple[Note, ...]:
        return put_away(self._ctx, ProfileName(action.profile), "trash").notes


_PROPOSED: Mapping[ActionKind, Callable[[_Run, Action, Request], Outcome]] = {
    ActionKind.INSTALL: _Run.install,
    ActionKind.FOLLOW: _Run.install,
    ActionKind.UPDATE: _Run.update,
    ActionKind.LAYERS: _Run.layers,
}
_OTHERS: Mapping[ActionKind, Callable[[_Run, Action], tuple[Note, ...]]] = {
    ActionKind.REVOKE: _Run.trust,
    ActionKind.TRUST: _Run.trust,
    ActionKind.POLICY: _Run.trust,
    ActionKind.REGISTRY: _Run.registry,
    ActionKind.CREATE: _Run.create,
    ActionKind.KEEP: _Run.keep,
    ActionKind.HOLD: _Run.hold,
    ActionKind.UNHOLD: _Run.hold,
    ActionKind.APPROVE: _Run.approve,
    ActionKind.VARIABLES: _Run.variables,
    ActionKind.ALIAS: _Run.alias,
    ActionKind.ROUTE: _Run.route,
    ActionKind.STOP: _Run.gateway,
    ActionKind.GATEWAY: _Run.gateway,
    ActionKind.TRASH: _Run.trash,
}


_TRUST = frozenset({ActionKind.REVOKE, ActionKind.TRUST, ActionKind.POLICY})


def _about(action: Action, error: DistError) -> DistError:
    """The error with the profile that it is about, and with what to do about it in the file."""
    if isinstance(error, AnswerNeeded):
        error.hint = "answer it in the file, in inputs"
    if not action.profile or error.is_within(action.profile):
        return error
    return error.within(action.profile)


def _does_nothing(step: Step) -> bool:
    """Whether a change that was tried would leave all as it is, such as an update of layers without news."""
    if step.outcome is None:
        return False
    proposal = step.outcome.proposal
    return proposal is None or proposal.changes_nothing


def _dependency(layer: WantedLayer) -> Dependency:
    source = source_of_layer(layer.source, local=True)
    return Dependency(source=source, only=frozenset(layer.only))


class Open(Struct, frozen=True, kw_only=True):
    """What is left to decide in a profile.

    Attributes:
        waiting: The places of what waits for approval.
        conflicts: The places of open conflicts.
    """

    profile: str
    waiting: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def left_open(ctx: Context, team: Team) -> tuple[Open, ...]:
    """List what is left to decide in the profiles of a team.

    Raises:
        DistError: A lockfile can't be read.
    """
    found = []
    for want in team.profiles:
        if not ctx.layout.lockfile(want.name).exists():
            continue
        lock = look_into(ctx, want.name).lock
        parked = waiting_in(ctx.layout.home(want.name), lock)
        if lock is not None and (parked or lock.conflicts):
            waiting = tuple(dict.fromkeys(one.place for one in parked))
            conflicts = tuple(one.place for one in lock.conflicts)
            found.append(Open(profile=str(want.name), waiting=waiting, conflicts=conflicts))
    return tuple(found)


def _yes(_proposal: Proposal) -> bool:
    """The whole plan was confirmed before."""
    return True


def _quietly(_result: object) -> None:
    """Each step is told as a whole."""
