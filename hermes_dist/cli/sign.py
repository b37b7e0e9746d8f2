"""Commands: sign, and manage the keys that this machine trusts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hermes_dist.cli.shared.command import command
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import UsageError
from hermes_dist.model.trust import Policy
from hermes_dist.ops.authoring import sign as signing
from hermes_dist.ops.trust import demands
from hermes_dist.ops.trust import trusted_keys as ops
from hermes_dist.voice.clean import clean
from hermes_dist.voice.key_json import (
    demanded_data,
    key_added_data,
    keys_removed_data,
    rotated_data,
    signed_data,
    trusted_data,
)
from hermes_dist.voice.words import demand_words, looser_words

Key = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="FILE",
        help="The key; by default git's user.signingkey or ~/.ssh/id_ed25519.",
    ),
]


@command
def sign(
    session: Session,
    folder: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="The repository, or the package's folder.")
    ] = ".",
    tag: Annotated[
        str, typer.Option("--tag", metavar="TAG", help="The tag; by default the version tag here.")
    ] = "",
    key: Key = "",
    rotate: Annotated[
        str,
        typer.Option(
            "--rotate",
            metavar="NEW.pub",
            help="Name this key as the successor of yours, instead of signing a tag.",
        ),
    ] = "",
) -> int:
    path, screen = Path(folder).expanduser(), session.screen
    if rotate and tag:
        raise UsageError("--rotate and --tag don't go together")
    if rotate:
        done = signing.rotate(session.ctx, path, Path(rotate).expanduser(), key=key)
        screen.emit("sign", rotated_data(done))
        screen.say(f"{done.new} follows {done.old}, as stated in {clean(done.file)}.")
        screen.tell("  next: commit that file, and sign the next release with the new key")
        return 0
    signed = signing.sign(session.ctx, path, tag=tag, key=key)
    screen.emit("sign", signed_data(signed))
    how = "is signed" if signed.changed else "was signed already"
    screen.say(f"{clean(signed.tag)} {how} by {signed.fingerprint} ({clean(signed.key)}).")
    if signed.changed:
        push = f"git push origin refs/tags/{clean(signed.tag)}"
        screen.tell(f"  next: {push} (add --force if you have pushed it unsigned)")
    return 0


@command
def list_(session: Session) -> int:
    known = ops.trusted(session.ctx)
    rows = _rows(known)
    session.screen.emit("trust", trusted_data(known))
    if rows:
        session.screen.table(("Name", "Key", "State", "Reason"), rows)
    else:
        session.screen.say(
            f"No key is known. Trust one with: {session.command('trust add NAME KEY')}"
        )
    for policy in known.policies:
        session.screen.say(_policy_words(policy))
    return 0


def _rows(known: ops.Trusted) -> list[tuple[str, str, str, str]]:
    rings = [("", known.keyring)]
    rings += [(f" by {policy.place}", policy.keyring) for policy in known.policies]
    rows = []
    for whose, ring in rings:
        states = [(f"trusted{whose}", key) for key in ring.trusted]
        states += [(f"revoked{whose}", key) for key in ring.revoked]
        for state, key in states:
            rows.append((key.name or "—", key.fingerprint, state, key.reason))
    return rows


def _policy_words(policy: Policy) -> str:
    sources = "every source"
    if policy.sources is not None:
        sources = ", ".join(policy.sources) or "no source"
    words = f"{clean(policy.place)}: allows {clean(sources)}"
    if policy.require:
        words += f"; required: {', '.join(sorted(policy.require))}"
    return words


@command
def add(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")],
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="A .pub file, its line in quotes, or SHA256:….")
    ],
) -> int:
    added = ops.add(session.ctx, name, key)
    session.screen.emit("trust", key_added_data(added))
    session.screen.say(f"{added.fingerprint} is trusted as {clean(added.name)}.")
    return 0


@command
def remove(
    session: Session,
    who: Annotated[
        str, typer.Argument(metavar="WHO", help="A name, a fingerprint, or a .pub file.")
    ],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Accept nothing that it signed, from now on.")
    ] = False,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Why; shown to everyone who meets the key later."
        ),
    ] = "",
) -> int:
    if reason and not revoke:
        raise UsageError("--reason works only with --revoke")
    gone = ops.remove(session.ctx, who, revoke=revoke, reason=reason)
    session.screen.emit("trust", keys_removed_data(gone, revoked=revoke))
    for key in gone:
        who = key.fingerprint
        if key.name:
            who += f" ({clean(key.name)})"
        words = "is revoked: nothing that it signed is accepted" if revoke else "is forgotten"
        session.screen.say(f"{who} {words}.")
    return 0


@command
def require(
    session: Session,
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="The profile; . for the active one.")
    ],
    what: Annotated[
        str,
        typer.Argument(
            metavar="[WHAT]",
            help="releases, commits (every update, also of a branch) or none; without it, show the choice.",
        ),
    ] = "",
    accept_unsigned: Annotated[
        bool,
        typer.Option("--accept-unsigned", help="Agree to a choice that accepts more than before."),
    ] = False,
) -> int:
    name, screen = session.ctx.profile(profile), session.screen

    def agree(change: demands.Change) -> bool:
        screen.warn(looser_words(change.before.demands, change.after, change.before.signer))
        return accept_unsigned or screen.confirm("Accept that?", "--accept-unsigned")

    done = False
    if what:
        outcome = demands.require(session.ctx, name, demands.parse_demand(what), agree)
        done = outcome.done
    found = demands.demanded(session.ctx, name)
    screen.emit("trust", demanded_data(found, done=done))
    screen.say(f"{name} demands {demand_words(found.demands, found.signer)}.")
    return 0
