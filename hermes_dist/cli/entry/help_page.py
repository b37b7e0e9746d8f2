"""The help of one command: what it takes, its options in groups, and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

import click
import typer
import typer.core

from hermes_dist import __version__
from hermes_dist.cli.entry import help_rows
from hermes_dist.cli.entry.examples import EXAMPLES
from hermes_dist.cli.entry.exit_codes import rows_of
from hermes_dist.cli.shared.session import Invocation

HELP_OPTIONS = ["-h", "--help"]
VERSION = "version_"
"""How the option is called in the parameters of a command that has no ``--version`` of its own."""

_OWN, _VERSION, _ANSWERS, _OUTPUT, _ALL = (
    "Options",
    "Taking a version",
    "Answers",
    "Output",
    "Every command",
)
_CODES = "Exit codes, besides 0, 1, 2 and 130"
_GROUPS: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "to",
            "locked",
            "only",
            "without",
            "include",
            "exclude",
            "registry",
            "accept_name",
            "accept_new_key",
            "accept_unsigned",
            "accept_moved_tag",
            "allow_downgrade",
            "require_signature",
            "ignore_requires",
        ],
        _VERSION,
    ),
    **dict.fromkeys(
        ["yes", "conflict", "force_config", "allow_effects", "env", "env_file", "no_input"],
        _ANSWERS,
    ),
    **dict.fromkeys(["quiet", "verbose", "as_json", "color", "no_progress", "no_pager"], _OUTPUT),
    **dict.fromkeys(["in_profile", "offline", "allow_insecure", VERSION], _ALL),
}
"""The group of each option in the help; one that is not listed belongs to its verb alone."""
_TAKES_VERSIONS = "accept_unsigned"
"""A command with this option takes versions; elsewhere, ``--to`` or ``--only`` is an option of its own."""


class HelpPage(typer.core.TyperCommand):
    """A command whose help is grouped and laid out to the terminal."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, with ``--version`` unless the command has an option of that name."""
        return with_version(super().get_params(ctx))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the whole page."""
        formatter.write("\n".join(page(self, ctx)) + "\n")


def with_version(params: list[click.Parameter]) -> list[click.Parameter]:
    """Return parameters with ``--version`` at the end, unless it is among them."""
    if any("--version" in param.opts for param in params):
        return params
    return [*params, _version_option()]


def _version_option() -> click.Option:
    return click.Option(
        ["--version", VERSION],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version of this program.",
    )


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"hermes-dist {__version__}")
        ctx.exit()


def page(command: click.Command, ctx: click.Context) -> list[str]:
    """Return the lines of a command's help."""
    columns = help_rows.width()
    sections = [(title, rows) for title, rows in _sections(command, ctx) if rows]
    terms = help_rows.term_width(term for _, rows in sections for term, _ in rows)
    lines = help_rows.usage(ctx.command_path, _usage_words(command, ctx), columns)
    lines += ["", *help_rows.paragraph(command.help or "", columns)]
    for title, rows in sections:
        lines += ["", f"{title}:", *help_rows.laid_out(rows, columns, terms)]
    if codes := rows_of(_words(command, ctx)):
        lines += ["", f"{_CODES}:", *help_rows.laid_out(codes, columns, terms)]
    shown = examples_of(command, ctx)
    if shown:
        lines += ["", "Examples:", *help_rows.examples(shown, columns)]
    return lines


def _usage_words(command: click.Command, ctx: click.Context) -> list[str]:
    if isinstance(command, click.Group):
        return ["VERB", "[OPTIONS]", "[ARGUMENTS]"]
    return command.collect_usage_pieces(ctx)


def _sections(
    command: click.Command, ctx: click.Context
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    params = command.get_params(ctx)
    yield "Arguments", _records([each for each in params if _is_argument(each)], ctx)
    if isinstance(command, click.Group):
        yield "Verbs", [(name, sub.help or "") for name, sub in command.commands.items()]
    names = {str(param.name) for param in params}
    for title in (_OWN, _VERSION, _ANSWERS, _OUTPUT, _ALL):
        chosen = [each for each in params if _group_of(each, names) == title]
        yield title, _records(chosen, ctx)


def _is_argument(param: click.Parameter) -> bool:
    return isinstance(param, click.Argument)


def _group_of(param: click.Parameter, beside: set[str]) -> str:
    if _is_argument(param):
        return ""
    if "--help" in param.opts:
        return _ALL
    found = _GROUPS.get(str(param.name), _OWN)
    if found == _VERSION and _TAKES_VERSIONS not in beside:
        return _OWN
    return found


def _records(params: Sequence[click.Parameter], ctx: click.Context) -> list[tuple[str, str]]:
    found = [param.get_help_record(ctx) for param in params]
    return [record for record in found if record]


def examples_of(command: click.Command, ctx: click.Context) -> list[tuple[str, str]]:
    """Return a command's examples, each as a whole line and what it does."""
    return [
        (f"{_program(ctx)} {each.words}".rstrip(), each.says)
        for each in EXAMPLES.get(_words(command, ctx), ())
    ]


def _program(ctx: click.Context) -> str:
    called = ctx.find_object(Invocation)
    return called.prog if called else ctx.find_root().command_path


def _words(command: click.Command, ctx: click.Context) -> str:
    """The command as the tables name it, such as ``gateway route add``."""
    return ctx.command_path.removeprefix(_program(ctx)).strip() or str(command.name)


def describe_arguments(command: click.Command, function: Callable[..., Any]) -> click.Command:
    """Give the arguments of a command their descriptions back.

    typer hands them to its own class of arguments, whose base class forgets them since click 8.5.
    """
    notes = getattr(function, "__annotations__", {})
    for param in command.params:
        if isinstance(param, typer.core.TyperArgument):
            _, *more = get_args(notes.get(str(param.name))) or (None,)
            found = [each.help for each in more if each.help]
            param.help = param.help or (found[0] if found else None)
    return command
