"""Turn git's error messages into errors with a next step."""

from __future__ import annotations

import errno
import re
import resource
import shlex
import signal
from collections.abc import Callable
from urllib.parse import unquote

from hermes_dist.errors import (
    DistError,
    Invalid,
    NoRepository,
    NoSuchRef,
    Refused,
    Unreachable,
)
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.model.source import ARCHIVES, without_credentials
from hermes_dist.world.child import Finished
from hermes_dist.world.disk.errors import HINTS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

_REDIRECT = (
    r"[Pp]rotocol \S+ (not supported|disabled|is disabled)|error: 30\d"
    r"|base from redirection|redirects elsewhere"
)
_NOT_THERE = r"couldn't find remote ref|not our ref|unadvertised object|no such commit"
_CUT = (
    r"Empty reply|Connection (?:was )?(?:reset|aborted|broken|closed)|transfer closed|early EOF|HTTP/2 stream"
    r"|unexpected disconnect|unexpectedly closed|hung up unexpectedly|Broken pipe|SSL_read|TLS recv"
)
_ACCESS = (
    "for a private repository, log in with `gh auth login`, a git credential helper or an ssh key"
)
_SPELLING = f"check how it is spelled; {_ACCESS}"
_CLONE = "use the address that its host shows for `git clone`"
_CIRCLE = "it redirects in a circle"
_BROWSER = (
    "open the address in a browser: the host may want a login, or say where the repository is now"
)
_PROXY = (
    "check the address of the proxy (https_proxy, ALL_PROXY, or `git config --get-regexp proxy`), "
    "and your connection"
)
_TRUST = "if you trust it, run: git config --global --add safe.directory "
_OWNER_AND_REPO = 2
_LOCAL = "check whether it was moved or renamed, or is on a disk that is not connected now"
_LOST = (
    r"(?s)(?:unable to (?:read|unpack)|bad tree object|missing blob object|loose object|[Cc]ould not read) "
    r"'?(?P<code>[0-9a-f]{40,64})(?=.*repository corruption on the remote side)"
)
"""What a server says whose repository lacks an object, or has a damaged one."""
_TABLE: tuple[tuple[str, type[DistError], str, str], ...] = (
    (
        _LOST,
        Invalid,
        "the repository is damaged at its host: the object {code} is missing or broken there",
        "its owner finds all of them with `git fsck` there, and brings them back from a backup or a clone",
    ),
    (
        r"unknown repository extensions? found:\s+(?P<code>\w+)",
        Unreachable,
        "your git is too old for this repository, which uses {code}",
        "install a newer git",
    ),
    (
        r"dubious ownership",
        Refused,
        "git refuses to read a repository that belongs to another user",
        _TRUST,
    ),
    (
        (
            r"object \w+: (\w+): |fsck error"
            r"|empty filename|malformed mode|too-short tree|truncated in tree"
        ),
        Invalid,
        "unsafe tree: git's own check refused it",
        "tell the author: `git fsck` in the repository names the object",
    ),
    (
        (
            r"died of signal (9|24|25)|out of memory|MemoryError|File too large|[Ff]ile size limit|unable to allocate"
            r"|annot allocate|malloc failed|maximum allowed size|attempting to allocate"
        ),
        Invalid,
        "the repository is larger than the limits allow",
        "a package may have 256 MiB in all, and 32 MiB per file",
    ),
    (
        _NOT_THERE,
        NoSuchRef,
        "the repository has no such tag, branch or commit",
        "",
    ),
    (
        r"transport '(?P<code>[^']*)' not allowed",
        Unreachable,
        "your git settings send it to an address of another kind ({code}), which is not followed",
        "see `git config --get-regexp insteadOf`, and use the other address itself",
    ),
    (
        _REDIRECT,
        Unreachable,
        "it redirects to another address, and redirects are not followed",
        "use the address that it redirects to, if you trust it",
    ),
    (
        r"Maximum \(\d+\) redirects followed|too many redirects",
        Unreachable,
        _CIRCLE,
        _BROWSER,
    ),
    (
        r"certificate problem|certificate verif|CERTIFICATE_VERIFY_FAILED|certificate subject name",
        Unreachable,
        "this machine does not trust the certificate of the host",
        (
            "check the address and the clock of this machine; for a host with a certificate of its own, run: "
            "git config --global http.sslCAInfo FILE"
        ),
    ),
    (
        r"(?i)wrong.version.number|unexpected length was received|unexpected TLS packet|SSLError|TLS connect error",
        Unreachable,
        "it does not answer over https",
        "check the address and its port",
    ),
    (
        r"(?:cannot run|unable to (?:start|execute|spawn)) \S*ssh|: 'ssh'|ssh: (?:command )?not found",
        Unreachable,
        "this address needs ssh, which is not installed",
        "install the OpenSSH client, or use the repository's https:// address",
    ),
    (
        r"[Cc]ould not resolve proxy",
        Unreachable,
        "the proxy was not found",
        _PROXY,
    ),
    (
        (
            r"[Cc]ould not resolve host|[Nn]ame or service not known|nodename nor servname"
            r"|[Tt]emporary failure in name resolution|No address associated with hostname|getaddrinfo failed"
        ),
        Unreachable,
        "the host was not found",
        "check how the address is spelled, and your connection",
    ),
    (
        r"Host key verification failed",
        Unreachable,
        "ssh does not know this host's key, or it changed",
        "connect to it once with ssh and compare the key that it shows with the one that the host publishes",
    ),
    (
        r"Permission denied \([^)]*publickey[^)]*\)",
        Unreachable,
        "the host accepts none of your ssh keys",
        "add your public key to your account there, or load it with `ssh-add`; `ssh -T git@HOST` tells whom it sees",
    ),
    (
        r"SAML SSO|organization has enabled or enforced|Resource protected by organization",
        Unreachable,
        "the organization requires single sign-on (SSO) for this token or key",
        "authorize the token or key for the organization in your settings there",
    ),
    (
        (
            r"error: 403|[Ww]rite access to repository not granted|not allowed to (?:push|download|upload)"
            r"|[Pp]ermission to \S+ denied"
        ),
        Unreachable,
        "the host refuses access (403): your login has no right to this, or its token lacks a scope or has expired",
        (
            "ask the owner for access, or make a token that may read (to publish: write) this repository; "
            "`gh auth refresh` renews that of gh"
        ),
    ),
    (
        r"error: 407|code 407 from proxy|response 407",
        Unreachable,
        "the proxy asks for a login (407)",
        "put it into the address of the proxy, where your git or https_proxy names that",
    ),
    (
        r"error: 429|too many requests",
        Unreachable,
        "the host got too many requests (429)",
        "try again in some minutes; most hosts allow more to those who are logged in",
    ),
    (
        r"error: (?P<code>5\d\d)|Internal Server Error",
        Unreachable,
        "the host failed ({code})",
        "try again later; if it stays, tell whoever runs the host",
    ),
    (
        r"Authentication failed|[Ii]nvalid (?:username|credentials|token)|Bad credentials",
        Unreachable,
        "the login was refused: the password or token is wrong, or has expired",
        "log in anew with `gh auth login`, or renew the token where your git keeps it (`git config credential.helper`)",
    ),
    (
        (
            r"could not read (Username|Password)|terminal prompts disabled|Permission denied"
            r"|unable to get (username|password) from user"  # git 2.47 and newer
            r"|error: 40[13]|Access denied"
        ),
        NoRepository,
        "it does not exist, or you may not read it",
        _ACCESS,
    ),
    (
        (
            r"not found|does not appear to be a git repository|not a git repository|error: 4(?:04|10)|not exported"
            r"|[Nn]o such repository|does not exist"
        ),
        NoRepository,
        "there is no such repository",
        _SPELLING,
    ),
    (
        r"error: (?P<code>4\d\d)",
        Unreachable,
        "the host does not accept the request ({code})",
        "check the address",
    ),
    (
        r"not valid: is this a git repository",
        Unreachable,
        "a web page answers there, not a git repository",
        _CLONE,
    ),
    (
        (
            r"[Cc]onnection refused|Failed to connect|Couldn't connect|[Cc]onnection timed out|Connection time-?out"
            r"|Operation timed out|No route to host|Network is unreachable"
        ),
        Unreachable,
        "nothing answers at this address",
        "check the address and its port, your connection, and a VPN that it may need",
    ),
    (
        _CUT,
        Unreachable,
        "the connection was cut before everything had arrived",
        "try again; if it is cut each time, a proxy, a firewall or the host does it",
    ),
    (
        r"not a tree object|[Nn]ot a valid object name|bad (object|revision)|invalid object name",
        Invalid,
        "there is no such commit or folder",
        "",
    ),
    (
        r"index-pack|bad pack|inflate|invalid pack|pack (has|is)|corrupt|bad object|delta",
        Invalid,
        "it sent something that is not a git repository, or the transfer was cut off",
        "try again; if that fails, tell its host",
    ),
    (
        r"dulwich speaks no",
        Unreachable,
        "this needs git, which is not installed",
        "install git, then try again",
    ),
)
_EDIT = "correct it with: git config --global --edit"
OLDEST = (2, 18)
"""The first git that speaks the second version of its protocol, in which a server sends any commit."""
_TOO_OLD = (
    "your git is too old",
    "install git {}.{} or newer; while no git is on PATH, a client of our own reads public repositories".format(
        *OLDEST
    ),
)
_SETTINGS: tuple[tuple[str, str, str], ...] = (
    (r"unknown value for config 'protocol\.version'", *_TOO_OLD),
    (
        r"bad config line (?P<line>\d+) in (?:file )?(?P<file>[^\n]+)",
        "git can't read your settings: line {line} of {file} is wrong",
        "correct that line; `git config --list` shows whether git can read them again",
    ),
    (
        r"bad (?:\w+ )?config (?:value (?P<value>'[^'\n]*') )?for '(?P<key>[^'\n]+)'",
        "git does not understand your setting {key}: {value}",
        _EDIT,
    ),
    (
        r"bad config variable '(?P<key>[^'\n]+)' in file '(?P<file>[^'\n]+)' at line (?P<line>\d+)",
        "git does not understand your setting {key}, at line {line} of {file}",
        _EDIT,
    ),
    (
        r"exceeded maximum include depth[^\n]*",
        "git can't read your settings: a file includes itself",
        "correct the lines below [include] in ~/.gitconfig",
    ),
    (
        r"(?:unknown )?error occurred while reading the configuration files|unable to (?:access|read) '[^'\n]*config'",
        "git can't read your settings",
        "check that ~/.gitconfig is a file, and that you may read it",
    ),
)
"""Messages about the user's own settings of git: no address works with them."""
_DISK: tuple[tuple[str, str, int], ...] = (
    (r"No space left on device", "the disk is full", errno.ENOSPC),
    (r"[Dd]isk quota exceeded", "your quota on the disk is used up", errno.EDQUOT),
    (r"Read-only file system", "the disk is read-only", errno.EROFS),
    (r"Input/output error", "the disk reports an error", errno.EIO),
    (r"Too many open files", "too many files are open", errno.EMFILE),
    (
        (
            r"insufficient permission for adding an object|Errno 13\] Permission denied"
            r"|(?:can't|cannot|could not|unable to|failed to) (?:create|open|write|lock|make|mkdir|update|append)[^\n]*"
            r": Permission denied"
        ),
        "the cache of the repository can't be written",
        errno.EACCES,
    ),
)
"""Messages about this machine's own disk: neither the repository nor the network is at fault."""
# Compiled when they are first needed, and then kept by `re`: mostly git reports no error.
_BY_SIZE = r"died of signal 25|File too large|[Ff]ile size limit|invalid index-pack output"
"""Messages for a file that grew too large; the last one counts only if the user has set a limit."""
_DAMAGE = (
    r"corrupt|inflate|bad pack|pack (?:has|is)|packfile|loose object|bad object"
    r"|unable to read|not a git repository|bad shallow line|unexpected line in"
)
_OF_MEMORY = r"[Oo]ut of memory|MemoryError|unable to allocate|annot allocate|malloc failed|attempting to allocate"
_TRIED = (
    r"unable to access '\w+://(?:[^@/']*@)?(?P<host>[^/:'\[]+)[^']*': Failed to connect to "
    r"(?:(?P=host) port \d+ via )?(?P<proxy>\S+) port (?P<port>\d+)"
)
"""Whom git asked for, and whom it tried to reach: another one if there is a proxy on the way."""
_ASKED = (
    r"unable to access '\w+://(?P<host>[^']+)"
    r"|ssh: (?:Could not resolve hostname|connect to host) (?P<named>\S+)"
)
"""Whom git asked in the end."""
_SENT = (
    "`git config --get-regexp insteadOf`",
    "~/.ssh/config and `git config --get-regexp insteadOf`",
)
_NO_HELPER = (
    r"git: 'credential-([^'\n]+)' is not a git command"
    r"|(?:^|\n)\S+ get: (?:line )?\d+: ([^\n]+?): (?:not found|No such file)"
)
"""A helper that git's settings name, and that is not there."""
_LEADS_TO = r"(?i)(?:Location|redirects elsewhere|redirect): (https?://[^\s?#]+?)/*(/info/refs)?(?:\?|#|\s|$)"
_FOLLOWED = "warning: redirecting to"
_TO = rf"(?m)^{_FOLLOWED} (https?://\S+)"
_SHORTEST = 12
"""A user name shorter than this, next to a password, is not a token."""
_OF_SERVER = r"(?m)^remote:[^\n]*"
"""What git repeats of the server's words: a disk that is full there is not ours."""
_PREFIX = r"(?i)^(?:fatal|error|remote: error|remote|ERR|ssh): ?"


