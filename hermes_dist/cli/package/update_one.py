"""Run an update that has something to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG
from hermes_dist.cli.shared.ask import agreement, given, questions
from hermes_dist.cli.shared.session import Session
from hermes_dist.cli.shared.wish import finish, settle_of, wish_of
from hermes_dist.model.side import Side
from hermes_dist.ops.change.confirm import Wish
from hermes_dist.ops.change.look_up import Looked
from hermes_dist.ops.package.update import update
from hermes_dist.ops.trust.trusted_keys import Accept

if TYPE_CHECKING:
    from hermes_dist.cli.package.bring import Asked


def update_one(
    session: Session, looked: Looked, asked: Asked, *, yes: bool, dry_run: bool, exit_code: bool
) -> int:
    """Update one profile to what its source offers."""
    wish = _wish(session, asked, yes=yes, dry_run=dry_run)
    settle = settle_of(session, asked.conflict, yes=yes)
    outcome = update(session.ctx, looked.name, wish, agreement(session, yes=yes), settle, looked)
    return finish(session, outcome, exit_code=exit_code)


def _wish(session: Session, asked: Asked, *, yes: bool, dry_run: bool) -> Wish:
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
        to=asked.to,
        accept=accept,
        locked=asked.locked,
        allow_downgrade=asked.allow_downgrade,
        ignore_requires=asked.ignore_requires,
        env=given(session, list(asked.env), asked.env_file),
        questions=questions(session, yes=yes),
    )
    if asked.force_config:
        wish = replace(wish, choices=replace(wish.choices, sides={CONFIG: Side.THEIRS}))
    return wish
