"""Sources: what the user asked for (SourceSpec) and exactly what it resolved to (Pin).

The grammar is ``SOURCE[//SUB/FOLDER][#REF | @REF]`` (docs/formats.md, sources).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, unquote, urlsplit

from hermes_dist.errors import Invalid, quoted
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple, StrEnum
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest

with later():  # hosts mostly have names
    from ipaddress import ip_address


class PinKind(StrEnum):
    """The kind of ref that a pin follows."""

    COMMIT = "commit"
    TAG = "tag"
    BRANCH = "branch"
    RANGE = "range"
    FOLDER = "folder"
    ARCHIVE = "archive"


class SourceKind(StrEnum):
    """Where a package comes from."""

    GIT = "git"
    FOLDER = "folder"
    ARCHIVE = "archive"
    REGISTRY = "registry"

    @property
    def traits(self) -> Traits:
        return KINDS[self]


class AsGit(StrEnum):
    """Whether a source is read as a git repository."""

    ALWAYS = "always"
    MAYBE = "maybe"  # with a ref, or where it is a bare repository
    NEVER = "never"


class Traits(NamedTuple):
    """What depends on the kind of a source.

    Attributes:
        label: What it is called in messages.
        spelling: How it is typed, as an example; empty if error messages don't suggest it.
        as_git: Whether it is read as a git repository.
        has_refs: Whether a tag, branch, commit or version can be chosen.
        is_path: Whether it is a path on this machine; all others may need the network.
        is_name: Whether it is a name that has to be looked up in a registry first.
        as_it_is: The kind of its pin if it is read as it is, without a commit.
    """

    label: str
    spelling: str
    as_git: AsGit
    has_refs: bool = True
    is_path: bool = False
    is_name: bool = False
    as_it_is: PinKind = PinKind.FOLDER


KINDS: Mapping[SourceKind, Traits] = {
    SourceKind.GIT: Traits("a git repository", "github.com/you/bot, a git URL", AsGit.ALWAYS),
    SourceKind.FOLDER: Traits("a folder", "./folder", AsGit.MAYBE, is_path=True),
    SourceKind.ARCHIVE: Traits(
        "an archive",
        "file.tar.gz",
        AsGit.NEVER,
        has_refs=False,
        is_path=True,
        as_it_is=PinKind.ARCHIVE,
    ),
    SourceKind.REGISTRY: Traits("a name in a registry", "", AsGit.NEVER, is_name=True),
}
"""The kinds of sources. How they are told apart is in ``_classify``, how they are read in ``world/sources/api.py``."""

TAGS, HEADS = "refs/tags/", "refs/heads/"
_HEX = "0123456789abcdefABCDEF"
# Compiled when they are first needed, and then kept by `re`: most commands parse no source, or one.
_FILE_URL = "file://"
_SCHEMES = {"https", "ssh", "file", "http", "git"}
_PLAIN_URL = {"git": "leave git+ out"}
"""What to do about a scheme of pip, which names the kind of a repository before a plus."""
_HOST = r"(?!-)[A-Za-z0-9.-]{1,253}(?<!-)|\[[0-9A-Fa-f:.]+\]"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_KEY_AS_USER = (
    r"(?:[^/@:\s]{33,}|(?:gh[a-z]|github_pat|gl[a-z]+|hf|sk|pat|xox[a-z]|npm|pypi)[_-][^/@:\s]{8,})"
)
"""A token in the place of an ssh user name: no system allows user names longer than 32 characters."""
_SCP = rf"(?P<user>{_USER})@(?P<host>[^/:@]+):(?P<path>[^:].*)"
_SCP_ALIAS = r"(?P<host>[^/:@]{2,}):(?P<path>[^:@]*(?:/|\.git)[^:@]*)"
"""A host of ``~/.ssh/config``, which knows the user. A version, a drive or a password can't be read as one."""
_WITH_PASSWORD = r"[^/@]*:[^/]*@[^/:@]+:.*"  # noqa: S105 - a pattern
_NO_HOSTS = frozenset({"https", "http", "ssh", "git", "file", "ext", "fd", "ftp", "ftps", "data"})
"""Before a colon these begin a URL, such as one with a slash too few."""
_SLUG = r"[A-Za-z0-9_.][A-Za-z0-9_.-]*"
_REF = r"(?![-<>=!])[^\x00-\x20\x7f~^:?*\[\\]{1,250}"
_VERSION = r"v?\d[\w.+!-]*"
_RANGE = (
    rf"(?a)(?:\^|~=|~|===|==|!=|<=|>=|<|>|=)\s*{_VERSION}(?:\.\*)?|latest|v?\d+(?:\.\d+)*\.[xX*]|\*"
)
ARCHIVES = (".tar.gz", ".tgz")
_INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
"""Unicode categories of characters that people can't see, or see as something else."""
_ENCODED_CONTROL = r"%(?:[01][0-9A-Fa-f]|7[Ff])"
_URL_ODD = rf"[\s\\\"<>`{{}}|^]|{_ENCODED_CONTROL}|%5[Cc]|/(?:\.|%2[Ee]){{1,2}}(?:/|$)"
"""Characters that no legitimate repository URL contains, and that programs read in different ways."""
_BROWSER = r"(?P<at>.*?)/(?:-/)?(?P<kind>tree|blob|raw|commit|releases/tag)/(?P<ref>[^/]+)(?:/(?P<folder>.*))?"
_PAGE = rf"[\w-]+\.[\w.-]+/{_BROWSER}"
_OWNER_AND_REPO = frozenset(["bitbucket.org", "codeberg.org", "github.com"])
"""Hosts where a repository is always OWNER/REPO, so that more is a folder; elsewhere it may be a group."""
_KNOWN_HOSTS = _OWNER_AND_REPO | {"gitlab.com"}
_LOGIN = (
    rf"(?P<user>{_USER})@(?P<host>(?!v?\d)[A-Za-z0-9.-]+\.[A-Za-z]{{2,}})"
    r"(?:[:/]+|/+(?P<path>[^/:#][^:#]*))?(?P<ref>#.*)?"
)
"""The scp form with its path missing, or with a slash in place of the colon."""


