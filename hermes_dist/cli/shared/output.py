"""Write to standard output and standard error, and handle closed and full ones."""

from __future__ import annotations

import errno
import os
import sys

from hermes_dist.cli.shared.terminal import shown_by
from hermes_dist.errors import DistError
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


def write(stream: TextIO, text: str) -> None:
    """Write to an output; if its reader is gone, as after ``| head``, the rest is discarded silently.

    What its encoding does not know is spelled in ASCII.

    Raises:
        DistError: The output can't be written, for example because the disk is full.
    """
    try:
        stream.write(shown_by(stream, text))
        stream.flush()
    except OSError as error:
        # Python flushes once more when it ends. On the broken stream that would show a message and
        # change the exit code, although the work itself is done.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        # A terminal that was closed gives EIO: nobody is there to be told, as after `| head`.
        if error.errno not in {errno.EPIPE, errno.EIO}:
            raise DistError(
                f"can't write the output: {error.strerror}", hint="check where it is sent"
            ) from error


def write_beside(text: str) -> None:
    """Write to stderr; what can't be written is lost, for it must not take the place of a result or an exit code."""
    try:  # noqa: SIM105 - to load contextlib takes longer than most of what is written here
        write(sys.stderr, text)
    except DistError:
        pass
