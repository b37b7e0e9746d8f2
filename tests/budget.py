"""How much work the tests may make: one table, chosen by HERMES_TEST_BUDGET.

======  ==================  ==================================================
name    run by              aim
======  ==================  ==================================================
quick   make check, test    a minute for the first, five for the second, 2 cores
ci      .ci/run             25 minutes with both agents
long    make long           as long as it takes
======  ==================  ==================================================
"""

from __future__ import annotations

import os

SHARE = {"quick": 0.1, "ci": 0.2, "long": 1.0}
LEAST = 40
"""No law is tried with fewer examples than this, unless it asks for fewer itself."""


def examples(number: int, *, least: int = LEAST) -> int:
    """How many examples a law is tried with, where it deserves ``number``.

    Args:
        number: As many as `make long` tries.
        least: Never fewer than these; for a law whose example is a whole story, a few.
    """
    share = SHARE[os.environ.get("HERMES_TEST_BUDGET") or "quick"]
    return max(min(number, least), int(number * share))


def sessions(number: int) -> int:
    """How many whole sessions are played, where `make long` plays ``number``: a few, as each takes seconds."""
    return {"quick": 2, "ci": 6}.get(os.environ.get("HERMES_TEST_BUDGET") or "quick", number)


def documents(number: int) -> int:
    """How many made-up documents are tried: 100,000 in `make long`, where one takes a few milliseconds.

    Args:
        number: As many as a law with a longer story would be tried with.
    """
    if os.environ.get("HERMES_TEST_BUDGET") == "long":
        return 100_000
    return examples(number)