class Login:
    """User and password typed into a URL: used only for fetching; never shown, compared, written or stored.

    Args:
        text: The text as it is in the URL; empty if there is none.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        # A source that is read from a lock has no login, and must equal the one that was typed.
        return isinstance(other, Login)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "Login(…)" if self else "Login()"

    def before(self, address: str) -> str:
        """Return them in front of the rest of a URL."""
        if not self._text:
            return address
        return f"{self._text}@{address}"


NO_LOGIN = Login()


class SourceSpec(NamedTuple):
    """A source as the user or a lockfile names it.

    Attributes:
        kind: Whether it is a git repository, folder, archive or registry name.
        location: URL, scp form, path or name, without credentials, subfolder and ref.
        subfolder: The folder of the package in it; None for its root.
        ref: A tag, branch, commit or version range; empty for the default branch.
        is_range: Whether ``ref`` is a version range such as ``^1.2`` or ``latest``.
        credentials: User and password typed into the URL, unchanged; used only for fetching, and never shown,
            compared, written or stored.
    """

    kind: SourceKind
    location: str
    subfolder: RelPath | None = None
    ref: str = ""
    is_range: bool = False
    credentials: Login = NO_LOGIN

    def __str__(self) -> str:
        """Format it so that :func:`parse_source` returns the same value."""
        body = self.location
        if self.subfolder:
            body = f"{body}//{self.subfolder}"
        if self.ref:
            return f"{body}#{self.ref}"
        # Without the slash, an @ in a folder's name would be read as the start of a ref.
        if _at(body) >= 0 or body != body.rstrip():
            return f"{body}/"
        return body

    @property
    def as_written(self) -> str:
        """Format it as people write it: a version range behind an ``@``, where that reads the same."""
        text, ref = str(self), f"#{self.ref}"
        if not self.is_range or "@" in text:
            return text
        return f"{text.removesuffix(ref)}@{self.ref}"

    @property
    def begins_here(self) -> bool:
        """Whether it is a path that means something else from every folder."""
        return self.kind.traits.is_path and not self.location.startswith(("/", "~"))

    @property
    def folder(self) -> str:
        """The folder of the package on this machine, or its place in a repository here; empty if it is not known."""
        place = self.location
        if place.startswith(_FILE_URL):
            place = unquote(place.removeprefix(_FILE_URL))
        elif self.kind is not SourceKind.FOLDER:
            return ""
        return f"{place}/{self.subfolder}" if self.subfolder else place

    @property
    def fetch_url(self) -> str:
        """Return the location with the typed credentials; use it only to talk to the server."""
        scheme, sep, rest = self.location.partition("://")
        return f"{scheme}{sep}{self.credentials.before(rest)}"

    def at(self, ref: str) -> SourceSpec:
        """Return the same source at another ref (or range).

        Raises:
            Invalid: The ref is not valid, or this kind of source has no refs.
        """
        traits = self.kind.traits
        if not traits.has_refs:
            raise Invalid(
                f"{traits.label} has no versions to choose from, so {quoted(ref, 100)} can't be used with it"
            )
        if is_commit_id(ref):
            ref = ref.lower()
        return self._replace(ref=_checked_ref(ref), is_range=is_range(ref))


class Pin(NamedTuple):
    """Exactly what a source resolved to.

    Attributes:
        url: Where it was fetched from, without credentials; a path for a folder or archive.
        kind: What kind of ref was followed; an update follows only a ref of the same kind.
        subfolder: The folder of the package in it; None for the root.
        ref: The full name of the ref followed, such as ``refs/heads/main``; empty if no ref was followed.
        commit: The commit, 40 or 64 hex digits; empty for a folder or archive.
        version: The version its manifest names.
        tree: The digest of the package tree as shipped.
    """

    url: str
    tree: Digest
    kind: PinKind
    subfolder: RelPath | None = None
    ref: str = ""
    commit: str = ""
    version: str = ""

    @property
    def label(self) -> str:
        """Return the version, if it has one, with the start of the commit."""
        return f"{self.version} @ {self.short}".strip()

    @property
    def short(self) -> str:
        """Return the start of the commit, or of the tree digest if there is no commit."""
        return self.commit[:7] or self.tree[:7]


def pin_kind(spec: SourceSpec, ref: str, commit: str) -> PinKind:
    """Return what kind of ref a source follows.

    Args:
        spec: The source as the user gave it.
        ref: The full name of the ref that it resolved to; empty if there is none.
        commit: The commit that it resolved to; empty for a folder or archive that is read as it is.
    """
    if not commit:
        return spec.kind.traits.as_it_is
    if is_commit_id(spec.ref):
        return PinKind.COMMIT
    if ref.startswith(HEADS):
        return PinKind.BRANCH
    if _follows_versions(spec, ref):
        return PinKind.RANGE
    if ref.startswith(TAGS):
        return PinKind.TAG
    return PinKind.COMMIT if spec.ref else PinKind.BRANCH


def _follows_versions(spec: SourceSpec, ref: str) -> bool:
    if not spec.ref:
        return spec.kind.traits.is_name  # a bare name means the latest version in its registry
    is_tag = ref == f"{TAGS}{spec.ref}"  # a tag may have a name that looks like a range
    return spec.is_range and not is_tag


def is_commit_id(ref: str) -> bool:
    """Return whether a ref is a full commit id, in lower or upper case; it is then never taken as a name."""
    return len(ref) in (40, 64) and not ref.strip(_HEX)


def is_range(ref: str) -> bool:
    """Return whether a ref is a version range rather than one tag, branch or commit."""
    parts = [part.strip() for part in ref.split(",")]
    return any(re.fullmatch(_RANGE, part) for part in parts) and all(
        re.fullmatch(_RANGE, part) or re.fullmatch(_VERSION, part, re.ASCII) for part in parts
    )


def as_typed(recorded: str) -> str:
    """Spell a recorded source as people write it, ``bot@^1`` for ``bot#^1``; what is not a source stays as it is."""
    try:
        return parse_source(recorded, allow_insecure=True).as_written
    except Invalid:
        return recorded


