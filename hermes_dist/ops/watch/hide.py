"""Take this machine's secrets out of texts for a chat or a log."""

from __future__ import annotations

from hermes_dist.decide.secrets.held import known_secrets
from hermes_dist.decide.secrets.redact import redact
from hermes_dist.ops.change.machine_secrets import secrets_of
from hermes_dist.ops.context import Context
from hermes_dist.world.trace import public


def hide(ctx: Context, text: str) -> str:
    """Return a text with ``${NAME}`` in place of every secret of every profile, and of what looks like one."""
    known = known_secrets(ctx.env, ())
    for name in ctx.names():
        known |= secrets_of(ctx, ctx.layout.home(name))
    data = public(text).encode("utf-8", "backslashreplace")
    return redact(data, known)[0].decode("utf-8", "backslashreplace")
