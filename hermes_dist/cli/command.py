"""What every command shares: its options, its session, and how it becomes a click command."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from itertools import pairwise
from typing import Annotated, Any

import click
import typer

from hermes_dist.brand import Brand
from hermes_dist.cli.screen import Screen
from hermes_dist.errors import DistError, UsageError
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context

DryRun = Annotated[bool, typer.Option("-n", "--dry-run", help="Show what would happen and change nothing.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Answer yes to the content; effects stay parked.")]
Only = Annotated[str, typer.Option("--only", metavar="PARTS", help="Take only these parts: soul,config,skills,…")]
Except = Annotated[str, typer.Option("--except", metavar="PARTS", help="Leave these parts as they are.")]
Profile = Annotated[
    str | None, typer.Argument(metavar="[PROFILE]", help="The profile; . or nothing is the active one.")
]
OnConflict = Annotated[
    str, typer.Option("--conflict", metavar="keep|theirs|ask|abort", help="What to do where both sides changed.")
]
AllowEffects = Annotated[bool, typer.Option("--allow-effects", help="Let everything run that the card names.")]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME=VALUE", help="Set a variable in .env; NAME alone takes the shell's value."),
]
EnvFile = Annotated[str, typer.Option("--env-file", metavar="FILE", help="Set the variables of a file like .env.")]
AcceptNewKey = Annotated[bool, typer.Option("--accept-new-key", help="Take a release that another key signed.")]
AcceptUnsigned = Annotated[bool, typer.Option("--accept-unsigned", help="Take a release that nobody signed.")]
AcceptMovedTag = Annotated[bool, typer.Option("--accept-moved-tag", help="Follow a tag to another commit.")]
RequireSignature = Annotated[bool, typer.Option("--require-signature", help="Refuse what nobody signed.")]
IgnoreRequires = Annotated[bool, typer.Option("--ignore-requires", help="Install whatever agent is required.")]


@dataclass(frozen=True)
class Invocation:
    """How the program was called: by which brand's command, for which profile."""

    brand: Brand
    prog: str
    profile: str | None = None


@dataclass(frozen=True)
class Session:
    """One run of a command: the context to work in and the screen to speak on."""

    ctx: Context
    screen: Screen
    brand: Brand

    def command(self, words: str) -> str:
        """Spell a command for the user, such as ``hermes profile update x``."""
        return self.ctx.command(words)


def _common() -> dict[str, Any]:
    option = typer.Option
    return {
        "in_profile": Annotated[str | None, option("-p", "--profile", metavar="NAME", help="The profile.")],
        "quiet": Annotated[bool, option("-q", "--quiet", help="Only results and errors.")],
        "verbose": Annotated[bool, option("-v", "--verbose", help="More detail.")],
        "as_json": Annotated[bool, option("--json", help="One JSON object on stdout.")],
        "color": Annotated[str, option("--color", metavar="auto|always|never", help="Colour on stdout.")],
        "no_progress": Annotated[bool, option("--no-progress", help="No spinner.")],
        "no_input": Annotated[bool, option("--no-input", help="Never ask; fail with code 6 instead.")],
        "offline": Annotated[bool, option("--offline", help="Talk to no server.")],
        "allow_insecure": Annotated[
            bool, option("--allow-insecure", help="Let http:// and git:// leave this machine.")
        ],
    }


COMMON = frozenset(_common())
"""The names of the options that all commands share."""
_DEFAULTS = {"in_profile": None, "color": "auto"}


def command_with_profile(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a command whose ``--profile`` is its own option, as of a route."""
    return _command(function, {name: note for name, note in _common().items() if name != "in_profile"})


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make a command of ``function(session, …) -> exit code``, with the options that all share."""
    return _command(function, _common())


def _command(function: Callable[..., int | None], common: dict[str, Any]) -> Callable[..., None]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS.get(name, False), annotation=note)
        for name, note in common.items()
    ]

    @wraps(function)
    def wrapper(**given: Any) -> None:
        options = {name: given.pop(name) for name in common}
        session = _session(options)
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


def _session(options: dict[str, Any]) -> Session:
    called: Invocation = click.get_current_context().obj
    screen = screen_of(options)
    ctx = Context.from_environment(called.brand, options.get("in_profile") or called.profile, called.prog)
    ctx = ctx.with_options(
        offline=options["offline"], allow_insecure=options["allow_insecure"], progress=screen.progress
    )
    return Session(ctx, screen, called.brand)


def screen_of(options: dict[str, Any]) -> Screen:
    """Make the screen that the options ask for.

    Raises:
        UsageError: ``--color`` takes something else.
    """
    if options["color"] not in _COLOURS:
        raise UsageError(f"--color takes auto, always or never, not {options['color']!r:.40}")
    return Screen(
        colour=_colour(options["color"]), quiet=options["quiet"], verbose=options["verbose"],
        as_json=options["as_json"], show_progress=not options["no_progress"], ask=not options["no_input"],
    )  # fmt: skip


def early_screen(argv: Sequence[str]) -> Screen:
    """The screen for what goes wrong before, or outside of, the options' own."""
    words = [f"--color={word}" if before == "--color" else word for before, word in pairwise(("", *argv))]
    chosen = [word.partition("=")[2] for word in words if word.startswith("--color=")]
    return Screen(colour=_colour(chosen[-1] if chosen else "auto"), as_json="--json" in argv)


_COLOURS = {"auto": None, "always": True, "never": False}


def _colour(word: str) -> bool | None:
    colour = _COLOURS.get(word)
    return False if colour is None and os.environ.get("NO_COLOR") else colour


def on_each(session: Session, names: Iterable[ProfileName], run: Callable[[Session, ProfileName], int]) -> int:
    """Run on many profiles: all run, the worst code counts, and with ``--json`` their objects become one."""
    each = replace(session, screen=session.screen.gather())
    codes = []
    for name in names:
        try:
            codes.append(run(each, name))
        except DistError as error:
            each.screen.error(error.within(name))
            codes.append(error.code)
    session.screen.emit("outcomes", {"results": each.screen.gathered or []})
    return worst(codes)


def worst(codes: Iterable[int]) -> int:
    """The exit code of a command that ran on many profiles: the worst of them."""
    found = set(codes)
    return next((code for code in (130, 2, 6, 5, 1, 4, 7, 8, 3, 10) if code in found), 0)
