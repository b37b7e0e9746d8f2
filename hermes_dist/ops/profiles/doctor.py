"""Doctor: find problems on this machine, say what, where and what to do, and fix what can be fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct, field

from hermes_dist.agents.places import CONFIG
from hermes_dist.errors import DistError
from hermes_dist.ops.change.legible import DOCUMENTS, trouble_with
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import checks
from hermes_dist.ops.profiles.checks import Finding

__all__ = ["Finding", "Report", "doctor"]


def _settings(ctx: Context) -> Iterator[Finding]:
    """Find settings or jobs that the agent can't read and therefore ignores as a whole."""
    for name in ctx.names():
        home = ctx.layout.home(name)
        for path in DOCUMENTS:
            what = "settings" if path == CONFIG else "jobs"
            if trouble := trouble_with(home, path):
                yield Finding(
                    kind=f"unreadable-{what}",
                    what=f"the agent can't read these {what}: {trouble}",
                    where=str(home / path),
                    hint=f"mend that line in an editor, then: {ctx.command(f'status {name}')}",
                )


_CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    checks.crashes,
    checks.tokens,
    checks.permissions,
    checks.copied_keys,
    checks.commands,
    checks.sticky,
    checks.services,
    checks.routes_,
    checks.servers,
    _settings,
    checks.locks,
    checks.trash,
    checks.store,
)


class Report(Struct, frozen=True, kw_only=True):
    """The result of a check-up.

    Attributes:
        findings: In the order of the checks.
        fixed: The findings that were fixed.
        failed: Why a fix failed, by the finding's place.
    """

    findings: tuple[Finding, ...]
    fixed: tuple[Finding, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that are not fixed."""
        return tuple(finding for finding in self.findings if finding not in self.fixed)


def doctor(ctx: Context, *, fix: bool = False) -> Report:
    """Check every profile and what surrounds them.

    Args:
        ctx: The context.
        fix: Fix what can be fixed without a decision of the user.

    Returns:
        The report; it contains no secret.
    """
    if not ctx.layout.root.is_dir():
        return Report(findings=())
    findings: list[Finding] = []
    fixed: list[Finding] = []
    failed: dict[str, str] = {}
    for check in _CHECKS:  # fixed in order: one fix changes what the next check finds
        for finding in tuple(check(ctx)):
            findings.append(finding)
            if not fix or finding.fix is None:
                continue
            try:
                finding.fix()
                fixed.append(finding)
            except (DistError, OSError) as err:
                failed[finding.where] = str(err)
    return Report(findings=tuple(findings), fixed=tuple(fixed), failed=failed)
