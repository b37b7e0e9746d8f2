"""The command doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.cli.shared.clean import clean
from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode
from hermes_dist.ops.profiles.doctor import doctor as examine
from hermes_dist.voice.profile_json import doctor_data


@command
def doctor(
    session: Session,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended without deciding for you.")
    ] = False,
) -> int:
    report = examine(session.ctx, fix=fix)
    screen = session.screen
    screen.emit("doctor", doctor_data(report))
    for finding in report.findings:
        done = finding in report.fixed
        mark = screen.paint("mended", "green") if done else screen.paint("found", "yellow")
        screen.say(f"{mark}: {clean(finding.what, 500)}")
        screen.say(f"  {clean(finding.where, 500)}")
        if not done:
            screen.say(f"  {clean(report.failed.get(finding.where) or finding.hint, 500)}")
    left = len(report.open)
    if not report.findings:
        screen.say("All is well.")
    elif left and not fix and any(f.fix for f in report.open):
        screen.tell(f"next: {session.command('doctor --fix')}")
    return ExitCode.ERROR if left else ExitCode.DONE