def is_missing(finished: Finished) -> bool:
    """Return whether a server said that it does not have the commit, or does not serve it by id."""
    return (
        not finished.ok and not finished.stopped and re.search(_NOT_THERE, finished.err) is not None
    )


def is_redirect(finished: Finished) -> bool:
    """Return whether a command ended at a redirect that may not be followed."""
    return (
        not finished.ok and not finished.stopped and re.search(_REDIRECT, finished.err) is not None
    )


class Redirect(NamedTuple):
    """Where a refused redirect leads.

    Attributes:
        address: The address, without a login; empty if it is not said.
        page: It is a page, such as a login, and not a repository.
    """

    address: str = ""
    page: bool = False


_NOWHERE = Redirect()


def refused_redirect(finished: Finished) -> Redirect:
    """Return where a refused redirect leads."""
    found = re.search(_LEADS_TO, finished.err)
    return Redirect(without_credentials(found[1]), found[2] is None) if found else Redirect()


def followed_to(finished: Finished, url: str) -> str:
    """Return the address that a server redirected git to, which followed; empty if it is the one that was asked."""
    found = _FOLLOWED in finished.err and re.findall(_TO, finished.err)
    if not found:
        return ""
    there, here = (without_credentials(one).removesuffix("/") for one in (found[-1], url))
    return there if there.removesuffix(".git") != here.removesuffix(".git") else ""


