"""Mask secrets: replace the values that this machine keeps secret by ``${NAME}`` in texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.agents.places import AUTH, ENV
from hermes_dist.decide.changes import KeyChange
from hermes_dist.decide.consent.masked_facts import mask_facts
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.leaving.export import known_secrets
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.facts import Facts
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind, Plan
from hermes_dist.ops.context import Context

_MOST_KNOWN = 1 << 20
"""The most bytes that are read of a file of secrets."""


def secrets_of(ctx: Context, home: Path) -> Mapping[str, str]:
    """Collect the secrets of this machine: the values in ``.env`` and ``auth.json`` of a home and of the root."""
    variables: dict[str, str] = {}
    logins: list[object] = []
    for folder in (ctx.layout.root, home):
        variables |= dotenv.read(_bytes(folder / ENV))
        try:
            logins.append(load_data(_bytes(folder / AUTH) or b"{}", Kind.JSON))
        except Invalid:
            continue
    return known_secrets(variables, logins)


def variables_of(home: Path) -> Mapping[str, str]:
    """Read the variables of a home's ``.env``; empty if there are none."""
    return dotenv.read(_bytes(home / ENV))


class Mask(Discreet, frozen=True):
    """Hides secrets in whatever is shown of a home."""

    known: Mapping[str, str]

    @classmethod
    def of(cls, ctx: Context, home: Path) -> Mask:
        """Make the mask for one home."""
        return cls(secrets_of(ctx, home))

    def lines(self, lines: list[str]) -> list[str]:
        """Hide secrets in the lines of a text; a secret of several lines becomes one line."""
        return self._text("\n".join(lines)).split("\n") if lines else []

    def key(self, change: KeyChange) -> KeyChange:
        """Hide the values of a key whose name says that it holds a secret."""
        return KeyChange(
            change.key,
            self._value(change.key, change.before),
            self._value(change.key, change.after),
        )

    def effects(self, effects: Iterable[Effect]) -> tuple[Effect, ...]:
        """Hide secrets in the text of effects."""
        return mask_facts(effects, self.known)

    def plan(self, plan: Plan) -> Plan:
        """Hide secrets in the text of a plan, and in what it lets the lock remember."""
        effects, parked, ran = map(self.effects, (plan.effects, plan.parked, plan.ran))
        return replace(plan, effects=effects, parked=parked, ran=ran)

    def lock(self, lock: Lock) -> Lock:
        """Hide secrets in the effects that a lock remembers."""
        approved = tuple(
            replace(approval, facts=self._facts(approval)) for approval in lock.approved
        )
        return replace(lock, parked=self.effects(lock.parked), approved=approved)

    def _facts(self, approval: Approval) -> Facts:
        if not approval.path or not approval.facts:
            return approval.facts
        effect = Effect(
            EffectKind.RUNS, RelPath(approval.path), approval.key, approval.facts, approval.digest
        )
        return self.effects([effect])[0].facts

    def _value(self, key: str, value: str) -> str:
        lead = f"{key.rpartition('.')[2]}: "
        masked = self._text(lead + value)
        return masked.removeprefix(lead) if masked.startswith(lead) else self._text(value)

    def _text(self, text: str) -> str:
        return redact(text.encode("utf-8", "surrogatepass"), self.known)[0].decode(
            "utf-8", "surrogatepass"
        )


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_KNOWN)
    except OSError:
        return b""