def parse_source(text: str, *, allow_insecure: bool = False) -> SourceSpec:
    """Parse what the user typed.

    Args:
        text: Such as ``github.com/you/research-bot//agents/bot#v1.2``.
        allow_insecure: Whether ``http://`` and ``git://`` may leave this machine.

    Raises:
        Invalid: The text does not match the grammar, or could be read as an option.
    """
    try:
        return _parse(text, allow_insecure=allow_insecure)
    except _NotOne as err:
        raise Invalid(
            f"{quoted(_shown(text), 200)} is not a source: {err.why}",
            hint=err.hint or f"write {_spellings()}; then add //subfolder and #ref if needed",
        ) from None


def _spellings() -> str:
    *most, last = [traits.spelling for traits in KINDS.values() if traits.spelling]
    return f"{', '.join(most)} or {last}"


class _NotOne(Exception):
    """The text is not a valid source; :func:`parse_source` reports it without its credentials."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


def _parse(text: str, *, allow_insecure: bool) -> SourceSpec:
    if not text or text != text.strip():
        raise _NotOne("it is empty or has spaces around it")
    if any(unicodedata.category(char) in _INVISIBLE for char in text):
        raise _NotOne("it contains control or invisible characters")
    if text.startswith("-"):
        raise _NotOne("it begins with - and could be taken for an option")
    _check_login(text)
    body, ref = _split_ref(text)
    location, sub = _split_subfolder(body)
    spec = _classify(location, allow_insecure=allow_insecure)._replace(subfolder=_subfolder(sub))
    if ref:
        spec = spec.at(ref)
    return spec


def _check_login(text: str) -> None:
    """Refuse ``git@HOST`` without a path: it would be read as a package named git at the version HOST."""
    login = re.fullmatch(_LOGIN, text)
    if login is None:
        return
    host = login["host"].lower()
    if login["user"] != "git" and host not in _KNOWN_HOSTS:
        return
    if not login["path"]:
        raise _NotOne("the path of a repository is missing", f"write git@{host}:OWNER/REPO")
    whole = f"git@{host}:{login['path']}{login['ref'] or ''}"
    raise _NotOne("the path must follow a colon", f"did you mean {whole}?")


def _shown(text: str) -> str:
    """Return the text without anything that could be a password, even if it is not a proper URL."""
    masked = re.sub(r"(?<=://)[^/@\s]*:(?!\d+/)\S*@|(?<=://)[^/\s]*@(?=[^/@\s]*)", "", text)
    masked = re.sub(r"(?<=://)([^?#]*)\?[^#]*", r"\1?…", masked)
    # With one slash too few, https:/me:token@host is no URL, but its token is still a token.
    masked = re.sub(rf"^([A-Za-z][\w+.-]*:/)(?!/)\S*@|^{_KEY_AS_USER}@", r"\1", masked)
    return re.sub(r"^[^/@:]*:(?!//)[^/]*@(?=[^/@]*:)", "", masked)


def _checked_ref(ref: str) -> str:
    if is_range(ref):
        return ref
    if "//" in ref:
        raise Invalid(
            f"{quoted(ref, 100)} is not a tag, branch, commit or version range",
            hint="the folder comes first: SOURCE//FOLDER#REF",
        )
    if not re.fullmatch(_REF, ref) or ref == "@" or _is_refused_by_git(ref) or _has_invisible(ref):
        raise Invalid(
            f"{quoted(ref, 100)} is not a tag, branch, commit or version range",
            hint="name one such as v1.2.0, main, 8b0a946 or ^1.2",
        )
    return ref


def _is_refused_by_git(ref: str) -> bool:
    if ref.endswith(".") or ".." in ref or "@{" in ref:
        return True
    return any(
        not part or part.startswith(".") or part.endswith(".lock") for part in ref.split("/")
    )


def _has_invisible(ref: str) -> bool:
    return any(unicodedata.category(char) in {*_INVISIBLE, "Zs"} for char in ref)


def _split_ref(text: str) -> tuple[str, str]:
    """Split off ``#REF``, or ``@REF`` where the @ comes after the last / (or the : of the scp form)."""
    body, sharp, ref = text.partition("#")
    if sharp:
        if not ref:
            raise _NotOne("there is nothing after #")
        return body, ref
    at = _at(text)
    if at < 0:
        return text, ""
    if at == len(text) - 1:
        raise _NotOne("there is nothing after @")
    return text[:at], text[at + 1 :]


