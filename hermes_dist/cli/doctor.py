"""The command ``doctor``: go through a checklist of this machine, and fix what is safe to fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, counted
from hermes_dist.ops.profiles.doctor import Checked, Finding, Report
from hermes_dist.ops.profiles.doctor import doctor as examine
from hermes_dist.voice.clean import clean
from hermes_dist.voice.findings import (
    MARKS,
    SOUND,
    TITLES,
    fact_hint,
    fact_words,
    finding_hint,
    finding_words,
    group_of,
)
from hermes_dist.voice.lines import Style
from hermes_dist.voice.profile_json import doctor_data

_STYLES: Mapping[str, Style] = {"problem": "error", "good": "good", "waits": "warning", "none": ""}


@command
def doctor(
    session: Session,
    fix: Annotated[
        bool, typer.Option("--fix", help="Fix what needs no decision from you.")
    ] = False,
    sources: Annotated[
        bool,
        typer.Option("--sources", help="Contact the source of each profile and registry, too."),
    ] = False,
) -> int:
    if sources:
        session.screen.progress("asking the sources")
    report = examine(session.ctx, fix=fix, sources=sources)
    screen = session.screen
    screen.emit("doctor", doctor_data(report))
    _show_list(screen, report)
    left = len(report.open)
    if not left:
        screen.say(_sound(report))
    else:
        screen.say(f"{counted(left, 'problem')} found.")
        if not fix and any(f.fix for f in report.open):
            screen.tell(f"next: {session.command('doctor --fix')}")
    return ExitCode.ERROR if left else ExitCode.DONE


def _sound(report: Report) -> str:
    """Say that there are no problems, and how many things work but wait for the user."""
    said = "No problems are left" if report.findings else "No problems found"
    waits = report.waits
    if not waits:
        return f"{said}."
    wait = "waits" if waits == 1 else "wait"
    return f"{said}; {counted(waits, 'thing')} {wait} for you."


def _show_list(screen: Screen, report: Report) -> None:
    """Show each check, group by group; a quiet screen shows only the problems."""
    group = ""
    for checked in report.checks:
        if screen.quiet and not checked.findings:
            continue
        if group_of(checked.topic) != group:
            group = group_of(checked.topic)
            screen.say(screen.paint(group, "", bold=True))
        _show_check(screen, report, checked)


def _show_check(screen: Screen, report: Report, checked: Checked) -> None:
    title = TITLES[checked.topic]
    if not checked.facts and not checked.findings:
        _row(screen, "good", f"{title}: {SOUND.get(checked.topic, 'in order')}")
    for fact in checked.facts:
        _row(screen, fact.state, f"{title}: {clean(fact_words(fact))}")
        if hint := fact_hint(fact):
            screen.say(f"      {clean(hint)}")
    if checked.findings:
        _row(screen, "problem", title)
    for finding in checked.findings:
        _show(screen, report, finding)


def _row(screen: Screen, state: str, words: str) -> None:
    screen.say(f"  {screen.paint(MARKS[state], _STYLES[state])} {words}", label=4)


def _show(screen: Screen, report: Report, finding: Finding) -> None:
    what, where = clean(finding_words(finding)), clean(finding.where)
    if finding in report.fixed:
        screen.say(f"    {screen.paint('mended', 'good')}: {what}")
        screen.say(f"      {where}")
        return
    screen.say(f"    {screen.paint('found', 'warning')}: {what}")
    screen.say(f"      {where}")
    if advice := clean(report.failed.get(finding.where) or finding_hint(finding)):
        screen.say(f"      {advice}")
