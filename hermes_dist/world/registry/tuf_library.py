"""The library of The Update Framework, an optional dependency, and what it says when a download fails."""

from __future__ import annotations

import urllib3
from tuf.api import exceptions
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.updater import Updater
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

from hermes_dist.errors import DistError, Unreachable
from hermes_dist.world.child import Finished
from hermes_dist.world.git.errors import explain

TransportError = urllib3.exceptions.HTTPError
"""What the library lets through if a connection is cut while it reads."""
__all__ = [
    "TransportError",
    "Updater",
    "UpdaterConfig",
    "Urllib3Fetcher",
    "exceptions",
    "unreachable",
]

# A server may ask to wait an hour; the user is told instead. The fetcher takes no setting for it.
urllib3.Retry.DEFAULT = urllib3.Retry(3, respect_retry_after_header=False)

_LONGEST_WAIT = 30.0
"""The seconds that the fetcher waits for an answer."""
_AGAIN = "check the address and the network, then try again"


def unreachable(error: Exception, where: str) -> DistError:
    """Return an error for a failed download, in the words that a repository gets.

    Args:
        error: A DownloadError or a TransportError.
        where: The registry, or its file.
    """
    said = f"{error}: {error.__cause__}"
    if isinstance(error, exceptions.SlowRetrievalError) and "NewConnectionError" not in said:
        return Unreachable(f"no answer within {_LONGEST_WAIT:g} s", where=where, hint=_AGAIN)
    status = error.status_code if isinstance(error, exceptions.DownloadHTTPError) else 0
    if status in {404, 410}:
        return Unreachable(
            "there is no registry at this address", where=where, hint="check how it is spelled"
        )
    if status in {401, 403}:
        return Unreachable(
            f"the host refuses access ({status})",
            where=where,
            hint="ask the maintainers of the registry",
        )
    if status:
        said = f"error: {status}"
    return explain(Finished(1, b"", said), where, _LONGEST_WAIT)
