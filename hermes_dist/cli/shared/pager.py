"""Show a result that is longer than the terminal in the user's pager: ``$PAGER``, or else ``less``."""

from __future__ import annotations

import os
import sys

from hermes_dist.cli.shared.layout import cells
from hermes_dist.cli.shared.output import write
from hermes_dist.cli.shared.terminal import columns_of, is_plain, lines_of
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from hermes_dist.cli.shared.session import Session

_LESS = "FRX"
"""What ``less`` does unless ``$LESS`` says otherwise: end at once if all fits, show colours, leave the text there."""


class Paged:
    """Collects the result of a command, and shows it in the pager if it is longer than the terminal.

    As a context manager, it gives the session to write with; the same one if nothing is paged: in a pipe, with
    ``--no-pager``, as JSON.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kept: list[str] | None = None

    def __enter__(self) -> Session:
        screen = self._session.screen
        if screen.as_json or not screen.pager or is_plain() or not sys.stdout.isatty():
            return self._session
        self._kept = []
        return self._session._replace(screen=screen.keeping(self._kept))

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._kept is None:
            return
        text = "".join(self._kept)
        if error is not None or _fits(text):
            write(sys.stdout, text)
        else:
            _page(text)


def _fits(text: str) -> bool:
    """Whether a text leaves room for the prompt of the shell."""
    width = columns_of(sys.stdout) or 80
    needed = sum(max(1, -(-cells(line) // width)) for line in text.splitlines())
    return needed < lines_of(sys.stdout)


def _page(text: str) -> None:
    import click  # noqa: PLC0415 - a short result needs no pager

    # click reads $PAGER, finds a pager, and takes its early end as no error.
    os.environ.setdefault("LESS", _LESS)
    click.echo_via_pager(text.removesuffix("\n"))
