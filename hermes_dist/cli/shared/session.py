"""One run of a command: how the program was called, its shared options, its context and its screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from hermes_dist.cli.shared.screen import Screen
from hermes_dist.cli.shared.terminal import colour_of
from hermes_dist.errors import DistError, UsageError, quoted, worst
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.ops.context import Context

if TYPE_CHECKING:
    from typing import Any

    from hermes_dist.brand import Brand
    from hermes_dist.model.paths import ProfileName


class Invocation(NamedTuple):
    """How the program was called: by which brand's command, and for which profile."""

    brand: Brand
    prog: str
    profile: str | None = None

    def spelled(self, words: str) -> str:
        """Spell a command of ours as the user may type it."""
        return self.brand.spelled(self.prog, words)


class Options(NamedTuple):
    """The options that all commands share."""

    in_profile: str | None = None
    quiet: bool = False
    verbose: bool = False
    as_json: bool = False
    color: str = "auto"
    no_progress: bool = False
    no_input: bool = False
    offline: bool = False
    allow_insecure: bool = False
    no_pager: bool = False


class Session(NamedTuple):
    """One run of a command: the context to work with and the screen to write to."""

    ctx: Context
    screen: Screen
    brand: Brand

    def command(self, words: str) -> str:
        """Spell a command for the user, such as ``hermes profile update x``."""
        return self.ctx.command(words)

    def with_results(self) -> Session:
        """The same run with messages as the result, as for the preview of a dry run."""
        return self._replace(screen=self.screen.results())

    def aloud(self) -> Session:
        """The same run, not quiet: a question needs its context."""
        return self._replace(screen=self.screen.aloud())


def open_session(called: Invocation, options: Options) -> Session:
    """Begin a run.

    Raises:
        UsageError: The value of ``--color`` is not valid.
        Invalid: The text is not a valid profile name.
    """
    screen = _screen_of(called, options)
    # An empty -p counts as given and is refused: a script whose variable has no value must not end
    # up in the active profile.
    profile = called.profile if options.in_profile is None else options.in_profile
    ctx = Context.from_environment(called.brand, profile, called.prog)
    ctx = ctx.with_options(
        offline=options.offline, allow_insecure=options.allow_insecure, progress=screen.progress
    )
    return Session(ctx, screen, called.brand)


def _screen_of(called: Invocation, options: Options) -> Screen:
    if options.color not in _COLOURS:
        raise UsageError(f"--color takes auto, always or never, not {quoted(options.color, 40)}")
    return Screen(
        colour=colour_of(options.color),
        quiet=options.quiet,
        verbose=options.verbose,
        as_json=options.as_json,
        show_progress=not options.no_progress,
        ask=not options.no_input,
        pager=not options.no_pager,
        spelled=called.spelled,
    )


def early_screen(argv: Sequence[str], called: Invocation) -> Screen:
    """The screen for errors that come before or outside of the parsed options."""
    words = [
        f"--color={word}" if before == "--color" else word for before, word in pairwise(("", *argv))
    ]
    chosen = [word.partition("=")[2] for word in words if word.startswith("--color=")]
    return Screen(
        colour=colour_of(chosen[-1] if chosen else "auto"),
        as_json="--json" in argv,
        spelled=called.spelled,
    )


_COLOURS = ("auto", "always", "never")


def on_each(
    session: Session,
    names: Iterable[ProfileName],
    run: Callable[[Session, ProfileName], int],
    *,
    failed: Callable[[ProfileName, DistError], None] = lambda _name, _error: None,
    summary: Callable[[], Mapping[str, Any]] = dict,
) -> int:
    """Run on many profiles: an error does not stop the others, the worst code counts, and JSON objects become one.

    Args:
        session: The run.
        names: The profiles.
        run: What to do with each; returns its exit code.
        failed: Hears of each profile that ended with an error.
        summary: More fields of the JSON object, asked for at the end.
    """
    each = session._replace(screen=session.screen.gather())
    codes = []
    for name in names:
        try:
            codes.append(run(each, name))
        except DistError as error:
            # One profile's error must not keep the others from their turn.
            each.screen.error(error.within(name), profile=name)
            codes.append(error.code)
            failed(name, error)
    session.screen.emit("outcomes", {"results": each.screen.gathered or [], **summary()})
    return worst(codes)
