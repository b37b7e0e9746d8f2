"""What is shown before and after a change: the preview with its review card, and the summary."""

from __future__ import annotations

from collections.abc import Iterable

from hermes_dist.cli.clean import clean
from hermes_dist.cli.command import Session
from hermes_dist.cli.screen import Screen
from hermes_dist.model.plan import Effect, EffectKind, Step
from hermes_dist.ops.proposal import Outcome, Proposal

_SHOWN = 12
_VERBS = {EffectKind.RUNS: "runs", EffectKind.SCHEDULES: "schedules", EffectKind.WANTS: "wants",
          EffectKind.LOOSENS: "loosens", EffectKind.HIDES: "hides"}  # fmt: skip


def size_of(count: int) -> str:
    """A number of bytes for people."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def preview(session: Session, proposal: Proposal) -> None:
    """Show what would happen, before asking."""
    screen = session.screen
    _what(screen, proposal)
    if proposal.new:
        _parts(screen, proposal)
    else:
        _steps(screen, proposal.plan.steps)
    _environment(screen, proposal)
    review_card(screen, proposal.plan.effects, proposal.plan.parked)
    for conflict in proposal.plan.conflicts:
        screen.tell(f"  {screen.paint('conflict', 'red', err=True)}  {clean(conflict.place)} ({conflict.kind}); yours stays")
    _left_out(screen, proposal)
    notes(screen, proposal.notes)


def _what(screen: Screen, proposal: Proposal) -> None:
    manifest, pin = proposal.manifest, proposal.pin
    if manifest is None or pin is None:
        return
    verb = "Install" if proposal.new else proposal.verb.capitalize()
    screen.tell(screen.paint(f"{verb} {clean(manifest.label)} as {proposal.home.name}", "", bold=True, err=True))
    if manifest.description:
        screen.tell(f"  {clean(manifest.description)}")
    ref = pin.ref.removeprefix("refs/heads/").removeprefix("refs/tags/") or "folder"
    at = f"{clean(ref)} @ {pin.short}" if pin.commit else f"as it is, tree {pin.short}"
    was = f" (from {clean(proposal.before.version)} @ {proposal.before.short})" if proposal.before else ""
    screen.tell(f"  from   {clean(proposal.source)}, {at}{was}")
    if manifest.author or manifest.license:
        by = " · ".join(clean(text, 80) for text in (manifest.author, manifest.license) if text)
        screen.tell(f"  by     {by}")
    screen.tell(f"  into   {proposal.home.path}")


def _parts(screen: Screen, proposal: Proposal) -> None:
    parts = ", ".join(f"{part} {count}" if count > 1 else part for part, count in sorted(proposal.parts.items()))
    screen.tell(f"  parts  {parts or 'nothing'} ({len(proposal.tree)} files, {size_of(proposal.size)})")


def _steps(screen: Screen, steps: tuple[Step, ...]) -> None:
    for step in steps[:_SHOWN]:
        sign, colour = ("+", "green") if step.before is None else ("-", "red") if step.after is None else ("~", "yellow")
        screen.tell(f"  {screen.paint(sign, colour, err=True)} {clean(step.path)}")
    if len(steps) > _SHOWN:
        screen.tell(f"  … and {len(steps) - _SHOWN} more files")


def _environment(screen: Screen, proposal: Proposal) -> None:
    for item in proposal.wanted:
        mark = "✓ set" if item.found else "missing" if item.var.required else "optional"
        colour = "green" if item.found else "yellow"
        about = f"  {clean(item.var.description, 80)}" if item.var.description else ""
        screen.tell(f"  env    {clean(item.var.name, 60)}  {screen.paint(mark, colour, err=True)}{about}")


def review_card(screen: Screen, effects: Iterable[Effect], parked: Iterable[Effect]) -> None:
    """Name everything that would become possible, one line each, with the exact command, URL or value."""
    waiting = set(parked)
    for effect in effects:
        state = "waits" if effect in waiting else "allowed"
        kind = screen.paint(_VERBS[effect.kind].ljust(9), "magenta", err=True)
        screen.tell(f"  {kind} {clean(effect.place, 80)}: {clean(effect.what, 120)}  [{state}]")


def _left_out(screen: Screen, proposal: Proposal) -> None:
    for left in proposal.left_out[:_SHOWN]:
        count = f" ({left.files} files)" if left.files > 1 else ""
        screen.tell(f"  left out  {clean(left.path, 80)}{count}: {clean(left.why, 80)}")
    if len(proposal.left_out) > _SHOWN:
        screen.tell(f"  left out  … and {len(proposal.left_out) - _SHOWN} more")


def notes(screen: Screen, lines: Iterable[str]) -> None:
    """Write notes, each once."""
    for line in dict.fromkeys(lines):
        screen.tell(f"  note   {clean(line, 300)}")


def summary(session: Session, outcome: Outcome) -> int:
    """Tell what was done and what comes next.

    Returns:
        The exit code: 3 while conflicts are open.
    """
    screen, name = session.screen, outcome.profile
    notes(screen, outcome.notes)
    if outcome.done and outcome.proposal is not None:
        _done(session, outcome, outcome.proposal)
    elif not outcome.dry_run:
        lock = outcome.proposal.lock if outcome.proposal else outcome.lock
        label = f" ({lock.name} {clean(lock.pin.version)} @ {lock.pin.short})" if lock else ""
        screen.say(f"{name} is up to date{label}.")
    for path in outcome.skipped:
        screen.warn(f"{clean(path)} changed at that very moment and was left as it is; update again to merge it")
    if outcome.open_conflicts and not outcome.dry_run:
        screen.say(f"{outcome.open_conflicts} conflicts are open; yours stays until you settle them.")
        screen.say(f"  next: {session.command(f'resolve {name} --list')}")
        return 3
    return 0


def _done(session: Session, outcome: Outcome, proposal: Proposal) -> None:
    screen, name = session.screen, outcome.profile
    count = len(proposal.plan.steps)
    label = clean(proposal.manifest.label) if proposal.manifest else "the package"
    words = {"install": "Installed", "update": "Updated", "resolve": "Resolved", "approve": "Approved"}
    done = words.get(outcome.verb, outcome.verb.capitalize())
    at = f" @ {proposal.pin.short}" if proposal.pin else ""
    screen.say(f"{screen.paint('✓', 'green')} {done} {label}{at} in {name}: {count} files changed.")
    if proposal.plan.parked:
        screen.say(f"  {len(proposal.plan.parked)} things wait for your yes: {session.command(f'approve {name}')}")
    missing = [w.var.name for w in proposal.wanted if w.missing]
    if missing:
        screen.say(f"  missing in {proposal.home.path / '.env'}: {', '.join(clean(m, 60) for m in missing)}")
    if outcome.alias:
        screen.say(f"  start it with: {outcome.alias} chat")
    elif proposal.new:
        screen.say(f"  start it with: {session.brand.name} -p {name} chat")
    elif not outcome.open_conflicts:
        screen.say(f"  see: {session.command(f'status {name}')}")
