"""Whether refs can be asked for without git; they can't if the user's settings or environment change how git asks."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from urllib.parse import urlsplit

from hermes_dist import lazily
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.world.child import Bounds, Command, run

if TYPE_CHECKING:
    from hermes_dist.world.git.direct import Direct

SETTINGS = r"^(http|remote|protocol)\.|^url\..*\.insteadof$"
"""The settings of git by which it talks to a server over HTTP, or to another one.

Helpers for logins are not among them: git asks them only once a server wants a login, and such an answer leads to git.
"""
_NONE_FOUND = 1
_OF_ALL = lazily.pattern(r"(?i:https?_proxy|all_proxy|netrc)|GIT_(HTTP|PROXY)_\w+")
_OF_TLS = lazily.pattern(r"(?i:ssl_cert_(file|dir))|GIT_SSL_\w+")
"""Variables by which git, or its library, talks to a server otherwise than by default."""
_LOGINS = (".netrc", "_netrc")
"""Files from which git's library takes a login without being told."""
_PLAIN = r"://[A-Za-z0-9.-]+(:[0-9]+)?/[^\x00-\x20\x7f-\U0010ffff?#@\\]+"
_MANY = 4
"""Fewer are asked faster by git: what speaks HTTP takes as long to load as three of them to start."""


def direct_to(
    urls: Collection[str], settings: Command | None
) -> AbstractContextManager[Direct | None]:
    """What asks repositories without git.

    Args:
        urls: Their addresses.
        settings: Prints the names of the user's settings that :data:`SETTINGS` finds, in the environment in which git
            would ask; None if nobody can say.

    Returns:
        What asks those that need no git; None if all need it.
    """
    if settings is None:
        return nullcontext()
    schemes = plain_schemes(settings.env)
    if sum(is_plain(url, schemes) for url in urls) < _MANY:
        return nullcontext()
    if run(settings, Bounds(seconds=10)).code != _NONE_FOUND:
        return nullcontext()
    from hermes_dist.world.git.direct import Direct  # noqa: PLC0415 - start-up: mostly one repository is asked

    return Direct(partial(is_plain, schemes=schemes))


def plain_schemes(env: Mapping[str, str]) -> Collection[str]:
    """The kinds of addresses about which an environment, or a file in its home, says nothing special."""
    home = env.get("HOME")
    names = [name for name, value in env.items() if value]
    if not home or any(map(_OF_ALL.fullmatch, names)):
        return ()
    if any(os.path.lexists(os.path.join(home, name)) for name in _LOGINS):
        return ()
    return ("http",) if any(map(_OF_TLS.fullmatch, names)) else ("http", "https")


def is_plain(url: str, schemes: Collection[str]) -> bool:
    """Whether an address means the same to every program that speaks HTTP, and holds no login."""
    scheme = url.partition(":")[0]
    if scheme not in schemes or not re.fullmatch(scheme + _PLAIN, url):
        return False
    return not {".", ".."} & set(urlsplit(url).path.split("/"))
