"""Plans that were asked for in a chat, and the codes that carry them out."""

from __future__ import annotations

import secrets

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.watch.codes import (
    Asked,
    Codes,
    Judged,
    Verdict,
    code_for,
    judge,
    spelled,
)
from hermes_dist.errors import DistError, Refused, quoted
from hermes_dist.ops.context import Context
from hermes_dist.ops.watch.state import CODES, changing, read_state, write_state
from hermes_dist.world.agent.processes import is_inside_agent

_NUMBERS = 10**8


class Issued(Struct, frozen=True):
    """A code that was made for a plan; the digits are shown once and stored nowhere."""

    asked: Asked
    digits: str


class CodeRefused(Refused):
    """A typed code is not good; nothing was done.

    Attributes:
        verdict: Why.
        left: How many tries are left.
    """

    def __init__(self, judged: Judged) -> None:
        super().__init__(f"the code is not good: {judged.verdict}")
        self.verdict = judged.verdict
        self.left = judged.left


def remember(ctx: Context, asked: Asked) -> None:
    """Remember a plan that an owner asked for, so that the terminal can show a code for it.

    Raises:
        DistError: The file can't be read or written.
    """
    with changing(ctx.layout):
        write_state(ctx.layout, CODES, _codes(ctx).asking(asked))


def waiting(ctx: Context) -> tuple[Asked, ...]:
    """List the plans that owners asked for during the last day, the newest last.

    Raises:
        DistError: The file can't be read.
    """
    return _codes(ctx).recent(ctx.now().timestamp())


def find_asked(ctx: Context, word: str = "") -> Asked:
    """Find a plan that was asked for.

    Args:
        ctx: The context.
        word: The start of its id; empty if there is only one.

    Raises:
        DistError: There is none, or several fit.
    """
    known = waiting(ctx)
    fit = [asked for asked in known if asked.plan.startswith(word.lower())]
    if len(fit) == 1:
        return fit[0]
    ids = ", ".join(asked.id for asked in known) or "none"
    if not known:
        raise DistError(
            "nothing was asked for in a chat",
            hint="an owner asks there first, for instance with: /dist update",
        )
    if not fit:
        raise DistError(f"no plan {quoted(word, 80)} was asked for", hint=f"the plans: {ids}")
    raise DistError("several plans were asked for", hint=f"name one of: {ids}")


def issue(ctx: Context, asked: Asked) -> Issued:
    """Make a code for a plan; an earlier code is good no more.

    Raises:
        DistError: The file can't be read or written.
    """
    digits = spelled(secrets.randbelow(_NUMBERS))
    code = code_for(asked, digits, secrets.token_hex(16), ctx.now().timestamp())
    with changing(ctx.layout):
        write_state(ctx.layout, CODES, replace(_codes(ctx), code=code))
    return Issued(asked, digits)


def redeem(ctx: Context, asked: Asked, typed: str) -> str:
    """Use a code up.

    What becomes of it is stored before anything is done with it, under a lock: of two that type the same code at the
    same moment, one is refused.

    Args:
        ctx: The context.
        asked: What it was typed for; its plan does not matter.
        typed: The digits.

    Returns:
        The digest of the plan that it is good for. Nothing else may be carried out.

    Raises:
        CodeRefused: It is not good.
        DistError: The file can't be read or written.
    """
    with changing(ctx.layout):
        before = _codes(ctx)
        judged = judge(before, asked, typed, ctx.now().timestamp())
        if judged.codes != before:
            write_state(ctx.layout, CODES, judged.codes)
    if judged.verdict is not Verdict.GOOD:
        raise CodeRefused(judged)
    return judged.plan


def refuse_inside_agent(ctx: Context) -> None:
    """Make sure that the agent did not start this command: what its model types may not let anybody command.

    Raises:
        Refused: It did.
    """
    if is_inside_agent(ctx.layout, ctx.env):
        raise Refused(
            f"this command was started from inside {ctx.brand.title}, and it is for people alone",
            hint="run it in a terminal of your own",
        )


def _codes(ctx: Context) -> Codes:
    return read_state(ctx.layout, CODES, Codes())
