"""Registries as data: the entry of a package, its releases, and ``registries.toml`` (docs/registry.md)."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import tomli
from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted
from hermes_dist.light import read_json
from hermes_dist.model.source import AsGit, SourceSpec, is_loopback, parse_source
from hermes_dist.model.tree import Digest

FORMAT = 1
_LOOPBACK = 127
INDEX = "registry.json"
"""The file that makes a folder a registry."""
FOLDER = "packages"
DEFAULT = "default"
"""The name of the registry that this program carries."""
MAX_ENTRY = 1 << 20
_KEY = lazily.pattern(r"[a-z0-9][a-z0-9_-]{0,63}")
_COMMIT = lazily.pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DATE = lazily.pattern(r"\d{4}-\d{2}-\d{2}")
_VERSION = lazily.pattern(r"v?\d[\w.+!-]{0,60}", re.ASCII)
_TEXTS = (
    "title",
    "description",
    "category",
    "license",
    "hermes_requires",
    "commit_seen",
    "deprecated",
)
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": None, "_": None})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


class RegistryKind(StrEnum):
    """How a registry is read."""

    FOLDER = "folder"
    GIT = "git"
    TUF = "tuf"


class Registry(Struct, frozen=True, kw_only=True):
    """A registry that is configured on this machine.

    Attributes:
        name: Its local name.
        kind: How it is read.
        location: A folder, a git repository in the grammar of sources, or the address of static files.
        root: For ``tuf``: the digest of the root metadata that it was added with.
    """

    name: str
    kind: RegistryKind
    location: str
    root: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine; only then may its entries name local sources."""
        if self.name == DEFAULT:
            return False
        return self.kind is RegistryKind.FOLDER or self.location.startswith("file://")


class Release(Struct, frozen=True, kw_only=True):
    """A version of a package, pinned by the registry.

    Attributes:
        version: The version as its manifest writes it.
        commit: The pinned commit.
        tree: The digest of the package tree; empty if it is not recorded.
        signer: The fingerprint of the key that signed it; empty if it is unsigned.
        date: The day of the release, or empty.
        yanked: Why it was withdrawn; empty if it was not.
        requires: The agent versions it requires.
    """

    version: str
    commit: str
    tree: str = ""
    signer: str = ""
    date: str = ""
    yanked: str = ""
    requires: str = ""


class Package(Struct, frozen=True, kw_only=True):
    """A registry's entry for a package.

    Attributes:
        name: Its key in the registry: a slug.
        title: The name as its author writes it.
        source: The source, without a ref.
        env: The environment variables it asks for.
        runs: How many schedules, servers and so on it contains, by ``cron``, ``mcp``, ``hooks``, ``plugins``.
        versions: The pinned releases; if there are none, the source's own tags and branches are used.
        commit_seen: The commit that was last looked at; a hint, not a pin.
        deprecated: Why nobody should begin to use it, and what to use instead; empty if it is kept up.
    """

    name: str
    title: str
    source: SourceSpec
    description: str = ""
    category: str = ""
    keywords: tuple[str, ...] = ()
    license: str = ""
    hermes_requires: str = ""
    env: tuple[str, ...] = ()
    runs: Mapping[str, int]
    versions: tuple[Release, ...] = ()
    commit_seen: str = ""
    deprecated: str = ""


def is_key(text: str) -> bool:
    """Return whether a text is a valid package name in a registry."""
    return _KEY.fullmatch(text) is not None


def entry_path(key: str) -> str:
    """Return the path of a package's entry in a registry: ``packages/re/research-bot.json``."""
    return f"{FOLDER}/{key[:2]}/{key}.json"


def key_of(path: str) -> str:
    """Return the package whose entry belongs at a path; empty if the path is not one of an entry."""
    key = path.rpartition("/")[2].removesuffix(".json")
    if not is_key(key) or entry_path(key) != path:
        return ""
    return key


def skeleton(key: str) -> str:
    """Return a name with easily confused characters made equal: two names with the same skeleton look alike."""
    text = key.translate(_LOOK_ALIKES)
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return text