def is_doubtful(finished: Finished) -> bool:
    """Return whether a server may have done what was asked, although no answer came."""
    ended = finished.code < 0 or finished.stopped == "time"
    return ended or re.search(rf"{_CUT}|error: 5\d\d", finished.err) is not None


def is_plain_server(finished: Finished) -> bool:
    """Return whether a server only hands out files, so that no part of a history can be asked of it."""
    return not finished.ok and not finished.stopped and "shallow capabilities" in finished.err


def is_end_lost(finished: Finished) -> bool:
    """Return whether git stopped because a commit at which histories end in the cache is not in the cache."""
    return not finished.ok and not finished.stopped and "object: unshallow" in finished.err


def explain(finished: Finished, url: str, seconds: float, cache: Path | None = None) -> DistError:
    """Return an error for a failed git command.

    Args:
        finished: The result of the command.
        url: The repository; credentials are removed.
        seconds: The time limit.
        cache: Where the command writes on this machine; None if it only asks.

    Returns:
        Unreachable if the way to the repository failed, Invalid if the repository itself is wrong, and a plain error
        if this machine is at fault.
    """
    where = without_credentials(url)
    error = (
        _local_trouble(finished, cache)
        or wrong_setting(finished)
        or _limit_reached(finished, where, seconds)
        or _proxy_silent(finished, where)
        or _known_trouble(finished, url, where)
        or _unknown_trouble(finished, url, where)
    )
    return _led_away(error, finished, where)


