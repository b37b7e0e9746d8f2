"""Why something is off is told by the state: whatever is shipped, approved, toggled or brought back, in any order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
import yaml
from budget import examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from shelf import Shelf

from hermes_dist.decide.consent.granted import approvals_after, grant
from hermes_dist.decide.consent.switches import (
    Judge,
    Memory,
    Unit,
    WhyOff,
    memory_of,
    shipped_off,
    unit_of,
    units_in,
)
from hermes_dist.decide.reconcile import Decisions, Situation, reconcile
from hermes_dist.model.keypath import Item
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_package import LockedPackage, OffCause
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import EMPTY, Tree

CONFIG, JOBS = RelPath("config.yaml"), RelPath("cron/jobs.json")
IDENT = "aaaaaaaaaaaa"
SERVER: Unit = (CONFIG, ("mcp_servers", "s"))
JOB: Unit = (JOBS, ("jobs", Item("id", IDENT)))
UNITS = (SERVER, JOB)
PIN = Pin(url="/srv/x", kind=PinKind.FOLDER, tree=EMPTY.digest, version="1")
PACKAGE = LockedPackage(source="./x", pin=PIN)


@dataclass
class Home:
    """A home with its lock, and what is shipped to it."""

    shelf: Shelf = field(default_factory=Shelf)
    tree: Tree = EMPTY
    lock: Lock | None = None
    files: dict[str, object] = field(default_factory=dict)

    def ship(
        self,
        server: str | None,
        job: str | None,
        *,
        server_off: bool = False,
        job_off: bool = False,
    ) -> Plan:
        off = {"disabled": True} if server_off else {}
        servers = {"s": {"command": "npx", "args": [server], **off}} if server else {}
        jobs = (
            [
                {
                    "id": IDENT,
                    "name": "j",
                    "prompt": job,
                    "schedule": "every 2h",
                    **({"enabled": False} if job_off else {}),
                }
            ]
            if job
            else []
        )
        self.files = {
            "mcp.json": {"mcpServers": {"other": {"command": "x"}, **servers}},
            "cron/jobs.json": {"jobs": jobs},
        }
        return self.update()

    def update(self, *, everything: bool = False, named: frozenset[Unit] = frozenset()) -> Plan:
        base = self.lock.base if self.lock else EMPTY
        placed = self.shelf.place(self.files, keep_containers=base)
        digests = self._digests(placed.tree, placed.shipped, named) if named else frozenset()
        granted = grant(
            digests, everything=everything, before=self.lock.granted if self.lock else frozenset()
        )
        plan = self._plan(placed.tree, placed.shipped, Decisions(granted=granted, named=named))
        self.shelf.update(plan.blobs)
        self.tree = plan.after(self.tree)
        agreed = [effect for effect in plan.effects if granted(effect)]
        approved = approvals_after(self.lock.approved if self.lock else (), agreed, digests, PIN)
        lock = Lock(
            packages=(PACKAGE,),
            base=plan.base,
            upstream=plan.upstream,
            parked=plan.parked,
            off=plan.off,
            conflicts=plan.conflicts,
            approved=approved,
        )
        self.lock = load_lock(dump_lock(lock))
        return plan

    def _plan(self, theirs: Tree, shipped: Tree, decisions: Decisions) -> Plan:
        base = self.lock.base if self.lock else EMPTY
        return reconcile(
            Situation(
                base=base,
                found=self.tree,
                theirs=theirs,
                read=self.shelf.read,
                by_author=shipped_off(theirs, shipped, self.shelf.read),
                memory=memory_of(self.lock),
            ),
            decisions,
        )

    def _digests(self, theirs: Tree, shipped: Tree, named: frozenset[Unit]) -> frozenset[str]:
        before = grant(frozenset(), before=self.lock.granted if self.lock else frozenset())
        plan = self._plan(theirs, shipped, Decisions(granted=before, named=named))
        return frozenset(e.digest for e in plan.effects if unit_of(e.path, e.key) in named)

    def toggle(self, unit: Unit, *, on: bool) -> None:
        if unit == SERVER:
            config = yaml.safe_load(self.shelf.text(self.tree, "config.yaml"))
            config["mcp_servers"]["s"]["enabled"] = on
            self.tree = self.tree.with_entries(
                self.shelf.tree({"config.yaml": yaml.safe_dump(config)})
            )
            return
        jobs = self.shelf.jobs(self.tree)
        state = {
            "enabled": on,
            "state": "scheduled" if on else "paused",
            "paused_reason": None if on else "not today",
        }
        jobs = [job | state if job["id"] == IDENT else job for job in jobs]
        self.tree = self.tree.with_entries(
            self.shelf.tree({"cron/jobs.json": json.dumps({"jobs": jobs})})
        )

    @property
    def state(self) -> dict[Unit, bool]:
        return {unit: on for unit, on in units_in(self.tree, self.shelf.read) if unit in UNITS}

    @property
    def waits(self) -> set[Unit]:
        """The units that wait as a whole."""
        assert self.lock is not None
        return {unit_of(e.path, e.key) for e in self.lock.parked if e.off} & set(UNITS)

    @property
    def causes(self) -> dict[Unit, OffCause]:
        assert self.lock is not None
        return {unit_of(off.path, off.key): off.cause for off in self.lock.off}


def approved(server: str = "a", job: str = "a") -> Home:
    home = Home()
    home.ship(server, job)
    assert home.waits == set(UNITS)
    home.update(everything=True)
    assert home.state == {SERVER: True, JOB: True}
    assert not home.waits
    return home


def test_what_has_its_yes_comes_back_on_after_upstream_dropped_it() -> None:
    home = approved()
    home.ship(None, None)
    assert home.state == {}
    home.ship("a", "a")
    assert home.state == {SERVER: True, JOB: True}
    home.ship(None, None)
    home.ship("b", "b")
    assert home.state == {SERVER: False, JOB: False}
    assert home.waits == set(UNITS)


def test_what_the_user_switched_off_stays_off_and_does_not_wait() -> None:
    home = approved()
    for unit in UNITS:
        home.toggle(unit, on=False)
    for _ in range(2):
        home.update(everything=True)
        assert home.state == {SERVER: False, JOB: False}
        assert not home.waits
        assert home.causes == {SERVER: OffCause.USER, JOB: OffCause.USER}
    home.ship(None, None)
    home.ship("a", "a")
    assert home.state == {SERVER: False, JOB: False}
    assert home.causes == {SERVER: OffCause.USER, JOB: OffCause.USER}
    home.update(named=frozenset(UNITS))
    assert home.state == {SERVER: True, JOB: True}
    assert home.causes == {}


def test_a_change_to_what_the_user_switched_off_waits_and_stays_out_at_each_update() -> None:
    home = approved()
    home.toggle(SERVER, on=False)
    home.toggle(JOB, on=False)
    plans = [home.ship("b", "b"), home.update(), home.update()]
    places = [sorted(effect.key for effect in plan.parked) for plan in plans]
    assert places == [["jobs[id=aaaaaaaaaaaa].prompt", "mcp_servers.s.args"]] * 3
    assert home.shelf.jobs(home.tree)[0]["prompt"] == "a"


def test_what_its_author_ships_switched_off_stays_off_unless_named() -> None:
    home = Home()
    home.ship("a", "a", server_off=True, job_off=True)
    assert not home.waits
    assert home.causes == {SERVER: OffCause.AUTHOR, JOB: OffCause.AUTHOR}
    home.update(everything=True)
    assert home.state == {SERVER: False, JOB: False}
    home.update(named=frozenset([SERVER]))
    assert home.state == {SERVER: True, JOB: False}
    assert home.causes == {JOB: OffCause.AUTHOR}


HERE = frozenset([SERVER, JOB])
GRANTED = Memory(granted=HERE)


def off_by(cause: OffCause, **more: frozenset[Unit]) -> Memory:
    return Memory(off={SERVER: cause, JOB: cause}, **more)


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (Judge(), WhyOff.WAITS),
        (Judge(here=HERE), WhyOff.WAITS),
        (Judge(GRANTED), WhyOff.WAITS),
        (Judge(GRANTED, here=HERE), WhyOff.USER),
        (Judge(Memory(older=True), here=HERE), WhyOff.USER),
        (Judge(off_by(OffCause.USER), here=HERE), WhyOff.USER),
        (Judge(Memory(granted=HERE, waited=HERE), here=HERE), WhyOff.WAITS),
        (Judge(off_by(OffCause.USER, waited=HERE), here=HERE), WhyOff.WAITS),
        (Judge(off_by(OffCause.AUTHOR, granted=HERE), here=HERE), WhyOff.WAITS),
        (Judge(off_by(OffCause.AUTHOR, granted=HERE), HERE, HERE), WhyOff.AUTHOR),
        (Judge(by_author=HERE), WhyOff.AUTHOR),
        (Judge(by_author=HERE, named=HERE), WhyOff.WAITS),
    ],
)
def test_why_a_server_is_off(judge: Judge, why: WhyOff) -> None:
    assert judge.server("s") is why


EVERY = {"kind": "interval", "minutes": 5}
OURS = {"schedule": EVERY, "paused_reason": "from package bot: hermes profile approve"}
INSTALLERS = {
    "schedule": EVERY,
    "paused_reason": "Installed from a profile distribution; review it, then resume.",
}
USERS = {"schedule": EVERY, "paused_reason": "not today"}


@pytest.mark.parametrize(
    ("judge", "job", "why"),
    [
        (Judge(here=HERE), {"schedule": {"kind": "once", "run_at": None}}, WhyOff.DONE),
        (Judge(here=HERE), {**USERS, "state": "completed"}, WhyOff.DONE),
        (Judge(here=HERE), USERS, WhyOff.USER),
        (Judge(here=HERE), {"schedule": EVERY}, WhyOff.USER),
        (Judge(), USERS, WhyOff.WAITS),
        (Judge(here=HERE), OURS, WhyOff.WAITS),
        (Judge(here=HERE), INSTALLERS, WhyOff.WAITS),
        (Judge(off_by(OffCause.USER), here=HERE), INSTALLERS, WhyOff.USER),
        (Judge(GRANTED, here=HERE), OURS, WhyOff.WAITS),
        (Judge(off_by(OffCause.USER), here=HERE), OURS, WhyOff.USER),
        (Judge(off_by(OffCause.USER)), OURS, WhyOff.WAITS),
        (Judge(off_by(OffCause.AUTHOR), here=HERE), OURS, WhyOff.WAITS),
        (Judge(by_author=HERE, here=HERE), OURS, WhyOff.AUTHOR),
        (Judge(by_author=HERE, here=HERE, named=HERE), OURS, WhyOff.WAITS),
    ],
)
def test_why_a_job_is_off(judge: Judge, job: dict[str, object], why: WhyOff) -> None:
    assert judge.job(IDENT, job) is why


@pytest.mark.parametrize(
    ("judge", "job", "guarded"),
    [
        (Judge(GRANTED), USERS, False),
        (Judge(here=HERE), USERS, True),
        (Judge(here=HERE), OURS, False),
        (Judge(GRANTED, here=HERE), OURS, False),
        (Judge(GRANTED, HERE, HERE), OURS, True),
        (Judge(by_author=HERE, here=HERE), OURS, False),
        (Judge(GRANTED, here=HERE), {**OURS, "state": "completed"}, True),
        (Judge(here=HERE), {**OURS, "state": "completed"}, False),
    ],
)
def test_what_is_off_is_guarded_where_switching_it_on_asks_nothing(
    judge: Judge, job: dict[str, object], guarded: bool
) -> None:
    assert judge.guards(JOB, {IDENT: job}, shipped=True) is guarded
    assert judge.guards(JOB, {IDENT: job}, shipped=False) is (JOB in judge.here)


CONTENT = st.none() | st.sampled_from("ab")


class Causes(RuleBasedStateMachine):
    """Any order of what authors and users do."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Home()
        self.home.ship("a", "a")
        self.by_hand: set[Unit] = set()
        self.off_by_hand: set[Unit] = set()

    @rule(server=CONTENT, job=CONTENT, server_off=st.booleans(), job_off=st.booleans())
    def ship(self, server: str | None, job: str | None, server_off: bool, job_off: bool) -> None:
        self.home.ship(server, job, server_off=server_off, job_off=job_off)

    @rule()
    def approve(self) -> None:
        self.home.update(everything=True)

    @rule(unit=st.sampled_from(UNITS))
    def approve_one(self, unit: Unit) -> None:
        here = unit in self.home.state
        if here and self.home.causes.get(unit) is OffCause.USER:
            # Whatever the user switched on and off by hand may have no approval; naming it is one of its own.
            self.by_hand.add(unit)
        self.home.update(named=frozenset([unit]))
        if here:
            self.off_by_hand.discard(unit)

    @rule(unit=st.sampled_from(UNITS), on=st.booleans())
    def toggle(self, unit: Unit, on: bool) -> None:
        was = self.home.state.get(unit)
        if was is None or was == on:
            return
        self.home.toggle(unit, on=on)
        (self.by_hand.add if on else self.by_hand.discard)(unit)
        (self.off_by_hand.discard if on else self.off_by_hand.add)(unit)
        self.home.update()

    @invariant()
    def nothing_runs_without_a_yes(self) -> None:
        assert self.home.lock is not None
        granted = {unit_of(RelPath(a.path), a.key) for a in self.home.lock.approved if a.path}
        for unit, on in self.home.state.items():
            assert not on or unit in granted | self.by_hand

    @invariant()
    def what_the_user_switched_off_stays_off(self) -> None:
        for unit in self.off_by_hand:
            if unit in self.home.state and self.home.causes.get(unit) is OffCause.USER:
                assert self.home.state[unit] is False

    @invariant()
    def a_second_update_changes_nothing(self) -> None:
        lock, tree = self.home.lock, self.home.tree
        plan = self.home.update()
        assert plan.steps == ()
        assert self.home.lock == lock
        assert self.home.tree == tree

    @invariant()
    def what_is_off_has_one_reason(self) -> None:
        """What waits may have been paused by the user before it left: that is remembered beside the wait."""
        paused = {unit for unit, cause in self.home.causes.items() if cause is OffCause.USER}
        for unit, on in self.home.state.items():
            waits, caused = unit in self.home.waits, unit in self.home.causes
            assert on + waits + (caused and not (waits and unit in paused)) == 1


TestCauses = Causes.TestCase
TestCauses.settings = settings(
    max_examples=examples(100, least=8), stateful_step_count=15, deadline=None
)
