"""Sources: what was asked for (SourceSpec) and exactly what it turned out to be (Pin).

The grammar is ``SOURCE[//SUB/FOLDER][#REF | @REF]`` (docs/formats.md, sources).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest


class SourceKind(StrEnum):
    """Where a package comes from."""

    GIT = "git"
    FOLDER = "folder"
    ARCHIVE = "archive"
    REGISTRY = "registry"


_SCHEMES = {"https", "ssh", "file", "http", "git"}
_HOST = re.compile(r"(?!-)[A-Za-z0-9.-]{1,253}(?<!-)|\[[0-9A-Fa-f:.]+\]")
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]*)@(?P<host>[^/:@]+):(?P<path>[^:].*)")
_SLUG = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_REF = re.compile(r"(?!-)[^\x00-\x20\x7f~^:?*\[\\]{1,250}")
_RANGE = re.compile(r"[\^~<>=!]|latest$|\d+(\.\d+)*\.[x*]$")
_ARCHIVES = (".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """What the user or a lockfile asked for.

    Attributes:
        kind: Git repository, folder, archive or registry name.
        location: URL, scp form, path or name, without credentials' secrets, subfolder and ref.
        subfolder: Where in it the package lies; None for its root.
        ref: Tag, branch, commit or version range; empty for the default branch.
        is_range: Whether ``ref`` is a version range such as ``^1.2`` or ``latest``.
    """

    kind: SourceKind
    location: str
    subfolder: RelPath | None = None
    ref: str = ""
    is_range: bool = False

    def __str__(self) -> str:
        """Write it so that :func:`parse_source` reads the same value again."""
        sub = f"//{self.subfolder}" if self.subfolder else ""
        return f"{self.location}{sub}{'#' + self.ref if self.ref else ''}"

    def at(self, ref: str) -> SourceSpec:
        """Return the same source at another ref (or range).

        Raises:
            Invalid: The ref is not one.
        """
        return replace(self, ref=_checked_ref(ref), is_range=is_range(ref))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Exactly what a source turned out to be.

    Attributes:
        url: Where it was fetched from, without credentials; a path for a folder or archive.
        subfolder: The folder of the package in it; None for the root.
        ref: The full name of the ref followed, such as ``refs/heads/main``; empty when it is none.
        commit: The commit, 40 or 64 hex digits; empty for a folder or archive.
        version: The version its manifest names.
        tree: Digest of the package tree as shipped.
    """

    url: str
    subfolder: RelPath | None = None
    ref: str = ""
    commit: str = ""
    version: str = ""
    tree: Digest

    @property
    def short(self) -> str:
        """The start of the commit, or of the tree digest where there is no commit."""
        return self.commit[:7] or self.tree[:7]


def is_range(ref: str) -> bool:
    """Whether a ref names versions to choose from rather than one tag, branch or commit."""
    return bool(ref) and all(bool(_RANGE.match(part.strip())) for part in ref.split(","))


def parse_source(text: str, *, allow_insecure: bool = False) -> SourceSpec:
    """Parse what the user typed.

    Args:
        text: Such as ``github.com/you/research-bot//agents/bot#v1.2``.
        allow_insecure: Whether ``http://`` and ``git://`` may leave this machine.

    Raises:
        Invalid: The text follows no form of the grammar, or could be taken for an option.
    """
    if not text or text != text.strip() or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        _bad(text, "it is empty or holds control characters or outer spaces")
    if text.startswith("-"):
        _bad(text, "it begins with - and could be taken for an option")
    body, ref = _split_ref(text)
    location, sub = _split_subfolder(body)
    spec = _classify(location, allow_insecure=allow_insecure)
    return replace(
        spec, subfolder=_subfolder(sub, text), ref=_checked_ref(ref) if ref else "", is_range=is_range(ref)
    )


def _bad(text: str, why: str) -> NoReturn:
    raise Invalid(
        f"{without_credentials(text)!r:.200} is not a source: {why}",
        hint="write github.com/you/bot, a git URL, ./folder or file.tar.gz; then //subfolder and #ref as wanted",
    )


def _checked_ref(ref: str) -> str:
    bad = not _REF.fullmatch(ref) and not is_range(ref)
    if bad or ref.startswith("-") or ".." in ref or ref.endswith((".lock", "/")) or "//" in ref or "@{" in ref:
        raise Invalid(f"{ref!r:.100} is not a tag, branch, commit or version range")
    return ref


