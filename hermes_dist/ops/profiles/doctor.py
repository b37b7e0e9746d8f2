"""Doctor: go through a checklist of this machine, say what, where and what to do, and fix what can be fixed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from hermes_dist.decide.profiles.findings import State, Topic
from hermes_dist.errors import DistError
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles.checks import CHECKS, Check, Fact, Finding
from hermes_dist.ops.profiles.setup_checks import INSTEAD, SETUP
from hermes_dist.ops.profiles.standing_checks import STANDING

__all__ = ["Checked", "Fact", "Finding", "Report", "doctor"]


class Checked(Struct, frozen=True):
    """What one check of the list said.

    Attributes:
        topic: What it is about.
        facts: What it said besides problems.
        findings: The problems.
    """

    topic: Topic
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def state(self) -> str:
        """``problem``, or the state of what it said: ``good``, ``waits`` or ``none``."""
        if self.findings:
            return "problem"
        states = {fact.state for fact in self.facts} or {State.GOOD}
        return next(each for each in (State.WAITS, State.GOOD, State.NONE) if each in states)


class Report(Struct, frozen=True, kw_only=True):
    """The result of a check-up.

    Attributes:
        findings: In the order of the checks.
        fixed: The findings that were fixed.
        failed: Why a fix failed, by the finding's place.
        checks: What each check said, in the order of the list.
    """

    findings: tuple[Finding, ...]
    fixed: tuple[Finding, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    checks: tuple[Checked, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that are not fixed."""
        return tuple(finding for finding in self.findings if finding not in self.fixed)

    @property
    def waits(self) -> int:
        """How many things work but wait for the user."""
        return sum(fact.state is State.WAITS for one in self.checks for fact in one.facts)


def doctor(ctx: Context, *, fix: bool = False, sources: bool = False) -> Report:
    """Check every profile and what surrounds them.

    Args:
        ctx: The context.
        fix: Fix what can be fixed without a decision of the user.
        sources: Contact the sources and registries, too.

    Returns:
        The report; it contains no secret.
    """
    checks = [*CHECKS, *STANDING, *SETUP] if ctx.layout.root.is_dir() else SETUP
    asks = sources and not ctx.offline
    fixed: list[Finding] = []
    failed: dict[str, str] = {}
    done: list[Checked] = []
    for topic, check in checks:
        one = _run(ctx, topic, INSTEAD.get(check, check) if asks else check)
        done.append(one)
        if fix:
            fixed += _fixed(one.findings, failed)
    order = list(Topic)
    return Report(
        findings=tuple(finding for one in done for finding in one.findings),
        fixed=tuple(fixed),
        failed=failed,
        checks=tuple(sorted(done, key=lambda one: order.index(one.topic))),
    )


def _fixed(findings: Iterable[Finding], failed: dict[str, str]) -> Iterator[Finding]:
    """Fix what can be fixed; why one could not be is added to ``failed``, by its place."""
    for finding in findings:
        if finding.fix is None:
            continue
        try:
            finding.fix()
            yield finding
        except (DistError, OSError) as err:
            failed[finding.where] = str(err)


def _run(ctx: Context, topic: Topic, check: Check) -> Checked:
    # A check ends before its first fix, which changes the folders that the check still reads.
    said = tuple(check(ctx))
    facts = tuple(each for each in said if isinstance(each, Fact))
    return Checked(topic, facts, tuple(each for each in said if isinstance(each, Finding)))
