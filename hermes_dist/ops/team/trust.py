"""The keys and policies that the file of a team brings to a machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hermes_dist.brand import Layout
from hermes_dist.decide.team.plan import Action
from hermes_dist.errors import DistError
from hermes_dist.model.trust import Keyring, KnownKey, dump_policy
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.keys.files import change_keyring


def trust(ctx: Context, key: KnownKey) -> None:
    """Trust a key from now on.

    Raises:
        DistError: The user has revoked it, or the keyring can't be written.
    """

    def change(keyring: Keyring) -> Keyring:
        if keyring.revocation(key.fingerprint):
            raise DistError(
                "the key was revoked on this machine, and the file says to trust it",
                where=f"{key.name}: {key.fingerprint}",
                hint="take it out of the file; or, if the file is right: "
                + ctx.command(f"trust remove {key.fingerprint}"),
            )
        return keyring.trusting(key)

    change_keyring(ctx.layout, change)


def revoke(ctx: Context, key: KnownKey) -> None:
    """Refuse from now on what a key signed.

    Raises:
        DistError: The keyring can't be written.
    """
    change_keyring(ctx.layout, lambda keyring: keyring.revoking(key))


def carry_out(ctx: Context, action: Action) -> None:
    """Trust or revoke the key of an action, or put its policy into force.

    Raises:
        DistError: It can't be done; nothing changed.
    """
    if action.policy is not None:
        name = f"{action.policy.place}.toml"
        atomic_write(ctx.layout.team_policies / name, dump_policy(action.policy))
    elif action.key is not None:
        step = {"trust": trust, "revoke": revoke}[str(action.kind)]
        step(ctx, action.key)


class _Foreseen(Layout):
    """The places of a machine, but its keys and the policies of teams are in another folder."""

    folder: Path

    @property
    def trust_file(self) -> Path:
        return self.folder / "trust.toml"

    @property
    def team_policies(self) -> Path:
        return self.folder / "policies"


@contextmanager
def foreseen(
    ctx: Context, actions: Iterable[Action]
) -> Iterator[tuple[Context, Mapping[Action, DistError]]]:
    """The context in which these actions were carried out already: what follows is judged as it will be then.

    Returns:
        That context, and why some of the actions can't be carried out.
    """
    todo = list(actions)
    if not todo:
        yield ctx, {}
        return
    failed: dict[Action, DistError] = {}
    with TemporaryDirectory(prefix="hermes-dist-") as folder:
        layout = _Foreseen(*ctx.layout)
        layout.folder = Path(folder)
        if ctx.layout.trust_file.exists():
            shutil.copyfile(ctx.layout.trust_file, layout.trust_file)
        if ctx.layout.team_policies.is_dir():
            shutil.copytree(ctx.layout.team_policies, layout.team_policies)
        there = ctx.at(layout)
        for action in todo:
            try:
                carry_out(there, action)
            except DistError as error:
                failed[action] = error
        yield there, failed
