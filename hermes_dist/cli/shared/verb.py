"""Mark a function as a command without loading the library that parses command lines.

The plain forms of ``install`` and ``update`` call these functions themselves, so their modules may not load that
library when they are imported. :func:`hermes_dist.cli.shared.command.as_command` does, when a line needs it.
"""

from __future__ import annotations

from collections.abc import Callable

from hermes_dist.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TypeVar

    _Function = TypeVar("_Function", bound=Callable[..., int])

_MARK = "wants_request"


class RequestOptions(NamedTuple):
    """Which options of a request a command takes.

    Attributes:
        names: The options that become part of the request, in the order of the help.
        asks: On a terminal, it asks about effects and missing variables after the confirmation.
    """

    names: tuple[str, ...]
    asks: bool


def command_with_request(*names: str, asks: bool = False) -> Callable[[_Function], _Function]:
    """Mark ``function(session, request, …) -> exit code`` as a command whose options become a request.

    Args:
        names: The options of the request, from the table in :mod:`hermes_dist.cli.shared.command`.
        asks: See :class:`RequestOptions`.
    """

    def mark(function: _Function) -> _Function:
        function.__dict__[_MARK] = RequestOptions(names, asks)
        return function

    return mark


def request_options_of(function: Callable[..., object]) -> RequestOptions | None:
    """What a function wants in its request; None if it was not marked."""
    found: RequestOptions | None = function.__dict__.get(_MARK)
    return found
