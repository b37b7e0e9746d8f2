"""What is wrong with a command line, and what to write instead; imported only when there is something to say."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import click
from click.core import ParameterSource

from hermes_dist.agents.names import COMMANDS
from hermes_dist.cli.entry.given import TooMany, VersionBesideWords
from hermes_dist.cli.entry.meant import (
    AGENTS_MEANT,
    VERBS_MEANT,
    Meant,
    after_profile,
    did_you_mean,
    extra_meant,
    first_meant,
    option_meant,
    value_meant,
    verb_meant,
    yes_meant,
)
from hermes_dist.cli.entry.verbs import NESTED
from hermes_dist.cli.shared.retyped import HIDDEN, spelled
from hermes_dist.cli.shared.session import Invocation
from hermes_dist.errors import DistError, NoSuchProfile, UsageError
from hermes_dist.ops.context import Context

_LONGEST = 40
_LONGEST_WRITTEN = 200


def no_such_verb(
    words: Sequence[str], ctx: click.Context, verbs: Sequence[str], below: Sequence[str]
) -> UsageError:
    """The error for a word that is not a verb.

    Args:
        words: The word, and those behind it.
        ctx: The command that it stands behind.
        verbs: The verbs of that command.
        below: The verbs of all groups, each by all its words.
    """
    word = words[0]
    alike = [name for name in below if name.split()[-1] == word]
    if ctx.parent is None:
        what = f"there is no command {_shown(word)}"
        meant = (
            _as_profile(words, ctx, verbs)
            or _behind_profile(words, ctx, verbs)
            or did_you_mean(VERBS_MEANT.get(word, ()))
            or _as_agents(word, ctx)
            or did_you_mean(alike)
            or _near(word, verbs)
        )
    else:
        what = f"{_below(ctx)} has no verb {_shown(word)}"
        meant = _verb_of_group(str(ctx.info_name), word, verbs, alike)
    return UsageError(what, hint=_with_help(meant, ctx.command_path))


def _as_profile(words: Sequence[str], ctx: click.Context, verbs: Sequence[str]) -> Meant | None:
    """What to write if the first word is a profile, which a command of its own may start; None if it is none."""
    called: Invocation = ctx.obj
    word, after = words[0], words[1:]
    with suppress(DistError):
        if word in Context.from_environment(called.brand).names():
            prog = _prog(ctx)
            if after and after[0] in verbs:
                line = "" if after[0] in NESTED else spelled([after[0], word, *after[1:]])
                shown = f": {prog} {line}" if line else ""
                return Meant(f"the command comes before the profile{shown}")
            start = f"{called.brand.name} -p {word} chat"
            return Meant(f"{word} is a profile: {prog} status {word}; to start it: {start}")
    return None


def _behind_profile(words: Sequence[str], ctx: click.Context, verbs: Sequence[str]) -> Meant | None:
    """What to write for ``profile list``: as behind the front door and with the agent's own command; else None."""
    word, after = words[0], words[1:]
    if word != "profile" or not after or after[0] not in verbs:
        return None
    line = spelled(after)
    return Meant(f"leave {word} out" + (f": {_prog(ctx)} {line}" if line else ""))


def _as_agents(word: str, ctx: click.Context) -> Meant | None:
    """What to write if the word is a command of the agent, or means one; None if it does not."""
    called: Invocation = ctx.obj
    command = AGENTS_MEANT.get(word, word)
    if command not in COMMANDS:
        return None
    name = called.brand.name
    return Meant(
        f"that is a command of the agent: {name} {command}, or {name} -p PROFILE {command}"
    )


def _verb_of_group(group: str, word: str, verbs: Sequence[str], alike: Sequence[str]) -> Meant:
    """What to write instead of a word that is not a verb of a group; ``alike`` are those of other groups."""
    # A group whose name is like this one, as `gateways` is like `gateway`.
    groups = _close(group, {name.split()[0] for name in alike}, 0.9)
    return (
        verb_meant(group, word, verbs)
        or _near(word, verbs)
        or did_you_mean(name for name in alike if name.split()[0] in groups)
        or Meant(f"choose one of: {', '.join(verbs)}")
    )


def as_usage(err: click.ClickException, where: str) -> UsageError:
    """The error for what the library that parses command lines refused.

    Args:
        err: Its error.
        where: The command, as its help is asked for.
    """
    ctx = err.ctx if isinstance(err, click.UsageError) else None
    if ctx is None:
        return UsageError(err.format_message().rstrip("."), hint=f"see: {where} --help")
    if isinstance(err, TooMany | VersionBesideWords):
        return _of_the_words(err, ctx)
    if isinstance(err, click.NoSuchOption):
        return _no_such_option(err.option_name, ctx)
    if isinstance(err, click.BadOptionUsage):
        return _bad_option(err.option_name, ctx)
    if isinstance(err, click.MissingParameter) and err.param:
        return _missing(err.param, ctx)
    return UsageError(_refused(err), hint=_with_help(_of_its_kind(err, ctx), ctx.command_path))