def parse_package(data: bytes, key: str, *, local: bool) -> Package:
    """Parse an entry strictly: nothing is installed from an entry that is not fully understood.

    Args:
        data: The content of the file.
        key: The package that the entry should describe.
        local: Whether the registry is on this machine; only then may the entry name a local source.

    Raises:
        Invalid: The entry breaks a rule; the error names the field.
    """
    try:
        return _package(_map(_json(data)), key, local=local)
    except Invalid as err:
        raise err.within(entry_path(key)) from None


def _json(data: bytes) -> object:
    if len(data) > MAX_ENTRY:
        raise Invalid("the entry is larger than 1 MiB")
    try:
        return read_json(data)
    except ValueError:
        raise Invalid("it is not JSON") from None


def _package(raw: Mapping[str, object], key: str, *, local: bool) -> Package:
    if raw.get("name") != key:
        raise Invalid(
            f"it is the entry for {quoted(raw.get('name'), 80)}, not for {quoted(key, 80)}",
            where="name",
        )
    texts = {field: _text(raw, field) for field in _TEXTS}
    return Package(
        name=key,
        title=texts.pop("title") or key,
        source=read_source(_text(raw, "source"), local=local),
        keywords=_words(raw, "keywords"),
        env=_words(raw, "env"),
        runs=_counts(raw),
        versions=_releases(raw),
        **texts,
    )


def read_source(text: str, *, local: bool) -> SourceSpec:
    """Parse the source of an entry: a repository without a ref; a path on this machine only if the registry is local.

    Raises:
        Invalid: The text is not a valid source, or is not allowed in a registry.
    """
    try:
        spec = parse_source(text)
    except Invalid as err:
        raise err.within("source") from None
    # Somebody else's registry must not point us at folders or services of the user's machine.
    allowed = local or not is_near(spec)
    if spec.kind.traits.as_git is not AsGit.ALWAYS or spec.ref or not allowed:
        raise Invalid(
            f"{quoted(text, 200)} can't be used in a registry",
            where="source",
            hint="write a git repository, such as github.com/you/bot//folder, without a ref",
        )
    return spec


def is_near(spec: SourceSpec) -> bool:
    """Whether a repository is on this machine: as a path, or behind an address that leads back to it."""
    scheme, found, rest = spec.location.partition("://")
    if scheme == "file":
        return True
    host = rest.partition("/")[0].rpartition("@")[2]
    if not found:  # you@host:path
        host = spec.location.rpartition("@")[2]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name) or _leads_here(name.lower().rstrip("."))


def _leads_here(host: str) -> bool:
    """Whether a resolver takes a name for this machine, although it is not how anybody would spell that.

    Nobody may do less there than at a loopback address, so this is no reason to allow ``http://``.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _first_of_number(host) in (0, _LOOPBACK)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any(one.is_loopback or one.is_unspecified for one in (address, mapped) if one)


def _first_of_number(host: str) -> int:
    """The first number of a short, octal or hexadecimal IPv4 address, such as 127.1 or 0x7f000001; -1 for none."""
    parts = host.split(".")
    try:
        numbers = [int(part, 8 if re.fullmatch("0[0-7]+", part) else 0) for part in parts]
    except ValueError:
        return -1
    return numbers[0] if len(numbers) > 1 else numbers[0] >> 24


def _releases(raw: Mapping[str, object]) -> tuple[Release, ...]:
    found: dict[str, Release] = {}
    rows = raw.get("versions", [])
    if not isinstance(rows, list):
        raise Invalid("it must be a list", where="versions")
    for number, row in enumerate(rows):
        try:
            release = _release(_map(row))
        except Invalid as err:
            raise err.within(f"versions[{number}]") from None
        if release.version in found:
            raise Invalid(
                f"the version {release.version} is listed twice", where=f"versions[{number}]"
            )
        found[release.version] = release
    return tuple(found.values())


def _release(raw: Mapping[str, object]) -> Release:
    names = ("version", "commit", "tree", "signer", "date", "yanked", "requires")
    texts = {name: _text(raw, name) for name in names}
    for name, pattern, needed in (
        ("version", _VERSION, True),
        ("commit", _COMMIT, True),
        ("date", _DATE, False),
    ):
        if (texts[name] or needed) and not pattern.fullmatch(texts[name]):
            raise Invalid(f"{quoted(texts[name], 80)} is not a valid {name}", where=name)
    if texts["tree"]:
        Digest(texts["tree"])
    return Release(**texts)


def _map(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Invalid("it must be a map")
    return value


def _counts(raw: Mapping[str, object]) -> Mapping[str, int]:
    counts = raw.get("runs", {})
    if not isinstance(counts, dict) or not all(type(n) is int and n >= 0 for n in counts.values()):
        raise Invalid("it must be a map of whole numbers", where="runs")
    return counts


def _text(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise Invalid("it must be text", where=name)
    return value


def _words(raw: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = raw.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Invalid("it must be a list of texts", where=name)
    return tuple(value)


def source_text(spec: SourceSpec) -> str:
    """Format a source as entries do: without ``https://`` where that is implied."""
    text = str(spec)
    short = text.removeprefix("https://")
    if short != text and parse_source(short) == spec:
        return short
    return text


