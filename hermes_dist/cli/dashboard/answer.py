"""The program behind the tab in the agent's dashboard: one request on standard input, its answer on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hermes_dist.brand import Brand
from hermes_dist.ops.context import Context, Progress
from hermes_dist.page.pipe import pipe


def answer(brand: Brand, _rest: Sequence[str]) -> int:
    """Answer one request of the tab's plugin, which runs in the agent's own Python.

    Args:
        brand: The brand whose agent it is.

    Returns:
        The exit code, 0: whatever goes wrong is in the answer.
    """

    def context_of(progress: Progress) -> Context:
        ctx = Context.from_environment(brand, None, brand.dist_command)
        return ctx.with_options(progress=progress)

    pipe(context_of, sys.stdin.buffer, sys.stdout.buffer)
    return 0