def _of_the_words(err: TooMany | VersionBesideWords, ctx: click.Context) -> UsageError:
    """The error for words that can't stand in a line together."""
    if isinstance(err, TooMany):
        return _too_many(ctx, err.extra)
    known = [opt for param in ctx.command.get_params(ctx) for opt in param.opts]
    meant = option_meant(ctx.command_path, "--version", known)
    return UsageError(err.format_message(), hint=_with_help(meant, ctx.command_path))


def _of_its_kind(err: click.ClickException, ctx: click.Context) -> Meant | None:
    """What to write in place of a value of a wrong kind; None if nothing is known, or the profile can't be shown."""
    if not isinstance(err, click.BadParameter) or not isinstance(err.param, click.Argument):
        return None
    first = next(each for each in ctx.command.params if isinstance(each, click.Argument))
    profile = str(ctx.params.get(str(first.name)) or ".")
    if not _can_be_written(profile):
        return None
    return value_meant(_prog(ctx), _below(ctx), shlex.quote(profile))


def _refused(err: click.ClickException) -> str:
    """What is wrong with a value."""
    if isinstance(err, click.BadParameter) and err.param and (takes := _takes(err.param.type)):
        return f"{_typed_as(err.param)} takes {takes}"
    return err.format_message().rstrip(".")


def needs_value(option: str, value: str, place: str) -> UsageError:
    """The error for an option whose value is missing.

    Args:
        option: The option as it was typed.
        value: What its value is called.
        place: The command, as its help is asked for.
    """
    return UsageError(f"{option} needs a value: {value}", hint=_with_help(None, place))


def _shown(word: str) -> str:
    """A word of the command line, as an error shows it: a private key may be among them, so only its first word."""
    first = (word.split() or [""])[0]
    return repr(first if len(first) <= _LONGEST else f"{first[:_LONGEST]}…")


def _near(word: str, known: Iterable[str]) -> Meant | None:
    """A suggestion for a mistyped word; None if nothing is close."""
    bare = {name.lstrip("-"): name for name in known}
    return did_you_mean(bare[name] for name in _close(word.lstrip("-"), bare, 0.6))


def _close(word: str, known: Iterable[str], cutoff: float) -> list[str]:
    """The known words that are like this one, at most three."""
    return get_close_matches(word, list(known), n=3, cutoff=cutoff)


def _too_many(ctx: click.Context, extra: Sequence[str]) -> UsageError:
    """The error for words that a command has no place for."""
    what = f"unexpected word{'s' * (len(extra) > 1)}: {', '.join(map(_shown, extra))}"
    params = ctx.command.get_params(ctx)
    places = [each for each in params if isinstance(each, click.Argument)]
    typed = [ctx.params.get(str(each.name)) for each in places]
    words = [word for word in typed if isinstance(word, str)]
    meant = _with_its_option(ctx, words, extra) or _with_its_places(ctx, places)
    return UsageError(what, hint=_with_help(meant, ctx.command_path))


def _with_its_option(
    ctx: click.Context, words: Sequence[str], extra: Sequence[str]
) -> Meant | None:
    """The line in which the word too many follows an option; None if there is none, or a word can't be shown."""
    if not all(map(_can_be_written, (*words, *extra))):
        return None
    quoted, left = [shlex.quote(word) for word in words], [shlex.quote(word) for word in extra]
    return extra_meant(_prog(ctx), _below(ctx), quoted, left, _options(ctx))


def _can_be_written(word: str) -> bool:
    return len(word) <= _LONGEST_WRITTEN and word.isprintable()


def _with_its_places(ctx: click.Context, places: Iterable[click.Argument]) -> Meant:
    """The line with the places that there are for words."""
    pieces = " ".join(_typed_as(each) for each in places)
    if pieces == "PROFILE":
        return Meant(f"one profile at a time: {ctx.command_path} PROFILE")
    return Meant(f"write: {ctx.command_path} {pieces}".rstrip())


def in_place_of_profile(err: DistError, ctx: click.Context) -> DistError:
    """Let the error for a word that names no profile say what to write, if the word belongs somewhere else.

    Args:
        err: The error.
        ctx: The command, whose words were parsed.
    """
    word = _only_word(ctx)
    if not word:
        return err
    quoted, prog, below = shlex.quote(word), _prog(ctx), _below(ctx)
    if word == "all" and any("--all" in each.opts for each in ctx.command.params):
        err.hint, err.command = "for every profile", f"{below} --all{_options(ctx)}"
        return err
    if meant := first_meant(prog, below, [quoted], _options(ctx)):
        err.hint, err.command = meant.said, ""
    elif not _is_near(err) and (meant := after_profile(prog, below, quoted, _options(ctx))):
        err.hint, err.command = meant.after(_profiles_here(err, prog)), ""
    return err


