"""Mask secrets: replace the values that this machine keeps secret by ``${NAME}`` in texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from hermes_dist.decide.consent.masked_facts import mask_facts
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.facts import Facts
from hermes_dist.model.keypath import parse_key, step_name
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind, Plan
from hermes_dist.ops.change.machine_secrets import secrets_of
from hermes_dist.ops.context import Context

with later():
    from hermes_dist.decide.changes import KeyChange
    from hermes_dist.decide.secrets.mask import hide
    from hermes_dist.decide.secrets.redact import redact


_UNNAMED = "(secret)"
"""Stands for a secret that no variable takes the place of."""


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

    def content(self, data: bytes) -> bytes:
        """Hide secrets in the content of a file."""
        return redact(data, self.known, unnamed=_UNNAMED)[0]

    def key(self, change: KeyChange) -> KeyChange:
        """Hide the values of a key whose name says that it holds a secret."""
        before, after = (self._value(change.key, each) for each in (change.before, change.after))
        if before == after:
            # The same variable on both sides would look as if nothing had changed.
            before, after = (
                shown if shown == said else _UNNAMED
                for shown, said in ((before, change.before), (after, change.after))
            )
        return KeyChange(change.key, before, after)

    def value(self, key: str, value: object) -> object:
        """Hide secrets in the value of a key, and in all that is below it."""
        if isinstance(value, Mapping):
            return {name: self.value(str(name), part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.value(key, part) for part in value]
        return self._value(key, value) if isinstance(value, str) else value

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
        try:
            steps = tuple(map(step_name, parse_key(key)))
        except Invalid:
            steps = (key.rpartition(".")[2],)
        shown, _ = hide(value, steps)
        lead = f"{steps[-1] if steps else key}: "
        masked = self._text(f"{lead}{shown}")
        return masked.removeprefix(lead) if masked.startswith(lead) else self._text(str(shown))

    def _text(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return redact(data, self.known, unnamed=_UNNAMED)[0].decode("utf-8", "surrogatepass")
