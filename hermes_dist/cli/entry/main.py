"""The commands, behind the library that parses command lines; each is loaded only when it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType

import click
import typer
import typer.core
import typer.main

from hermes_dist.cli.entry.given import StrictCommand
from hermes_dist.cli.entry.help_page import (
    HELP_OPTIONS,
    describe_arguments,
    page,
    with_version,
)
from hermes_dist.cli.entry.help_rows import help_text
from hermes_dist.cli.entry.verbs import NESTED, VERBS, Nested, Verb
from hermes_dist.cli.shared.boundary import Guard
from hermes_dist.cli.shared.command import as_command
from hermes_dist.cli.shared.session import Invocation
from hermes_dist.errors import NameWithVersion, NoProfileName, NoSuchProfile, Renamed, UsageError
from hermes_dist.ops.profiles.completion import Option


class _Guiding(click.Group):
    """A group that lists its verbs if none or an unknown one is given, unless one of them is the default."""

    default = ""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.default and not (args and args[0] in {*self.commands, *HELP_OPTIONS}):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as err:
            below = list(_below(NESTED, ""))
            raise _errors().no_such_verb(args, ctx, self.verbs(ctx), below) from err

    def verbs(self, ctx: click.Context) -> list[str]:
        """The names of the verbs."""
        return self.list_commands(ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return with_version(super().get_params(ctx))

    def get_help(self, ctx: click.Context) -> str:
        return "\n".join(page(self, ctx))


class _Command(StrictCommand):
    """A command that says where a word belongs that stands in the place of a profile."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (NoSuchProfile, NoProfileName) as err:
            raise _errors().in_place_of_profile(err, ctx) from None
        except (NameWithVersion, Renamed) as err:
            err.valued = valued_options(self)
            raise


def valued_options(command: click.Command) -> frozenset[str]:
    """The options of a command that take a value."""
    options = (each for each in command.params if isinstance(each, click.Option))
    valued = (each for each in options if not (each.is_flag or each.count))
    return frozenset(name for each in valued for name in each.opts)


class _Lazy(_Guiding):
    """A group that imports a command's module only when that command is run."""

    def verbs(self, _ctx: click.Context) -> list[str]:
        return [*VERBS, *NESTED]

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS and cmd_name not in NESTED:
            return None
        return command_named(cmd_name)

    # The help of click would load the module of every command, for one line of each.
    def get_help(self, ctx: click.Context) -> str:
        called: Invocation = ctx.obj
        return help_text(called.brand, called.prog).rstrip()


def command_named(name: str) -> click.Command:
    """Load a command of the table by its name."""
    if name in NESTED:
        return _group(name, NESTED[name])
    verb = VERBS[name]
    return _load(name, verb.module, verb.function, verb.help)


def options_of(words: Sequence[str]) -> dict[str, Option]:
    """The options of a command of the table, for completion: the long ones first.

    Args:
        words: The command, and the verbs below it.
    """
    found = command_named(words[0])
    for word in words[1:]:
        if isinstance(found, click.Group):
            found = found.commands.get(word, found)
    described = {"--help": Option("Show this message and exit.")}
    for param in found.params:
        if isinstance(param, click.Option):
            option = Option(param.help or "", not (param.is_flag or param.count))
            described.update(dict.fromkeys(param.opts, option))
    return dict(sorted(described.items(), key=_short_last))


def _short_last(item: tuple[str, Option]) -> bool:
    return not item[0].startswith("--")


def _load(name: str, module: str, function: str, short: str) -> click.Command:
    # Completion is a command of ours; typer would add two options for it to every verb. Without
    # a markup mode, help does not load rich, which costs some 50 ms.
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    found = as_command(getattr(import_module(f"hermes_dist.cli.{module}"), function))
    app.command(name, cls=_Command, help=short)(found)
    return describe_arguments(typer.main.get_command(app), found)


def _group(name: str, nested: Nested) -> click.Group:
    group = _Guiding(name, help=nested.help, invoke_without_command=True, callback=_verb_wanted)
    group.default = nested.default
    for word, verb in nested.verbs.items():
        if isinstance(verb, Nested):
            group.add_command(_group(word, verb))
        else:
            group.add_command(_load(word, verb.module, verb.function, verb.help), word)
    return group


def _verb_wanted() -> None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None and isinstance(ctx.command, _Guiding):
        raise click.UsageError(
            f"{ctx.info_name} needs a verb: {', '.join(ctx.command.verbs(ctx))}", ctx
        )


def _below(table: Mapping[str, Verb | Nested], above: str) -> Iterator[str]:
    """The verbs below others, each by all its words."""
    for name, verb in table.items():
        if above:
            yield f"{above}{name}"
        if isinstance(verb, Nested):
            yield from _below(verb.verbs, f"{above}{name} ")


