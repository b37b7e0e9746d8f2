"""What every command shares: its options, and how it becomes a click command."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import click
import typer

from hermes_dist.cli.shared.session import Options, open_session

DryRun = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Show what would happen and change nothing.")
]
Yes = Annotated[
    bool, typer.Option("-y", "--yes", help="Answer yes to the content; effects stay parked.")
]
Only = Annotated[
    str, typer.Option("--only", metavar="PARTS", help="Take only these parts: soul,config,skills,…")
]
Except = Annotated[
    str, typer.Option("--except", metavar="PARTS", help="Leave these parts as they are.")
]
Profile = Annotated[
    str | None,
    typer.Argument(metavar="[PROFILE]", help="The profile; . or nothing is the active one."),
]
OnConflict = Annotated[
    str,
    typer.Option(
        "--conflict", metavar="keep|theirs|ask|abort", help="What to do where both sides changed."
    ),
]
AllowEffects = Annotated[
    bool, typer.Option("--allow-effects", help="Let everything run that the card names.")
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        metavar="NAME=VALUE",
        help="Set a variable in .env; NAME alone takes the shell's value.",
    ),
]
EnvFile = Annotated[
    str, typer.Option("--env-file", metavar="FILE", help="Set the variables of a file like .env.")
]
AcceptNewKey = Annotated[
    bool, typer.Option("--accept-new-key", help="Take a release that another key signed.")
]
AcceptUnsigned = Annotated[
    bool, typer.Option("--accept-unsigned", help="Take a release that nobody signed.")
]
AllowDowngrade = Annotated[
    bool, typer.Option("--allow-downgrade", help="Follow a source that went back.")
]
AcceptMovedTag = Annotated[
    bool, typer.Option("--accept-moved-tag", help="Follow a tag to another commit.")
]
RequireSignature = Annotated[
    bool, typer.Option("--require-signature", help="Refuse what nobody signed.")
]
IgnoreRequires = Annotated[
    bool, typer.Option("--ignore-requires", help="Install whatever agent is required.")
]


def _common() -> dict[str, Any]:
    option = typer.Option
    return {
        "in_profile": Annotated[
            str | None, option("-p", "--profile", metavar="NAME", help="The profile.")
        ],
        "quiet": Annotated[bool, option("-q", "--quiet", help="Only results and errors.")],
        "verbose": Annotated[bool, option("-v", "--verbose", help="More detail.")],
        "as_json": Annotated[bool, option("--json", help="One JSON object on stdout.")],
        "color": Annotated[
            str, option("--color", metavar="auto|always|never", help="Colour on stdout.")
        ],
        "no_progress": Annotated[bool, option("--no-progress", help="No spinner.")],
        "no_input": Annotated[
            bool, option("--no-input", help="Never ask; fail with code 6 instead.")
        ],
        "offline": Annotated[bool, option("--offline", help="Talk to no server.")],
        "allow_insecure": Annotated[
            bool, option("--allow-insecure", help="Let http:// and git:// leave this machine.")
        ],
    }


COMMON = frozenset(_common())
"""The names of the options that all commands share."""
_DEFAULTS = Options()._asdict()


def command_with_profile(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a command that has a ``--profile`` option of its own, such as those of routes."""
    return _command(
        function, {name: note for name, note in _common().items() if name != "in_profile"}
    )


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a click command from ``function(session, …) -> exit code``, with the options that all commands share."""
    return _command(function, _common())


def _command(function: Callable[..., int | None], common: dict[str, Any]) -> Callable[..., None]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name], annotation=note
        )
        for name, note in common.items()
    ]

    @wraps(function)
    def wrapper(**given: Any) -> None:
        options = Options(**{name: given.pop(name) for name in common})
        session = open_session(click.get_current_context().obj, options)
        try:
            code = function(session, **given)
        finally:
            session.screen.spinner.stop()
        if code:
            raise typer.Exit(code)

    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    wrapper.__signature__ = inspect.Signature([*keyword, *shared])  # type: ignore[attr-defined]  # read by typer
    wrapper.__annotations__ = {p.name: p.annotation for p in [*own, *shared]}
    return wrapper
