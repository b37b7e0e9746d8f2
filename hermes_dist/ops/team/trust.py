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
from hermes_dist.model.trust import Keyring, KnownKey, Policy, dump_policy
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
        atomic_write(_policy_file(ctx.layout, action.policy), dump_policy(action.policy))
    elif action.key is not None:
        step = {"trust": trust, "revoke": revoke}[str(action.kind)]
        step(ctx, action.key)


def _policy_file(layout: Layout, policy: Policy) -> Path:
    return layout.team_policies / f"{policy.place}.toml"


class _Foreseen(Layout):
    """The places of a machine, but its keys and the policies of teams are in another folder.

    Attributes:
        folder: That folder.
        real: What a policy or the keyring in it is a copy of: a file of this machine, or else the team's file.
    """

    folder: Path
    real: dict[Path, Path]

    def called(self, path: Path) -> str:
        """The file that a user knows: nobody finds a copy."""
        return super().called(self.real.get(path, path))

    @property
    def trust_file(self) -> Path:
        return self.folder / "trust.toml"

    @property
    def team_policies(self) -> Path:
        return self.folder / "policies"


@contextmanager
def foreseen(
    ctx: Context, file: Path, actions: Iterable[Action]
) -> Iterator[tuple[Context, Mapping[Action, DistError]]]:
    """The context in which these actions were carried out already: what follows is judged as it will be then.

    Args:
        ctx: The context.
        file: The team's file.
        actions: The actions.

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
        layout.real = {layout.trust_file: ctx.layout.trust_file}
        if ctx.layout.trust_file.exists():
            shutil.copyfile(ctx.layout.trust_file, layout.trust_file)
        if ctx.layout.team_policies.is_dir():
            shutil.copytree(ctx.layout.team_policies, layout.team_policies)
            for path in ctx.layout.team_policies.iterdir():
                layout.real[layout.team_policies / path.name] = path
        there = ctx.at(layout)
        for action in todo:
            if action.policy is not None:
                layout.real[_policy_file(layout, action.policy)] = file
            try:
                carry_out(there, action)
            except DistError as error:
                failed[action] = error
        yield there, failed
