"""How Ctrl-C is taken while the program is loaded: it ends the process at once, without a traceback.

Nothing has begun then. Importing this does it, so only what starts a process of ours imports it, before all else.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` makes enums of it, which takes time

_HEARD = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
"""Whether Ctrl-C is taken as Python does it; where it is ignored, it stays so."""

if _HEARD:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def tell_of_interrupts() -> None:
    """From now on, let Ctrl-C interrupt what runs, which says what became of it."""
    if _HEARD:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