def too_old() -> DistError:
    """Return an error about a git that can't be used."""
    what, hint = _TOO_OLD
    return DistError(what, hint=hint)


def wrong_setting(finished: Finished) -> DistError | None:
    """Return an error if git could not read the user's own settings."""
    if finished.stopped:
        return None
    ours = re.sub(_OF_SERVER, "", finished.err)
    for pattern, sentence, advice in _SETTINGS:
        if match := re.search(pattern, ours):
            return DistError(sentence.format_map(match.groupdict(default="")), hint=advice)
    return None


def _led_away(error: DistError, finished: Finished, where: str) -> DistError:
    """Name the host that git asked in an error, if the user's settings have sent it there."""
    asked = re.search(_ASKED, finished.err)
    if not isinstance(error, Unreachable) or asked is None:
        return error
    host = _host_in(asked["host"] or asked["named"])
    if not re.search(rf"(?:://|@|^)(?:[^@/]*@)?\[?{re.escape(host)}(?:[\]:/]|$)", where):
        ssh = bool(asked["named"])
        error.what += f"; your {'ssh or git' if ssh else 'git'} settings send it to {host}"
        error.hint = f"see {_SENT[ssh]}, or {error.hint}"
    return error


def _host_in(text: str) -> str:
    """Return the host in what git says of an address, without a login, whatever signs are in that, and the port."""
    host = text.rpartition("@")[2].partition("/")[0].rstrip(":")
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _limit_reached(finished: Finished, where: str, seconds: float) -> DistError | None:
    """Return an error if we stopped the command, or the system did for us."""
    if finished.stopped == "time":
        return Unreachable(f"no answer within {seconds:g} s", where=where, hint="try again later")
    if finished.stopped == "output":
        return Invalid("it lists more than the limits allow", where=where)
    if -finished.code in {signal.SIGXFSZ, signal.SIGXCPU, signal.SIGKILL}:
        return Invalid("the repository is larger than the limits allow", where=where)
    return None