def _only_word(ctx: click.Context) -> str:
    """The word that was typed, if it is the only one: with another behind it, it is meant as a profile."""
    places = [each for each in ctx.command.get_params(ctx) if isinstance(each, click.Argument)]
    word, *others = [ctx.params.get(str(each.name)) for each in places] or [None]
    if not isinstance(word, str) or any(others) or not _can_be_written(word):
        return ""
    return word


def _is_near(err: DistError) -> bool:
    """Whether an error has found a profile that may be meant."""
    return isinstance(err, NoSuchProfile) and err.is_near


def _profiles_here(err: DistError, prog: str) -> str:
    """What an error says of the profiles that there are; empty if the word can't be the name of one."""
    return err.advice(lambda line: f"{prog} {line}") if isinstance(err, NoSuchProfile) else ""


def _options(ctx: click.Context) -> str:
    """The options that were typed, each with its value and after a space."""
    options = [each for each in ctx.command.get_params(ctx) if isinstance(each, click.Option)]
    return "".join(f" {line}" for each in options for line in _as_typed(each, ctx))


def _as_typed(option: click.Option, ctx: click.Context) -> list[str]:
    """An option as it was typed, once for each value; a value that may be a secret or can't be shown is hidden."""
    name, value = str(option.name), ctx.params.get(str(option.name))
    if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE or value is None:
        return []
    typed = _typed_as(option)
    if option.is_flag or option.count:
        return [typed] if value else []
    values = value if isinstance(value, (list, tuple)) else [value]
    return [spelled([typed, str(each)]) or f"{typed} {HIDDEN}" for each in values]


def _no_such_option(option: str, ctx: click.Context) -> UsageError:
    known = [opt for param in ctx.command.get_params(ctx) for opt in param.opts]
    meant = (
        option_meant(ctx.command_path, option, known)
        or yes_meant(ctx.command_path, option)
        or _near(option, _long(known))
        or _ahead_of_command(option, ctx)
    )
    return UsageError(
        f"there is no option {_shown(option)}", hint=_with_help(meant, ctx.command_path)
    )


def _ahead_of_command(option: str, ctx: click.Context) -> Meant | None:
    """What to write if an option stands before the command; None if it stands behind one."""
    if ctx.parent is not None or not _can_be_written(option):
        return None
    return Meant(f"an option of a command comes after it: {_prog(ctx)} VERB {option}")


def _long(options: Iterable[str]) -> list[str]:
    return [option for option in options if option.startswith("--")]


def _bad_option(option: str, ctx: click.Context) -> UsageError:
    """The error for an option without its value, or with one that it does not take."""
    param = next((each for each in ctx.command.get_params(ctx) if option in each.opts), None)
    if isinstance(param, click.Option) and not param.is_flag:
        return needs_value(option, param.make_metavar(ctx), ctx.command_path)
    meant = option_meant(ctx.command_path, option, ())
    return UsageError(f"{option} takes no value", hint=_with_help(meant, ctx.command_path))


def _missing(param: click.Parameter, ctx: click.Context) -> UsageError:
    """The error for what a command can't do without: all of it is named, and where it stands."""
    required = [each for each in ctx.command.get_params(ctx) if each.required]
    names = [_typed_as(each) for each in required if each is param or _is_missing(each, ctx)]
    what = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing"
    line = " ".join(_written(each, ctx) for each in required)
    meant = Meant(f"write: {ctx.command_path} {line}")
    return UsageError(what, hint=_with_help(meant, ctx.command_path))


def _is_missing(param: click.Parameter, ctx: click.Context) -> bool:
    return ctx.params.get(str(param.name)) in {None, ()}


def _written(param: click.Parameter, ctx: click.Context) -> str:
    """A required parameter, as it stands in a command line."""
    if isinstance(param, click.Option):
        return f"{_typed_as(param)} {param.make_metavar(ctx)}"
    return _typed_as(param)


def _prog(ctx: click.Context) -> str:
    return str(ctx.find_root().info_name)


def _below(ctx: click.Context) -> str:
    """The command, without the name of the program."""
    return ctx.command_path.removeprefix(_prog(ctx)).strip()


def _with_help(meant: Meant | None, place: str) -> str:
    """What may be meant, and where the rest is told."""
    see = f"see: {place} --help"
    return meant.before(see) if meant else see


def _typed_as(param: click.Parameter) -> str:
    """What a parameter is called on the command line."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return (param.metavar or param.human_readable_name).strip("[]….")


def _takes(kind: click.ParamType[Any]) -> str:
    """What kind of number a value has to be, in words; empty for another kind of value."""
    number = "a whole number" if kind.name.startswith("integer") else "a number"
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        if kind.max is None:
            return f"{number}, {kind.min:g} or more"
        return f"{number} from {kind.min or 0:g} to {kind.max:g}"
    return number if kind.name in {"integer", "float"} else ""