def dump_package(package: Package) -> bytes:
    """Write an entry; equal packages give equal bytes."""
    release = ("version", "commit", "tree", "signer", "date", "yanked", "requires")
    rows = [{n: value for n in release if (value := getattr(one, n))} for one in package.versions]
    data: dict[str, object] = {
        "name": package.name,
        "title": package.title,
        "source": source_text(package.source),
        "description": package.description,
        "category": package.category,
        "keywords": list(package.keywords),
        "license": package.license,
        "hermes_requires": package.hermes_requires,
        "env": list(package.env),
        "runs": dict(sorted(package.runs.items())),
        "versions": rows,
        "commit_seen": package.commit_seen,
    }
    kept = {name: value for name, value in data.items() if value or name == "versions"}
    return (json.dumps(kept, indent=2, ensure_ascii=False) + "\n").encode()


def yank(package: Package, version: str, reason: str) -> Package:
    """Withdraw a release, or (without a reason) restore it.

    Raises:
        Invalid: The entry has no such version.
    """
    if version not in {one.version for one in package.versions}:
        have = ", ".join(one.version for one in package.versions[-5:]) or "none"
        raise Invalid(
            f"{package.name} has no version {quoted(version, 80)}", hint=f"pinned versions: {have}"
        )
    rows = list(package.versions)
    for n, release in enumerate(rows):
        if release.version == version:
            rows[n] = replace(release, yanked=reason)
    return replace(package, versions=tuple(rows))


def load_registries(data: bytes) -> tuple[Registry, ...]:
    """Read ``registries.toml``.

    Raises:
        Invalid: The file is damaged; the error says how.
    """
    try:
        raw = tomli.loads(data.decode())
        rows = raw.get("registry", [])
        if not isinstance(rows, list):
            raise TypeError("registry is not a list of tables")
        return tuple(
            Registry(
                name=_named(_text(row, "name")),
                kind=RegistryKind(_text(row, "kind")),
                location=_text(row, "location"),
                root=_text(row, "root"),
            )
            for row in map(_map, rows)
        )
    except (KeyError, TypeError, ValueError, Invalid) as err:
        raise Invalid(
            f"the list of registries is damaged ({err})", hint="fix it, or move it away"
        ) from None


def _named(name: str) -> str:
    if not is_key(name):
        raise Invalid(
            f"{quoted(name, 80)} is not a valid name for a registry",
            hint="use small letters, digits, - and _",
        )
    return name


def dump_registries(registries: Iterable[Registry]) -> bytes:
    """Write ``registries.toml``."""
    import tomli_w  # noqa: PLC0415 - only writers pay for it

    names = ("name", "kind", "location", "root")
    rows = [{n: str(value) for n in names if (value := getattr(one, n))} for one in registries]
    return tomli_w.dumps({"registry": rows}).encode()


def is_entry(path: str) -> bool:
    """Whether a file of a registry, by its path, is the entry of a package."""
    return path.startswith(f"{FOLDER}/") and path.endswith(".json")