def _proxy_silent(finished: Finished, where: str) -> DistError | None:
    """Return an error if it was not the host that did not answer, but the proxy on the way to it."""
    match = re.search(_TRIED, finished.err)
    if match is None or match["proxy"] == match["host"]:
        return None
    place = f"{match['proxy']}:{match['port']}"
    return Unreachable(f"nothing answers at the proxy {place}", where=where, hint=_PROXY)


def _known_trouble(finished: Finished, url: str, where: str) -> DistError | None:
    """Return an error if git, ssh or the server said something that the table knows."""
    # A path such as /not-found is not a message.
    said = masked(finished.err, url).replace(where.removesuffix("/"), "URL")
    for pattern, kind, sentence, advice in _TABLE:
        match = re.search(pattern, said)
        if not match:
            continue
        return kind(
            sentence.replace("{code}", match.groupdict().get("code") or "500")
            + _rule_named(kind, match),
            where=where,
            hint=_advice_for(said, where, advice),
        )
    return None


def _advice_for(said: str, where: str, advice: str) -> str:
    """Return what to do next where no repository was found: a folder, a download and a host differ."""
    if advice == _TRUST:
        named = re.search(r"dubious ownership in repository at '([^'\n]+)'", said)
        return f"{_TRUST}{shlex.quote(named[1]) if named else 'PATH'}"
    if advice == _ACCESS and (helper := re.search(_NO_HELPER, said)):
        return (
            f"git's credential helper {helper[1] or helper[2]} was not found: install it, or see "
            f"`git config --get-all credential.helper`; {advice}"
        )
    if advice not in {_ACCESS, _SPELLING, _CLONE}:
        return advice
    if where.startswith("file:"):
        return _LOCAL
    if where.endswith(ARCHIVES):
        return f"an archive is installed from a file: download it, then install ./{where.rpartition('/')[2]}"
    # A host whose repositories are in groups may mean a repository or a folder of one by it.
    if where.partition("://")[2].count("/") > _OWNER_AND_REPO:
        return f"{advice}; before a folder of a repository, write //"
    return advice


def _rule_named(kind: type[DistError], match: re.Match[str]) -> str:
    """Return the rule of git's own checks that an object broke, where the message names one."""
    if kind is not Invalid or not match.re.groups:
        return ""
    rule = match[1] or ""
    return f": {rule}" if rule.isalpha() else ""