def _errors() -> ModuleType:
    """What there is to say of a line that is wrong; only such a line needs it."""
    from hermes_dist.cli.entry import usage  # noqa: PLC0415 - only needed for an error

    return usage


def _root() -> click.Group:
    return _Lazy(
        "hermes-dist",
        invoke_without_command=True,
        callback=_bare,
        context_settings={"help_option_names": HELP_OPTIONS},
    )


def _bare() -> None:
    """Without a verb, show where things stand."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        ctx.invoke(command_named("overview"))


def run(called: Invocation, argv: Sequence[str]) -> int:
    """Run a command line.

    Args:
        called: How the program was called.
        argv: The words after the program's name.

    Returns:
        The exit code of docs/exit-codes.md.
    """
    with Guard(argv, called) as guard:
        guard.code = _run(called, argv)
    return guard.code or 0


def _run(called: Invocation, argv: Sequence[str]) -> int:
    called, words = _verb_first(called, argv)
    try:
        code = _root().main(words, prog_name=called.prog, standalone_mode=False, obj=called)
    except click.exceptions.Exit as err:
        return err.exit_code
    except click.ClickException as err:
        raise _errors().as_usage(err, _path(called, words)) from err
    except UsageError as err:
        err.hint = err.hint or f"see: {_path(called, words)} --help"
        raise
    except click.Abort:
        # click makes an Abort of Ctrl-C; the boundary has code 130 and a sentence for what it was.
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def _verb_first(called: Invocation, argv: Sequence[str]) -> tuple[Invocation, list[str]]:
    """Allow the options shared by all commands before the verb, too, as the agent allows ``-p`` there."""
    words, ahead = list(argv), list[str]()
    while words and words[0].startswith("-"):
        flag, joined, value = words[0].partition("=")
        width = _width(flag, joined)
        if flag in _ANSWERED_ALONE:
            return _answered(called, words, ahead)
        if not width:
            return called, list(argv)  # an option of a verb, or none: the library says so
        if len(words) < width:
            raise _errors().needs_value(flag, _VALUES.get(flag, "NAME"), called.prog)
        if flag in _PROFILE:
            if not joined:
                value = words[1]
            called = _about(called, value)
        else:
            ahead += words[:width]
        words = words[width:]
    return called, _with_options_behind(words or [_without_verb(called)], ahead)


def _about(called: Invocation, profile: str) -> Invocation:
    """The run, for a profile that ``-p`` names.

    Raises:
        UsageError: ``-p`` named one already.
    """
    if called.profile is not None:
        raise UsageError("--profile is given twice", hint="leave one of them out")
    return called._replace(profile=profile)


def _answered(
    called: Invocation, words: Sequence[str], ahead: Sequence[str]
) -> tuple[Invocation, list[str]]:
    """A line whose first word asks for the help or the version: the help of a verb that follows, as behind it."""
    flag, *rest = words
    if flag == "--version" or all(word.startswith("-") for word in rest):
        return called, [flag]
    return _verb_first(called, [*ahead, *rest, flag])


def _width(flag: str, joined: str) -> int:
    """How many words an option takes, if all commands share it; 0 for any other."""
    if flag in _SWITCHES:
        return 0 if joined else 1
    if flag not in _PROFILE and flag != "--color":
        return 0
    return 1 if joined else 2


def _with_options_behind(words: list[str], ahead: list[str]) -> list[str]:
    """The words with the options from before the verb put behind it."""
    if words[0] not in {*VERBS, *NESTED}:
        return words
    depth = _depth(words)
    return [*words[:depth], *ahead, *words[depth:]]


def _without_verb(called: Invocation) -> str:
    """The verb that is meant by none: where things stand, or, of a profile that ``-p`` names, what it is."""
    return "overview" if called.profile is None else "current"


_ANSWERED_ALONE = frozenset([*HELP_OPTIONS, "--version"])
_PROFILE = frozenset(["-p", "--profile"])
_VALUES = {"--color": "auto|always|never"}
_SWITCHES = frozenset(
    [
        "-q",
        "--quiet",
        "-v",
        "-vv",
        "--verbose",
        "--json",
        "--no-progress",
        "--no-pager",
        "--no-input",
        "--offline",
        "--allow-insecure",
    ]
)


def _path(called: Invocation, words: Sequence[str]) -> str:
    """The command of a line, as its help is asked for."""
    return f"{called.prog} {' '.join(words[: _depth(words)])}".rstrip()


def _depth(words: Sequence[str]) -> int:
    """Count how many of the first words are a command and its verbs."""
    depth = 0
    known: Mapping[str, Verb | Nested] = {**VERBS, **NESTED}
    while depth < len(words) and words[depth] in known:
        found = known[words[depth]]
        known = found.verbs if isinstance(found, Nested) else {}
        depth += 1
    return depth
