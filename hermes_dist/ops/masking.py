"""What this machine keeps secret, and texts with ``${NAME}`` in place of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hermes_dist.agents.places import AUTH, ENV
from hermes_dist.decide import dotenv
from hermes_dist.decide.changes import KeyChange
from hermes_dist.decide.export import known_secrets
from hermes_dist.decide.redact import redact
from hermes_dist.errors import Invalid
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.documents import Kind, load_data
from hermes_dist.ops.context import Context

_MOST_KNOWN = 1 << 20
"""As much of a file of secrets is read."""


def secrets_of(ctx: Context, home: Path) -> Mapping[str, str]:
    """What this machine keeps secret: the values in ``.env`` and ``auth.json`` of a home and of the root."""
    variables: dict[str, str] = {}
    logins: list[object] = []
    for folder in (ctx.layout.root, home):
        variables |= dotenv.read(_bytes(folder / ENV))
        try:
            logins.append(load_data(_bytes(folder / AUTH) or b"{}", Kind.JSON))
        except Invalid:
            continue
    return known_secrets(variables, logins)


class Mask(Discreet, frozen=True):
    """Hides secrets in what is shown of a home."""

    known: Mapping[str, str]

    @classmethod
    def of(cls, ctx: Context, home: Path) -> Mask:
        """The mask for one home."""
        return cls(secrets_of(ctx, home))

    def lines(self, lines: list[str]) -> list[str]:
        """Hide secrets in the lines of a text; a secret of several lines becomes one."""
        return self._text("\n".join(lines)).split("\n") if lines else []

    def key(self, change: KeyChange) -> KeyChange:
        """Hide secrets in the values of a key, which tells by its name that it holds one."""
        return KeyChange(change.key, self._value(change.key, change.before), self._value(change.key, change.after))

    def _value(self, key: str, value: str) -> str:
        lead = f"{key.rpartition('.')[2]}: "
        masked = self._text(lead + value)
        return masked.removeprefix(lead) if masked.startswith(lead) else self._text(value)

    def _text(self, text: str) -> str:
        return redact(text.encode("utf-8", "surrogatepass"), self.known)[0].decode("utf-8", "surrogatepass")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_KNOWN)
    except OSError:
        return b""