def _at(text: str) -> int:
    """Return the position of the @ before a ref; -1 if there is none."""
    scheme_end = text.find("://")
    path = text.find("/", scheme_end + 3) if scheme_end >= 0 else 0
    if path < 0 or text.lower().endswith(ARCHIVES):
        return -1  # an @ before the path ends a user name; in an archive's name it is part of it
    start = max(text.rfind("/"), _scp_colon(text)) + 1
    at = text.find("@", start)
    if at == start:
        return -1
    return at


def _scp_colon(text: str) -> int:
    if "://" in text or text.startswith((".", "/", "~")):
        return -1
    match = re.fullmatch(_SCP, text) or re.match(_SCP_ALIAS, text)
    if match is None:
        return -1
    return match.end("host")


def _split_subfolder(body: str) -> tuple[str, str]:
    scheme_end = body.find("://")
    start = scheme_end + 3 if scheme_end >= 0 else 1
    at = body.find("//", start)
    if at < 0:
        return body, ""
    return body[:at], body[at + 2 :]


def _subfolder(sub: str) -> RelPath | None:
    folder = sub.rstrip("/")
    if not folder:
        return None
    try:
        return RelPath(folder)
    except Invalid as err:
        raise err.within("subfolder") from None


def _classify(location: str, *, allow_insecure: bool) -> SourceSpec:
    if "://" in location or "::" in location:
        return _url(location, allow_insecure=allow_insecure)
    if location.startswith(("./", "../", "/", "~/")) or location in {".", "..", "~"}:
        kind = SourceKind.ARCHIVE if location.lower().endswith(ARCHIVES) else SourceKind.FOLDER
        return SourceSpec(kind=kind, location=location.rstrip("/") or "/")
    if re.match(_PAGE, location):
        return _url(f"https://{location}", allow_insecure=False)
    return _scp(location) or _short_form(location)