def _split_ref(text: str) -> tuple[str, str]:
    """Split off ``#REF``, or ``@REF`` where the @ comes after the last / (or the : of the scp form)."""
    body, sharp, ref = text.partition("#")
    if sharp:
        if not ref:
            _bad(text, "there is nothing after #")
        return body, ref
    start = max(text.rfind("/"), _scp_colon(text)) + 1
    at = text.find("@", start)
    if at <= start:
        return text, ""
    if at == len(text) - 1:
        _bad(text, "there is nothing after @")
    return text[:at], text[at + 1 :]


def _scp_colon(text: str) -> int:
    if "://" in text or text.startswith((".", "/", "~")):
        return -1
    match = _SCP.fullmatch(text)
    return match.end("host") if match else -1


def _split_subfolder(body: str) -> tuple[str, str]:
    scheme_end = body.find("://")
    start = scheme_end + 3 if scheme_end >= 0 else 1
    at = body.find("//", start)
    return (body, "") if at < 0 else (body[:at], body[at + 2 :])


def _subfolder(sub: str, text: str) -> RelPath | None:
    try:
        return RelPath(sub.rstrip("/")) if sub.rstrip("/") else None
    except Invalid as err:
        raise err.within(f"subfolder of {without_credentials(text)!r:.200}") from None


def _classify(location: str, *, allow_insecure: bool) -> SourceSpec:
    if "://" in location or "::" in location:
        return _url(location, allow_insecure=allow_insecure)
    if location.startswith(("./", "../", "/", "~/")) or location in {".", "..", "~"}:
        kind = SourceKind.ARCHIVE if location.endswith(_ARCHIVES) else SourceKind.FOLDER
        return SourceSpec(kind=kind, location=location.rstrip("/") or "/")
    if match := _SCP.fullmatch(location):
        if not _HOST.fullmatch(match["host"]) or match["path"].startswith("-"):
            _bad(location, "the host or path is not one")
        return SourceSpec(kind=SourceKind.GIT, location=location)
    return _short_form(location)


def _short_form(location: str) -> SourceSpec:
    parts = location.rstrip("/").split("/")
    if not all(_SLUG.fullmatch(part) and part not in {".", ".."} for part in parts):
        _bad(location, "a name may hold letters, digits, . _ and -")
    if location.endswith(_ARCHIVES) and len(parts) == 1:
        return SourceSpec(kind=SourceKind.ARCHIVE, location=f"./{location}")
    if len(parts) == 1:
        return SourceSpec(kind=SourceKind.REGISTRY, location=parts[0])
    if "." in parts[0] and len(parts) >= 3:
        return SourceSpec(kind=SourceKind.GIT, location=f"https://{'/'.join(parts)}")
    if len(parts) == 2:
        return SourceSpec(kind=SourceKind.GIT, location=f"https://github.com/{'/'.join(parts)}")
    _bad(location, "it is neither owner/repo nor host/owner/repo; for a folder write ./ in front")


def _url(location: str, *, allow_insecure: bool) -> SourceSpec:
    scheme = location.partition(":")[0].lower()
    if scheme not in _SCHEMES or "::" in location.partition("/")[0]:
        _bad(location, f"the scheme {scheme!r} is not allowed (https, ssh, file; http and git to this machine)")
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        _bad(location, "it is not a URL")
    if scheme == "file":
        if host not in {"", "localhost"} or not unquote(parts.path).startswith("/"):
            _bad(location, "file:// takes an absolute path")
        return SourceSpec(kind=SourceKind.GIT, location=f"file://{parts.path}")
    if not _HOST.fullmatch(f"[{host}]" if ":" in host else host) or (parts.username or "").startswith("-"):
        _bad(location, "the host is not one")
    if not parts.path.strip("/") or parts.query:
        _bad(location, "the path of a repository is missing, or a query follows it")
    if scheme in {"http", "git"} and not (allow_insecure or is_loopback(host)):
        raise Invalid(
            f"{scheme}:// to another machine is neither private nor safe from changes on the way",
            where=without_credentials(location), hint="use https:// or ssh://, or pass --allow-insecure",
        )
    return SourceSpec(kind=SourceKind.GIT, location=location.rstrip("/"))


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def without_credentials(url: str) -> str:
    """Return a URL without user info that could be secret (the ``git@`` of ssh stays)."""
    return re.sub(r"(?<=://)([^/@\s]+)@", lambda m: "git@" if m[1] == "git" else "", url)
