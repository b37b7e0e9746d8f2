"""The commands, loaded when they are asked for, behind the library that reads command lines."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click
import typer
import typer.core
import typer.main

from hermes_dist.cli.boundary import guarded
from hermes_dist.cli.session import Invocation
from hermes_dist.cli.start import help_text
from hermes_dist.cli.verbs import NESTED, VERBS, Nested
from hermes_dist.errors import DistError, UsageError


class _Lazy(click.Group):
    """A group that imports a command's module only when that command is run."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        return command_named(cmd_name) if cmd_name in VERBS or cmd_name in NESTED else None

    def get_help(self, ctx: click.Context) -> str:
        called: Invocation = ctx.obj
        return help_text(called.brand, called.prog).rstrip()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as err:
            import difflib  # noqa: PLC0415 - only for the error

            close = difflib.get_close_matches(args[0], [*VERBS, *NESTED], n=3)
            if not close:
                raise
            raise click.UsageError(f"{err.message} Did you mean {' or '.join(close)}?", ctx) from err


def command_named(name: str) -> click.Command:
    """Load a command of the table by its name."""
    if name in NESTED:
        return _group(name, NESTED[name])
    verb = VERBS[name]
    return _load(name, verb.module, verb.function, verb.help)


def _load(name: str, module: str, function: str, short: str) -> click.Command:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, help=short)(getattr(import_module(f"hermes_dist.cli.{module}"), function))
    return typer.main.get_command(app)


def _group(name: str, nested: Nested) -> click.Group:
    group = click.Group(name, help=nested.help)
    for word, verb in nested.verbs.items():
        if isinstance(verb, Nested):
            group.add_command(_group(word, verb))
        else:
            group.add_command(_load(word, verb.module, verb.function, verb.help), word)
    return group


def _root() -> click.Group:
    return _Lazy("hermes-dist", invoke_without_command=True, callback=_bare)


def _bare() -> None:
    """Without a verb: the profile you are in, as the agent shows it."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        ctx.invoke(command_named("current"))


def run(called: Invocation, argv: Sequence[str]) -> int:
    """Run a command line.

    Args:
        called: How the program was called.
        argv: The words behind the program's name.

    Returns:
        The exit code of docs/exit-codes.md.
    """
    return guarded(lambda: _run(called, argv), argv, called.prog)


def _run(called: Invocation, argv: Sequence[str]) -> int:
    try:
        code = _root().main(list(argv), prog_name=called.prog, standalone_mode=False, obj=called)
    except click.exceptions.Exit as err:
        return err.exit_code
    except click.ClickException as err:
        raise _usage(err, called.prog) from err
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def _usage(err: click.ClickException, prog: str) -> DistError:
    where = err.ctx.command_path if isinstance(err, click.UsageError) and err.ctx else prog
    return UsageError(err.format_message().rstrip("."), hint=f"see: {where} --help")