def _scp(location: str) -> SourceSpec | None:
    """Read ``user@host:path``, or ``alias:path`` with an alias of ``~/.ssh/config``; None for anything else."""
    if match := re.fullmatch(_SCP, location):
        _check_user(match["user"])
        return _scp_form(f"{match['user']}@", match["host"], match["path"].rstrip("/"))
    if re.fullmatch(_WITH_PASSWORD, location):
        raise _NotOne("the form user@host:path can't contain a password")
    match = re.fullmatch(_SCP_ALIAS, location)
    if match is None or match["host"].lower() in _NO_HOSTS:
        return None
    return _scp_form("", match["host"], match["path"].rstrip("/"))


def _scp_form(user: str, host: str, path: str) -> SourceSpec:
    if not re.fullmatch(_HOST, host) or not path or path.startswith("-"):
        raise _NotOne("its host or path is not valid")
    _check_repository(f"{user}{host.lower()}:", path.lstrip("/"))
    return SourceSpec(kind=SourceKind.GIT, location=f"{user}{_ssh_host(host)}:{path}")


def _ssh_host(host: str) -> str:
    """A name without a dot may be an alias of ``~/.ssh/config``, where upper and lower case differ."""
    return host.lower() if "." in host else host


def _short_form(location: str) -> SourceSpec:
    parts = location.rstrip("/").split("/")
    if not all(re.fullmatch(_SLUG, part) and part not in {".", ".."} for part in parts):
        slashed = "; write a ref that contains / after #" if "@" in location else ""
        raise _NotOne(f"a name may contain letters, digits, . _ and -{slashed}")
    if location.lower().endswith(ARCHIVES):
        return SourceSpec(kind=SourceKind.ARCHIVE, location=f"./{location}")
    _check_host(parts)
    if len(parts) == 1:
        return SourceSpec(kind=SourceKind.REGISTRY, location=parts[0])
    if "." in parts[0]:
        return _url(f"https://{'/'.join(parts)}", allow_insecure=False)
    if len(parts) == 2:
        return SourceSpec(kind=SourceKind.GIT, location=f"https://github.com/{'/'.join(parts)}")
    raise _NotOne(
        "it is neither owner/repo nor host/owner/repo",
        f"for a folder of that repository, write {'/'.join(parts[:2])}//{'/'.join(parts[2:])}; "
        "for a folder of this machine, begin with ./",
    )


def _check_host(parts: Sequence[str]) -> None:
    """Refuse a host without a repository."""
    host = parts[0].lower()
    # A name in a registry may have a dot, too.
    is_host = host in _KNOWN_HOSTS if len(parts) == 1 else "." in host
    if is_host and len(parts) < 3:
        raise _NotOne("a host must be followed by owner/repo; for a folder, begin with ./")


def _url(location: str, *, allow_insecure: bool) -> SourceSpec:
    scheme = location.partition(":")[0].lower()
    # ext::COMMAND is git's way to say: run this command and talk to it.
    if scheme not in _SCHEMES or "::" in location.partition("/")[0]:
        raise _NotOne(
            f"the scheme {quoted(scheme, 40)} is not allowed (https, ssh, file; http and git to this machine)",
            _PLAIN_URL.get(scheme.rpartition("+")[0], ""),
        )
    odd = _ENCODED_CONTROL if scheme == "file" else _URL_ODD
    if re.search(odd, location):
        raise _NotOne(
            "a URL can't contain spaces, quotes, backslashes, control characters, nor . or .. as folders"
        )
    parts = _url_parts(location)
    if scheme == "file":
        return _file_url(parts)
    spec = _server_url(scheme, parts)
    if scheme in {"http", "git"} and not (allow_insecure or is_loopback(parts.hostname or "")):
        raise Invalid(
            f"{scheme}:// to another machine is not secure: others can read or change what it carries",
            where=spec.location,
            hint="use https:// or ssh://, or pass --allow-insecure",
        )
    return spec


