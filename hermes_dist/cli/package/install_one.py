"""Install one package, for both ways of parsing the command line."""

from __future__ import annotations

from typing import NamedTuple

from hermes_dist.cli.shared.ask import agreement, given, questions, twins
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.wish import finish, settle_of, wish_of
from hermes_dist.ops.change.look_up import Naming
from hermes_dist.ops.package.install import install
from hermes_dist.ops.trust.trusted_keys import Accept


class Asked(NamedTuple):
    """The options of an install, besides the package."""

    name: str = ""
    alias: bool = False
    force: bool = False
    conflict: str = ""
    allow_effects: bool = False
    env: tuple[str, ...] = ()
    env_file: str = ""
    accept_new_key: bool = False
    accept_unsigned: bool = False
    accept_moved_tag: bool = False
    allow_downgrade: bool = False
    require_signature: bool = False
    ignore_requires: bool = False
    registry: str = ""
    accept_name: bool = False
    only: str = ""
    without: str = ""


def install_one(
    session: Session, source: str, asked: Asked, *, yes: bool, dry_run: bool = False
) -> int:
    """Install a package as a profile.

    Args:
        session: The run.
        source: The source as typed.
        asked: The options.
        yes: Answer yes to questions about file changes.
        dry_run: Only show what would happen.

    Returns:
        The exit code.
    """
    accept = Accept(
        new_key=asked.accept_new_key,
        unsigned=asked.accept_unsigned,
        moved_tag=asked.accept_moved_tag,
        signature=asked.require_signature,
    )
    wish = wish_of(
        conflict=asked.conflict,
        only=asked.only,
        without=asked.without,
        allow_effects=asked.allow_effects,
        dry_run=dry_run,
        accept=accept,
        allow_downgrade=asked.allow_downgrade,
        ignore_requires=asked.ignore_requires,
        env=given(session, list(asked.env), asked.env_file),
        questions=questions(session, yes=yes),
    )
    outcome = install(
        session.ctx,
        source,
        wish,
        agreement(session, yes=yes),
        name=asked.name,
        alias="" if asked.alias else None,
        force=asked.force,
        settle=settle_of(session, asked.conflict, yes=yes),
        naming=Naming(asked.registry, asked.accept_name, twins(session)),
    )
    code = finish(session, outcome)
    if outcome.done:
        _offer(session)
    return code


def _offer(session: Session) -> None:
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
    front_door.remember_offer(layout)
    if wanted:
        done = front_door.install(layout)
        session.screen.say(
            f"{done.launcher} leads to us for profiles, and to the agent for everything else."
        )
