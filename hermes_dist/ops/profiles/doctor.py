"""Doctor: find problems on this machine, say what, where and what to do, and fix what can be fixed."""

from __future__ import annotations

from msgspec import Struct, field

from hermes_dist.errors import DistError
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles.checks import CHECKS, Finding

__all__ = ["Finding", "Report", "doctor"]


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
    for check in CHECKS:
        # A check ends before its first fix, which changes the folders that the check still reads.
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
