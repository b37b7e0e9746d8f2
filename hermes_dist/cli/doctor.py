"""The command ``doctor``: find problems on this machine and fix them."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode
from hermes_dist.ops.profiles.doctor import Finding, Report
from hermes_dist.ops.profiles.doctor import doctor as examine
from hermes_dist.voice.clean import clean
from hermes_dist.voice.findings import finding_hint, finding_words
from hermes_dist.voice.profile_json import doctor_data


@command
def doctor(
    session: Session,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix what needs no decision from you.")
    ] = False,
) -> int:
    report = examine(session.ctx, fix=fix)
    screen = session.screen
    screen.emit("doctor", doctor_data(report))
    for finding in report.findings:
        _show(screen, report, finding)
    left = len(report.open)
    if not report.findings:
        screen.say("No problems found.")
    elif left and not fix and any(f.fix for f in report.open):
        screen.tell(f"next: {session.command('doctor --fix')}")
    return ExitCode.ERROR if left else ExitCode.DONE


def _show(screen: Screen, report: Report, finding: Finding) -> None:
    what, where = clean(finding_words(finding)), clean(finding.where)
    if finding in report.fixed:
        screen.say(f"{screen.paint('mended', 'good')}: {what}")
        screen.say(f"  {where}")
        return
    screen.say(f"{screen.paint('found', 'warning')}: {what}")
    screen.say(f"  {where}")
    screen.say(f"  {clean(report.failed.get(finding.where) or finding_hint(finding))}")
