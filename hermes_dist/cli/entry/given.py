"""Refuse a command line in which a word is missing, or that says two things where one is possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click
from click.core import ParameterSource

from hermes_dist.cli.entry.help_page import VERSION, HelpPage
from hermes_dist.cli.shared.session import Invocation
from hermes_dist.errors import UsageError, quoted

_MAY_BE_EMPTY = frozenset(["description", "text", "words", "in_profile", "profile", "where"])
"""Texts that may be empty, and profiles, whose own error says how the active one is written."""
_LAST_ONE_COUNTS = frozenset(["color", "platform"])
"""Options that a shell's alias sets and its user sets again."""
_PROFILES = ("profile", "where")
_ACTIVE = (None, ".")


class TooMany(click.UsageError):
    """A command line has words that the command has no place for.

    Attributes:
        extra: These words.
    """

    def __init__(self, ctx: click.Context, extra: Sequence[str]) -> None:
        super().__init__("unexpected words", ctx)
        self.extra = extra


class VersionBesideWords(click.UsageError):
    """A command line has ``--version``, which asks for the version of this program, beside other words."""

    def __init__(self, ctx: click.Context) -> None:
        super().__init__("--version stands alone: it shows the version of this program", ctx)


class StrictCommand(HelpPage):
    """A command that takes no empty values, no option twice, and no two profiles.

    A script whose variable is not set must not do something else than its author meant.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of a command.

        Raises:
            VersionBesideWords: ``--version`` is among the words, as if it were the version of a package.
            TooMany: There are words that have no place.
            UsageError: A value is empty, or an option was given twice with different values.
        """
        # The library consumes the list; what it says of the words comes before what we say.
        words = list(args)
        if "--version" in words:
            self._refuse_version_beside_words(ctx, words)
        # The library would refuse the words that are left in a sentence of its own, which leads nowhere.
        ctx.allow_extra_args = True
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as err:
            err.ctx = err.ctx or ctx  # an option without its value says nothing of its command
            raise
        if ctx.resilient_parsing:
            return rest
        if rest:
            raise TooMany(ctx, rest)
        _refuse_empty(ctx, self.get_params(ctx))
        _refuse_twice(ctx, self.make_parser(ctx).parse_args(words)[2])
        _refuse_two_profiles(ctx)
        return rest

    def _refuse_version_beside_words(self, ctx: click.Context, words: Sequence[str]) -> None:
        # Code 0 and our own version would look as if the command had done what its words say.
        beside = any(not word.startswith("-") for word in words)
        if beside and any(param.name == VERSION for param in self.get_params(ctx)):
            raise VersionBesideWords(ctx)


def _refuse_empty(ctx: click.Context, params: Iterable[click.Parameter]) -> None:
    for param in params:
        name = str(param.name)
        if name in _MAY_BE_EMPTY or _is_default(ctx, name):
            continue
        value = ctx.params.get(name)
        values = value if isinstance(value, (list, tuple)) else [value]
        if "" in values:
            raise UsageError(f"{_called(ctx, param)} is empty", hint=_hint(ctx, param))


def _is_default(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) != ParameterSource.COMMANDLINE


def _called(ctx: click.Context, param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.make_metavar(ctx).strip("[]….")


def _hint(ctx: click.Context, param: click.Parameter) -> str:
    if param.required:
        return f"give it a value; see: {ctx.command_path} --help"
    return "give it a value, or leave it out"


def _refuse_twice(ctx: click.Context, order: Sequence[click.Parameter]) -> None:
    seen = set()
    for param in order:
        if not isinstance(param, click.Option) or param.multiple or param.is_flag or param.count:
            continue
        if param.name in seen and param.name not in _LAST_ONE_COUNTS:
            raise UsageError(f"{_called(ctx, param)} is given twice", hint="leave one of them out")
        seen.add(param.name)


def _refuse_two_profiles(ctx: click.Context) -> None:
    """Refuse ``-p A B``: which of the two was meant is anybody's guess."""
    if "in_profile" not in ctx.params:
        return  # its own --profile means something else
    called: Invocation | None = ctx.obj
    chosen = ctx.params.get("in_profile")
    ahead = called.profile if called and called.prog == called.brand.dist_command else None
    # A profile's own command is `hermes -p A`, and behind it any other profile may be named, as the agent allows.
    chosen = ahead if chosen is None else chosen
    if ahead is not None and ahead != chosen:
        raise UsageError("--profile is given twice", hint="leave one of them out")
    for name in _PROFILES:
        named = ctx.params.get(name)
        if named not in _ACTIVE and chosen not in {None, named}:
            raise UsageError(
                f"two profiles are named: {quoted(chosen, 60)} and {quoted(named, 60)}",
                hint="leave one of them out",
            )
