"""The commands, loaded when they are asked for, and the one error boundary."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click
import typer
import typer.core
import typer.main

from hermes_dist import __version__
from hermes_dist.brand import Brand
from hermes_dist.cli.command import Invocation, early_screen
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


def run(brand: Brand, argv: Sequence[str], *, prog: str, profile: str | None) -> int:
    """Run a command line.

    Args:
        brand: The brand of the command.
        argv: The words behind the program's name.
        prog: How the program was called, for help texts.
        profile: The profile that flags before the verb named.

    Returns:
        The exit code of docs/exit-codes.md.
    """
    screen = early_screen(argv)
    verbose = "-v" in argv or "--verbose" in argv
    try:
        code = _root().main(
            list(argv), prog_name=prog, standalone_mode=False, obj=Invocation(brand, prog, profile)
        )
    except DistError as err:
        screen.error(err)
        return err.code
    except click.exceptions.Exit as err:
        return err.exit_code
    except click.ClickException as err:
        screen.error(_usage(err, prog))
        return 2
    except (KeyboardInterrupt, click.Abort):
        screen.prompt("\ninterrupted; the home is as before, or finished by the next command")
        return 130
    except Exception as err:  # the one boundary: nobody sees a traceback unasked
        if verbose:
            raise
        screen.error(_internal(err, prog))
        return 1
    return code if isinstance(code, int) else 0


def _usage(err: click.ClickException, prog: str) -> DistError:
    where = err.ctx.command_path if isinstance(err, click.UsageError) and err.ctx else prog
    return UsageError(err.format_message().rstrip("."), hint=f"see: {where} --help")


def _internal(err: Exception, prog: str) -> DistError:
    return DistError(
        f"a fault of this program: {type(err).__name__}: {err}",
        hint=f"please report it with the output of the same command and -v ({prog} {__version__})",
    )