def _unknown_trouble(finished: Finished, url: str, where: str) -> DistError:
    why = reason(masked(finished.err, url))
    what = f"it can't be reached: {why}" if why else "it can't be reached"
    return Unreachable(what, where=where, hint="check the address and the network, then try again")


def explain_listing(
    finished: Finished, url: str, seconds: float, leads: Redirect = _NOWHERE
) -> DistError:
    """Return an error for a failed listing of refs.

    Args:
        finished: The result of the command.
        url: The repository.
        seconds: The time limit.
        leads: Where the server redirects to.
    """
    if not finished.stopped and (
        re.search(_OF_MEMORY, finished.err) or -finished.code == signal.SIGKILL
    ):
        finished = finished._replace(stopped="output")
    error = explain(finished, url, seconds)
    if not leads.address:
        return error
    if leads.address == error.where.rstrip("/"):
        return Unreachable(_CIRCLE, where=error.where, hint=_BROWSER)
    if leads.page:
        return Unreachable(
            f"it redirects to {leads.address}, which is not a repository",
            where=error.where,
            hint=_BROWSER,
        )
    error.hint = f"it is at {leads.address} now; if you trust that, use that address"
    return error


def is_damage(finished: Finished) -> bool:
    """Return whether git could not read its own copy of a repository."""
    return not finished.ok and not finished.stopped and re.search(_DAMAGE, finished.err) is not None


def masked(text: str, url: str) -> str:
    """Remove the login of a URL from a text, in every form in which a program repeats it.

    A program that splits the URL may print ``user:token@host`` without the scheme, or only the token.
    """
    return _without(text, _secrets_of(url))


def masked_lines(progress: Callable[[str], None] | None, url: str) -> Callable[[str], None] | None:
    """Pass lines of git's progress on without the login of a URL; None if nobody listens.

    Its table of refs, such as ``* <commit> -> refs/dist/<commit>``, is left out: it names only refs of ours.
    """
    if progress is None:
        return None
    secrets = _secrets_of(url)  # once: a fetch says hundreds of lines

    def heard(line: str) -> None:
        if " -> " not in line:
            progress(_without(line, secrets))

    return heard


def _without(text: str, secrets: list[str]) -> str:
    text = without_credentials(text)
    for secret in secrets:
        text = text.replace(secret, "…")
    return text


def _secrets_of(url: str) -> list[str]:
    """Return the secret parts of a URL, longest first."""
    if without_credentials(url) == url:
        return []
    login = url.partition("://")[2].partition("/")[0].rpartition("@")[0]
    user, colon, password = login.partition(":")
    shown = {user} if colon and len(user) < _SHORTEST else set()
    parts = {login, password, user} - shown
    whole = {form for part in parts for form in (part, unquote(part)) if form}
    pieces = {
        piece for form in whole for piece in re.split(r"[/@:?#]", form) if len(piece) >= _SHORTEST
    }
    return sorted(whole | pieces, key=len, reverse=True)


def _local_trouble(finished: Finished, cache: Path | None) -> DistError | None:
    """Return an error if this machine's own disk or limits caused the failure; None otherwise."""
    if finished.stopped:
        return None
    place = str(cache or "")
    own, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if own != resource.RLIM_INFINITY and (
        -finished.code == signal.SIGXFSZ or re.search(_BY_SIZE, finished.err)
    ):
        return DistError(
            f"your limit on the size of files ({own >> 10} KiB, ulimit -f) stopped it",
            where=place,
            hint="raise the limit with: ulimit -f unlimited",
        )
    ours = re.sub(_OF_SERVER, "", finished.err)
    for pattern, sentence, number in _DISK:
        if re.search(pattern, ours):
            return DistError(sentence, where=place, hint=HINTS[number])
    return None


def fail(finished: Finished, url: str, seconds: float, cache: Path | None = None) -> NoReturn:
    """Raise the error that :func:`explain` returns."""
    raise explain(finished, url, seconds, cache)


def reason(err: str) -> str:
    """Return the most informative line, without control characters and credentials."""
    lines = [line.strip() for line in without_credentials(err).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))]
    best = [*telling, *lines[-1:], ""][0]
    text = re.sub(_PREFIX, "", best)
    return "".join(c if c.isprintable() else "?" for c in text)[:200]
