"""A machine, packages in folders, and `apply` of the file of a team to them."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.brand import HERMES, Layout
from hermes_dist.ops.context import Context
from hermes_dist.ops.team import apply as ops
from hermes_dist.ops.team.apply import Options, Planned, State

SERVER = '{"mcpServers": {"web": {"command": "npx", "args": ["web"]}}}\n'


def machine(folder: Path, **env: str) -> Context:
    root = folder / ".hermes"
    root.mkdir(parents=True, exist_ok=True)
    return Context(HERMES, Layout(HERMES, root, folder), {**os.environ, **env})


def package(folder: Path, name: str, **files: str) -> Path:
    """A package in a folder."""
    whole = {
        "distribution.yaml": f"name: {name}\nversion: 1.0.0\n",
        "SOUL.md": f"# {name}\nBe kind.\nBe brief.\nBe right.\n",
        **files,
    }
    for path, text in whole.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def apply(ctx: Context, file: Path, **options: bool) -> Planned:
    chosen = Options(**options)
    with ops.alone(ctx):
        return ops.carry_out(ctx, ops.prepare(ctx, file, chosen), chosen, lambda _: None)


def ends(planned: Planned) -> list[tuple[str, str, str]]:
    return [(s.action.profile, str(s.action.kind), str(s.state)) for s in planned.steps]


def failed(planned: Planned) -> list[str]:
    return [f"{s.action}: {s.error}" for s in planned.steps if s.state is not State.DONE]