def _url_parts(location: str) -> SplitResult:
    try:
        parts = urlsplit(location)
        _ = parts.port  # a bad port is found only when it is asked for
    except ValueError:
        raise _NotOne("it is not a URL") from None
    return parts


def _file_url(parts: SplitResult) -> SourceSpec:
    if (
        parts.netloc.lower() not in {"", "localhost"}
        or not parts.path.startswith("/")
        or parts.query
    ):
        raise _NotOne("file:// takes an absolute path")
    return SourceSpec(kind=SourceKind.GIT, location=f"{_FILE_URL}{parts.path.rstrip('/') or '/'}")


def _server_url(scheme: str, parts: SplitResult) -> SourceSpec:
    path = parts.path.rstrip("/")
    user = parts.netloc.rpartition("@")[0]
    server = _server(parts)
    if user.startswith("-"):
        raise _NotOne("its host is not valid")
    if not path or parts.query:
        raise _NotOne("the path of a repository is missing, or a query follows it")
    _check_repository(f"{server}/", path.lstrip("/"))
    if scheme == "ssh":
        server = _ssh_server(parts, server)
        name = user.partition(":")[0]
        if name:
            _check_user(name)
        return SourceSpec(
            kind=SourceKind.GIT, location=f"ssh://{name}{'@' * bool(name)}{server}{path}"
        )
    return SourceSpec(
        kind=SourceKind.GIT, location=f"{scheme}://{server}{path}", credentials=Login(user)
    )


def _check_repository(host: str, path: str) -> None:
    """Make sure that a path on a server may be a repository, where it is known what one looks like.

    Args:
        host: The server, as it stands before the path.
        path: The path, without a slash at its beginning.

    Raises:
        _NotOne: It is a web page, or a folder of a repository.
    """
    # A web page of a repository has the kind of page and a ref in its path, each after a slash.
    if page := path.count("/") > 1 and re.fullmatch(_BROWSER, path):
        folder = page["folder"] or ""
        if page["kind"] in {"blob", "raw"}:
            folder = folder.rpartition("/")[0]
        place = f"//{folder}" if folder else ""
        raise _NotOne(
            "it is a web page of a repository",
            f"did you mean {host}{page['at']}{place}#{page['ref']}?",
        )
    parts = [part for part in path.split("/") if part]
    if _is_folder(host.rpartition("@")[2].rstrip("/:"), path, parts):
        place = f"{host}{'/'.join(parts[:2])}//{'/'.join(parts[2:])}"
        raise _NotOne("it is a folder of a repository", f"write // before the folder: {place}")


def _is_folder(server: str, path: str, parts: Sequence[str]) -> bool:
    """Whether a path is below a repository, on a server where an owner and a name make one."""
    if server not in _OWNER_AND_REPO or path.lower().endswith(ARCHIVES):
        return False
    # What climbs is refused as such.
    return len(parts) > 2 and ".." not in parts


def _server(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if not re.fullmatch(_HOST, host):
        raise _NotOne("its host is not valid")
    return host if parts.port is None else f"{host}:{parts.port}"


def _ssh_server(parts: SplitResult, server: str) -> str:
    """The server of an ``ssh://`` URL with its host as it is typed."""
    typed = parts.netloc.rpartition("@")[2].partition(":")[0]
    return server.replace(typed.lower(), _ssh_host(typed), 1) if typed else server


def _check_user(name: str) -> None:
    """Check the user of ``ssh://`` and of the scp form, which is stored and shown because it is not a secret."""
    if re.fullmatch(_KEY_AS_USER, name):
        raise _NotOne(
            "it has a key in place of the user name",
            "ssh knows you by your ssh key; write git@HOST:PATH",
        )
    if not re.fullmatch(_USER, name):
        raise _NotOne("its user name is not valid")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def without_credentials(url: str) -> str:
    """Return a URL without user info that could be secret.

    The user of ``ssh://`` stays unless it is a token; a password is always removed.
    """
    if "@" not in url:
        return url
    return re.sub(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^/?#\s]*)@", _public, url)


def _public(found: re.Match[str]) -> str:
    scheme, name = found["scheme"], found["user"].partition(":")[0]
    if scheme.lower() == "ssh" and not re.fullmatch(_KEY_AS_USER, name):
        return f"{scheme}://{name}@"
    return f"{scheme}://"
