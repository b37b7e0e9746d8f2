"""The plain forms of the most frequent commands, parsed without the command-line library.

``update`` runs on a schedule on many machines and mostly finds nothing new; scripts and prompts call ``list`` and
``status``; no verb at all, or ``install``, is everybody's first command. A line of these with at most one profile or
source, and only options without values, is parsed here; every other line goes to the library. Both ways end in the
same functions, and tests compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hermes_dist.cli.shared.boundary import Guard
from hermes_dist.cli.shared.session import Invocation, Options, Session, open_session
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Invocation", "attempt"]

_FLAGS = {
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
    "--no-input": "no_input",
    "--no-progress": "no_progress",
    "--no-pager": "no_pager",
    "--offline": "offline",
    "--allow-insecure": "allow_insecure",
    "--json": "as_json",
}
_YES = frozenset(["-y", "--yes"])
_EVERY = "all"
"""What people write in place of a profile when they mean ``--all``."""


def attempt(called: Invocation, argv: Sequence[str]) -> int | None:
    """Run a command line if it has a plain form.

    Args:
        called: How the program was called.
        argv: The words after the program's name.

    Returns:
        The exit code; None if the line has no plain form, and nothing was done or printed.
    """
    if not argv and called.profile is None:
        argv = ["overview"]
    run = _PLAIN.get(argv[0]) if argv else None
    if run is None:
        return None
    words = [word for word in argv[1:] if word not in _FLAGS]
    flags: dict[str, Any] = {_FLAGS[word]: True for word in argv[1:] if word in _FLAGS}
    with Guard(argv, called) as guard:
        session = open_session(called, Options()._replace(**flags))
        try:
            guard.code = run(session, words)
        finally:
            # The boundary shows an error on a screen of its own, which does not know this spinner.
            session.screen.spinner.stop()
    return guard.code


def _list(session: Session, words: Sequence[str]) -> int | None:
    if words:
        return None
    from hermes_dist.cli.profile_list import show_profiles  # noqa: PLC0415 - each command loads only its own module

    return show_profiles(session)


def _overview(session: Session, words: Sequence[str]) -> int | None:
    if words:
        return None
    from hermes_dist.cli.overview import show_overview  # noqa: PLC0415 - each command loads only its own module

    return show_overview(session)


def _update(session: Session, words: Sequence[str]) -> int | None:
    names = [word for word in words if word not in _YES]
    if len(names) > 1 or any(name.startswith("-") and name != "--all" for name in names):
        return None
    if names == [_EVERY]:
        return None  # the library's way says what to write, unless a profile is called so
    from hermes_dist.cli.package.update import update  # noqa: PLC0415 - each command loads only its own module

    yes = len(names) < len(words)
    if names == ["--all"]:
        return update(session, all_=True, yes=yes)
    return update(session, names[0] if names else None, yes=yes)


def _install(session: Session, words: Sequence[str]) -> int | None:
    sources = [word for word in words if word not in _YES]
    if len(sources) != 1 or sources[0].startswith("-"):
        return None
    from hermes_dist.ops.change.look_up import looked_up_meanwhile  # noqa: PLC0415 - each command loads only its own module

    with looked_up_meanwhile(session.ctx, sources[0]):
        from hermes_dist.cli.package.install import install  # noqa: PLC0415 - as said above

    return install(session, sources[0], yes=len(sources) < len(words))


def _status(session: Session, words: Sequence[str]) -> int | None:
    if len(words) > 1 or any(word.startswith("-") or word == _EVERY for word in words):
        return None
    from hermes_dist.cli.package.status import show  # noqa: PLC0415 - each command loads only its own module

    name = session.ctx.profile(words[0] if words else None)
    return show(session, [name], is_named=bool(words))


_PLAIN: dict[str, Callable[[Session, Sequence[str]], int | None]] = {
    "overview": _overview,
    "list": _list,
    "update": _update,
    "install": _install,
    "status": _status,
}
