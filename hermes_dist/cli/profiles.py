"""Commands about profiles: overview, current, list, show, use, alias."""

from __future__ import annotations

from typing import Annotated

import typer

from hermes_dist.agents.places import SOUL
from hermes_dist.cli.overview import show_overview
from hermes_dist.cli.profile_list import show_profiles, what_is_open
from hermes_dist.cli.shared.command import Profile, command
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError
from hermes_dist.model.source import as_typed
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.profiles import list as ops
from hermes_dist.ops.profiles.contents import contents
from hermes_dist.ops.profiles.use import use_profile
from hermes_dist.ops.trust.demands import demanded_if_known
from hermes_dist.voice.profile_json import alias_data, alias_removed_data, used_data
from hermes_dist.voice.row_json import row_data
from hermes_dist.voice.words import demand_words


@command
def overview(session: Session) -> int:
    return show_overview(session)


@command
def current(session: Session) -> int:
    return _show(session, ops.show(session.ctx, session.ctx.active()))


@command
def show(session: Session, profile: Profile = None) -> int:
    return _show(session, ops.show(session.ctx, session.ctx.profile(profile)))


def _show(session: Session, row: ops.ProfileRow) -> int:
    held = contents(session.ctx, row.name)
    found = demanded_if_known(session.ctx, row.name)
    more = {"demands": found.chosen, "included": list(held.included)}
    session.screen.emit("profile", {**row_data(row), **more})
    lines = [
        ("Profile", row.name + (" (active)" if row.active else "")),
        ("Shown as", row.shown_as),
        ("Path", row.path),
        ("Model", row.model or "—"),
        ("Provider", row.provider),
        ("Gateway", str(row.gateway)),
        ("Skills", str(held.skills)),
        (".env", "exists" if held.env else "not configured"),
        (SOUL, "exists" if held.soul else "not configured"),
        ("Alias", ", ".join(row.aliases)),
        ("Package", row.package),
        ("Source", as_typed(row.source)),
        ("Included", ", ".join(held.included)),
        ("Demands", demand_words(found.demands, found.signer) if row.managed else ""),
        ("Description", row.description),
        ("Open", what_is_open(row)),
        *(("Link", f"{path} (followed to {target})") for path, target in held.links),
    ]
    session.screen.fields(lines)
    return 0


@command
def list_(session: Session) -> int:
    return show_profiles(session)


@command
def use(
    session: Session,
    profile: Annotated[str, typer.Argument(help="The profile; `default` to go back.")],
) -> int:
    name = session.ctx.profile(profile)
    use_profile(session.ctx, name)
    session.screen.emit("use", used_data(name))
    session.screen.say(f"Plain {session.brand.name} commands use {name} now.")
    return 0


@command
def alias(
    session: Session,
    profile: Profile = None,
    name: Annotated[
        str, typer.Option("--name", help="The command; by default the profile's name.")
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Remove the command.")] = False,
) -> int:
    chosen = session.ctx.profile(profile)
    layout = session.ctx.layout
    if remove:
        gone = aliases.remove(layout, name or chosen)
        if gone is None:
            raise DistError(
                f"there is no alias {name or chosen!r}",
                where=str(layout.commands),
                hint=f"see which there are with: {session.command('list')}",
            )
        session.screen.emit("alias", alias_removed_data(chosen, gone))
        session.screen.say(f"Removed the command {gone.name}.")
        return 0
    planned = aliases.plan(layout, chosen, name or chosen, env=session.ctx.env)
    made = aliases.write(layout, planned)
    session.screen.emit("alias", alias_data(chosen, made))
    session.screen.say(f"The command {made.name} starts {chosen}; try it: {made.name} chat")
    return 0
