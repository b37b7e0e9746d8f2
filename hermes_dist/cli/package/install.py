"""The command ``install``; the short form of its command line calls the same function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from hermes_dist.cli.shared.ask import agreement
from hermes_dist.cli.shared.request import request_of, show_outcome
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.verb import command_with_request
from hermes_dist.model.documents import yaml_parse  # noqa: F401 - loaded while git works, not after it
from hermes_dist.ops.package import install as ops

if TYPE_CHECKING:
    import typer

    from hermes_dist.cli.shared.command import Yes
    from hermes_dist.ops.change.request import Request


@command_with_request(
    "registry",
    "accept_name",
    "dry_run",
    "conflict",
    "allow_effects",
    "set_",
    "set_file",
    "env",
    "env_file",
    "accept_new_key",
    "accept_unsigned",
    "accept_moved_tag",
    "allow_downgrade",
    "require_signature",
    "ignore_requires",
    "only",
    "without",
    "include",
    "exclude",
    "restart",
    asks=True,
)
def install(
    session: Session,
    source: Annotated[
        str, typer.Argument(help="github.com/you/bot, a name, ./folder; then //subfolder, #ref.")
    ],
    request: Request | None = None,
    name: Annotated[
        str, typer.Option("--name", help="The profile's name; by default the package's.")
    ] = "",
    alias: Annotated[
        bool, typer.Option("--alias", help="Make a command with the profile's name.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Merge into a profile that exists.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Install one package; without a request, with the default of each option."""
    outcome = ops.install(
        session.ctx,
        source,
        request or request_of(session, yes=yes, asks=True),
        agreement(session, yes=yes),
        name=name,
        alias="" if alias else None,
        force=force,
    )
    code = show_outcome(session, outcome, restart=request is not None and request.restart)
    if outcome.done:
        _offer_front_door(session)
    return code


def _offer_front_door(session: Session) -> None:
    """Offer the front door once, on a terminal, if the brand's command starts nothing."""
    layout, name = session.ctx.layout, session.brand.name
    if not session.screen.somebody or session.screen.as_json:
        return
    from hermes_dist.ops.front_door import launcher as front_door  # noqa: PLC0415 - only needed on a terminal

    if not front_door.to_be_offered(layout, session.ctx.env):
        return
    wanted = session.screen.confirm(
        f"There is no command `{name}` here. Put one into {layout.commands}, so that `{name} profile …` works?"
    )
    # Before the attempt, so that one that fails is not offered again after every install.
    front_door.remember_offer(layout)
    if wanted:
        done = front_door.install(layout)
        session.screen.say(
            f"{done.launcher} sends profile commands to hermes-dist, and all others to the agent."
        )
