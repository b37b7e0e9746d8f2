"""The file of a team: what a machine should have, as TOML (docs/howto/teams.md, schema/team.schema.json).

It is read strictly, because a word that nobody understands is mostly a typing error, and half a team is worse than an
error. It names variables and where their values are, and never holds a value.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

import tomli
import tomli_w

from hermes_dist import lazily
from hermes_dist.decide.inputs.declared import NAME as INPUT_NAME
from hermes_dist.decide.inputs.typed import shown
from hermes_dist.decide.layers.wanted import source_of_layer
from hermes_dist.decide.parts import PARTS
from hermes_dist.decide.secrets.finder import find_secrets
from hermes_dist.decide.team.wanted import (
    Team,
    WantedApproval,
    WantedLayer,
    WantedProfile,
    WantedRegistry,
    WantedRoute,
    answer_of,
    begins_as_reference,
    is_reference,
)
from hermes_dist.errors import DistError, Invalid, quoted
from hermes_dist.lazily import later
from hermes_dist.model.manifest import ENV_NAME
from hermes_dist.model.paths import DEFAULT_PROFILE, AliasName, ProfileName, RelPath
from hermes_dist.model.registry import is_key
from hermes_dist.model.source import SourceSpec, parse_source
from hermes_dist.model.tree import Digest
from hermes_dist.model.trust import (
    KnownKey,
    Policy,
    is_owner,
    key_of,
    key_row,
    policy_of,
    policy_row,
)

with later():
    from hermes_dist.installer import upgrades

FORMAT = 1
MAX_BYTES = 4 << 20
_DIGEST = lazily.pattern(r"[0-9a-f]{64}")
_HOW = (
    "env:NAME, file:PATH, op://VAULT/ITEM/FIELD or pass:NAME; or leave it empty to set it by hand"
)


TOP = (
    "format",
    "multiplex",
    "trusted",
    "revoked",
    "policies",
    "registries",
    "profiles",
    "routes",
)

_MEND = "name the file of a team, or correct this one; `snapshot` writes one that is valid"

FIELDS: Mapping[str, tuple[str, ...]] = {
    "trusted": ("name", "fingerprint", "key"),
    "revoked": ("name", "fingerprint", "key", "reason"),
    "policies": ("name", "sources", "require", "trusted", "revoked"),
    "registries": ("name", "place", "fingerprint"),
    "profiles": (
        "name",
        "source",
        "registry",
        "layers",
        "only",
        "except",
        "include",
        "keep",
        "held",
        "approve",
        "variables",
        "inputs",
        "aliases",
        "gateway",
    ),
    "layers": ("source", "only", "base"),
    "approve": ("at", "digest"),
    "routes": ("profile", "platform", "guild", "channel", "thread", "user", "bot", "name"),
}
"""The fields of each table; the schema names the same."""

_Path = tuple[str | int, ...]
_T = TypeVar("_T")


def load_team(data: bytes, place: str, folder: str, *, allow_insecure: bool = False) -> Team:
    """Read the file of a team.

    Args:
        data: The file.
        place: What it is called, for errors.
        folder: Where it lies; a folder or an archive as a source is relative to it.
        allow_insecure: Whether ``http://`` and ``git://`` may leave this machine.

    Raises:
        Invalid: It breaks a rule; the error names the line and, for an unknown word, those that are near.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(f"it is larger than {MAX_BYTES >> 20} MiB", where=place, hint=_MEND)
    try:
        text = data.decode()
        raw = tomli.loads(text)
    except UnicodeDecodeError as err:
        raise Invalid("it is not UTF-8", where=place, hint=_MEND) from err
    except (tomli.TOMLDecodeError, RecursionError) as err:
        why = str(err) or "it is nested too deeply"
        raise Invalid(
            f"it is not valid TOML: {why[:1].lower()}{why[1:]}", where=place, hint=_MEND
        ) from None
    return _Reader(text, place, folder, allow_insecure=allow_insecure).team(raw)


class _Reader:
    """Reads the tables, and knows where they stand."""

    def __init__(self, text: str, place: str, folder: str, *, allow_insecure: bool) -> None:
        self._text, self._place, self._folder = text, place, folder
        self._insecure = allow_insecure

    def _check_format(self, raw: Mapping[str, object]) -> None:
        if "format" not in raw:
            begin = f"begin the file with the line: format = {FORMAT}"
            raise Invalid("it does not say its format", where=self._place, hint=begin)
        if raw["format"] != FORMAT or isinstance(raw["format"], bool):
            newer = f"if the file is for a newer hermes-dist: {upgrades()}"
            raise self._odd(("format",), f"it must be {FORMAT}", newer)

    def team(self, raw: Mapping[str, object]) -> Team:
        self._check_format(raw)
        self._known(raw, TOP, ())
        team = Team(
            trusted=tuple(sorted(self._each(raw, "trusted", (), self._trusted))),
            revoked=tuple(sorted(self._each(raw, "revoked", (), self._revoked))),
            policies=tuple(self._each(raw, "policies", (), self._policy)),
            registries=tuple(self._each(raw, "registries", (), self._registry)),
            profiles=tuple(self._each(raw, "profiles", (), self._profile)),
            routes=tuple(self._each(raw, "routes", (), self._route)),
            multiplex=self._flag(raw, "multiplex", ()) or False,
        )
        self._once([one.name for one in team.profiles], "profiles", "name")
        self._once([one.name for one in team.registries], "registries", "name")
        self._once([one.place for one in team.policies], "policies", "name")
        self._once([one.fingerprint for one in (*team.trusted, *team.revoked)], "trusted", "")
        self._once([a for one in team.profiles for a in one.aliases], "profiles", "aliases")
        self._check_routes(team)
        return team

    def _check_routes(self, team: Team) -> None:
        """Make sure that a route leads to a profile of the file, or to the default one."""
        names = [DEFAULT_PROFILE, *(str(one.name) for one in team.profiles)]
        for number, route in enumerate(team.routes):
            if route.profile not in names:
                why = f"the file has no profile {quoted(str(route.profile), 80)}"
                raise self._odd(("routes", number, "profile"), why, _near(route.profile, names))
        if team.multiplex and not team.routes:
            raise self._odd(("multiplex",), "it is for routes, and there are none", "leave it out")

    def _trusted(self, raw: Mapping[str, object], at: _Path) -> KnownKey:
        self._known(raw, FIELDS["trusted"], at)
        key = self._valid(at, lambda: key_of(raw))
        if not is_owner(key.name):
            raise self._odd(at, "name is missing", "say whose key it is")
        return key

    def _revoked(self, raw: Mapping[str, object], at: _Path) -> KnownKey:
        self._known(raw, FIELDS["revoked"], at)
        return self._valid(at, lambda: key_of(raw))

    def _policy(self, raw: Mapping[str, object], at: _Path) -> Policy:
        self._known(raw, FIELDS["policies"], at)
        name = self._key(raw, at)
        rest = {key: value for key, value in raw.items() if key != "name"}
        return self._valid(at, lambda: policy_of(rest, name))

    def _valid(self, at: _Path, make: Callable[[], _T]) -> _T:
        try:
            return make()
        except (KeyError, TypeError, ValueError) as err:
            what = f"{err} is missing" if isinstance(err, KeyError) else str(err)
            raise self._odd(at, what) from None

    def _key(self, raw: Mapping[str, object], at: _Path) -> str:
        name = self._needed(raw, "name", at)
        if not is_key(name):
            raise self._odd(
                (*at, "name"),
                f"{quoted(name, 80)} is not a valid name",
                "use small letters, digits, - and _",
            )
        return name

    def _registry(self, raw: Mapping[str, object], at: _Path) -> WantedRegistry:
        self._known(raw, FIELDS["registries"], at)
        place = self._needed(raw, "place", at)
        with suppress(Invalid):  # what is no source is told by who adds it
            spec = self._in_full(parse_source(place, allow_insecure=self._insecure))
            place = str(spec) if spec.kind.traits.is_path else place
        return WantedRegistry(
            name=self._key(raw, at),
            place=place,
            fingerprint=self._word(raw, "fingerprint", at),
        )

    def _profile(self, raw: Mapping[str, object], at: _Path) -> WantedProfile:
        self._known(raw, FIELDS["profiles"], at)
        wanted = WantedProfile(
            name=self._name(raw, "name", at),
            source=self._source(
                raw, at, lambda text: parse_source(text, allow_insecure=self._insecure)
            ),
            registry=self._word(raw, "registry", at),
            layers=tuple(self._each(raw, "layers", at, self._layer)),
            only=self._parts(raw, "only", at),
            without=self._parts(raw, "except", at),
            include=self._paths(raw, "include", at),
            keep=self._words(raw, "keep", at),
            held=self._flag(raw, "held", at),
            approve=tuple(self._each(raw, "approve", at, self._approval)),
            variables=self._variables(raw, at),
            inputs=self._inputs(raw, at),
            aliases=tuple(map(str, self._checked(raw, "aliases", at, AliasName))),
            gateway=self._flag(raw, "gateway", at),
        )
        return self._fitting(wanted, at)

    def _fitting(self, wanted: WantedProfile, at: _Path) -> WantedProfile:
        """The profile, if its fields go together."""
        if wanted.name == DEFAULT_PROFILE:
            raise self._odd(
                (*at, "name"), "the default profile can't be in a team", "name another one"
            )
        bases = [layer.source for layer in wanted.layers if layer.base]
        if len([*bases, *filter(None, [wanted.source])]) > 1 and bases:
            hint = "a profile has a source, or one layer with base = true"
            raise self._odd((*at, "layers"), "it has two bases", hint)
        if wanted.only and wanted.without:
            raise self._odd((*at, "except"), "it can't stand beside only", "leave one of them out")
        if not wanted.source and not wanted.layers:
            self._check_bare(wanted, at)
        return wanted

    def _check_bare(self, wanted: WantedProfile, at: _Path) -> None:
        """Make sure that a profile without a package has no field that is about one."""
        for key in ("registry", "only", "except", "include", "keep", "held", "approve", "inputs"):
            if getattr(wanted, {"except": "without"}.get(key, key)) not in ("", (), None, {}):
                hint = f"give {wanted.name} a source, or leave it out"
                raise self._odd((*at, key), "it needs a package", hint)

    def _layer(self, raw: Mapping[str, object], at: _Path) -> WantedLayer:
        self._known(raw, FIELDS["layers"], at)
        self._needed(raw, "source", at)
        return WantedLayer(
            source=self._source(raw, at, lambda text: source_of_layer(text, local=True)),
            only=self._parts(raw, "only", at),
            base=self._flag(raw, "base", at) or False,
        )

    def _approval(self, raw: Mapping[str, object], at: _Path) -> WantedApproval:
        self._known(raw, FIELDS["approve"], at)
        digest = self._needed(raw, "digest", at)
        if not _DIGEST.fullmatch(digest):
            raise self._odd(
                (*at, "digest"), "it is not a digest of 64 digits", "copy it from a snapshot"
            )
        return WantedApproval(at=self._word(raw, "at", at), digest=Digest(digest))

    def _route(self, raw: Mapping[str, object], at: _Path) -> WantedRoute:
        self._known(raw, FIELDS["routes"], at)
        words = {key: self._word(raw, key, at) for key in FIELDS["routes"] if key != "profile"}
        words["platform"] = words["platform"] or "discord"
        return WantedRoute(profile=self._name(raw, "profile", at), **words)

    def _variables(self, raw: Mapping[str, object], at: _Path) -> dict[str, str]:
        found = raw.get("variables", {})
        if not isinstance(found, dict):
            raise self._odd(
                (*at, "variables"), "it is not a table", 'write it as { NAME = "env:NAME" }'
            )
        for name, value in found.items():
            if not ENV_NAME.fullmatch(name):
                raise self._odd(
                    (*at, "variables", name), f"{quoted(name, 80)} is not the name of a variable"
                )
            # The value is not shown: it may be the secret itself.
            if value != "" and not (isinstance(value, str) and is_reference(value)):
                why = "it is not a reference, and a team's file never holds a value"
                raise self._odd((*at, "variables", name), why, f"write {_HOW}")
        return dict(found)

    def _inputs(self, raw: Mapping[str, object], at: _Path) -> dict[str, str]:
        found = raw.get("inputs", {})
        if not isinstance(found, dict):
            why = 'write it as { team = "search", token = "env:TOKEN" }'
            raise self._odd((*at, "inputs"), "it is not a table", why)
        return {
            name: self._answer(name, value, (*at, "inputs", name)) for name, value in found.items()
        }

    def _answer(self, name: str, value: object, at: _Path) -> str:
        if not INPUT_NAME.fullmatch(name):
            raise self._odd(at, f"{quoted(name, 80)} is not the name of an input")
        if not isinstance(value, str | bool | int | float):
            raise self._odd(at, "it is not text, a number, true or false")
        word = shown(value)
        if is_reference(word):
            return word
        # Neither is shown: it may be a secret.
        if begins_as_reference(word):
            raise self._odd(at, "it is not a valid reference", f"write {_HOW}")
        if find_secrets(answer_of(word)):
            why = "it looks like a secret, and a team's file never holds one"
            raise self._odd(at, why, f"write {_HOW}")
        return word

    def _source(
        self, raw: Mapping[str, object], at: _Path, parse: Callable[[str], SourceSpec]
    ) -> str:
        text = self._word(raw, "source", at)
        if not text.strip():
            if "source" in raw:
                raise self._odd((*at, "source"), "it is empty", "name one, or leave the line out")
            return ""
        return str(self._in_full(self._as((*at, "source"), lambda: parse(text))))

    def _in_full(self, spec: SourceSpec) -> SourceSpec:
        """A path begins at the file, wherever the command is run."""
        if not spec.begins_here:
            return spec
        there = posixpath.normpath(posixpath.join(self._folder, spec.location))
        return spec._replace(location=there)

    def _parts(self, raw: Mapping[str, object], key: str, at: _Path) -> tuple[str, ...]:
        words = self._words(raw, key, at)
        for word in words:
            if word not in {*PARTS, "files"}:
                raise self._odd(
                    (*at, key),
                    f"{quoted(word, 80)} is not a part",
                    f"parts are {', '.join([*PARTS, 'files'])}",
                )
        return tuple(sorted(words))

    def _paths(self, raw: Mapping[str, object], key: str, at: _Path) -> tuple[str, ...]:
        return tuple(map(str, self._checked(raw, key, at, RelPath)))

    def _checked(
        self, raw: Mapping[str, object], key: str, at: _Path, make: Callable[[str], _T]
    ) -> list[_T]:
        return [self._as((*at, key), partial(make, word)) for word in self._words(raw, key, at)]

    def _name(self, raw: Mapping[str, object], key: str, at: _Path) -> ProfileName:
        text = self._needed(raw, key, at)
        return self._as((*at, key), lambda: ProfileName(text))

    def _as(self, path: _Path, make: Callable[[], _T]) -> _T:
        try:
            return make()
        except DistError as err:
            raise self._odd(path, err.what, err.hint) from None

    def _each(
        self,
        raw: Mapping[str, object],
        key: str,
        at: _Path,
        read: Callable[[Mapping[str, object], _Path], _T],
    ) -> Iterator[_T]:
        rows = raw.get(key, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            table = ".".join(word for word in (*at, key) if isinstance(word, str))
            raise self._odd(
                (*at, key), "it is not a list of tables", f"begin each with [[{table}]]"
            )
        for number, row in enumerate(rows):
            yield read(row, (*at, key, number))

    def _known(self, raw: Mapping[str, object], known: Iterable[str], at: _Path) -> None:
        for key in raw:
            if key not in known:
                raise self._odd(
                    (*at, key), f"{quoted(key, 80)} is not known here", _near(key, known)
                )

    def _needed(self, raw: Mapping[str, object], key: str, at: _Path) -> str:
        value = self._word(raw, key, at)
        if not value:
            raise self._odd(at if key not in raw else (*at, key), f"{key} is missing")
        return value

    def _word(self, raw: Mapping[str, object], key: str, at: _Path) -> str:
        value = raw.get(key, "")
        if not isinstance(value, str):
            raise self._odd((*at, key), "it is not text", "put it into quotes")
        return value

    def _words(self, raw: Mapping[str, object], key: str, at: _Path) -> tuple[str, ...]:
        value = raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self._odd((*at, key), "it is not a list of texts", f'write it as {key} = ["…"]')
        return tuple(dict.fromkeys(value))

    def _flag(self, raw: Mapping[str, object], key: str, at: _Path) -> bool | None:
        value = raw.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._odd((*at, key), "it is neither true nor false")
        return value

    def _once(self, names: Iterable[str], table: str, key: str) -> None:
        seen: set[str] = set()
        for number, name in enumerate(names):
            if name in seen:
                at: _Path = (table, number, key) if key == "name" else (table,)
                raise self._odd(
                    at, f"{quoted(str(name), 80)} is there twice", "leave one of them out"
                )
            seen.add(name)

    def _odd(self, path: _Path, what: str, hint: str = "") -> Invalid:
        words = ""
        for step in path:
            words += f"[{step}]" if isinstance(step, int) else f"{'.' if words else ''}{step}"
        where = f"{self._place}:{line_of(self._text, path)}"
        return Invalid(what, where=f"{where}: {words}", hint=hint)


def _near(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word.lower(), names, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"known are: {', '.join(names)}"


def line_of(text: str, path: Iterable[str | int]) -> int:
    """The line of a place in a file of tables, from 1: as near as headers and keys tell."""
    lines, at = text.splitlines(), 0
    steps = list(path)
    for index, step in enumerate(steps):
        if isinstance(step, int):
            continue
        number = steps[index + 1] if index + 1 < len(steps) else 0
        at = _seen(lines, at, str(step), number if isinstance(number, int) else 0)
    return at + 1


def _seen(lines: list[str], start: int, key: str, number: int) -> int:
    """The line of the header or key that comes next, or of the header of that number; where it began without one."""
    name = re.escape(key)
    header = re.compile(rf"""\s*\[\[?(?:[^\]]*\.)?\s*["']?{name}["']?\s*\]""")
    assigned = re.compile(rf"""(?:^|[{{,])\s*["']?{name}["']?\s*=""")
    headers = [n for n in range(start, len(lines)) if header.match(lines[n])]
    if number < len(headers) and (number or not _before(lines, start, headers[0], assigned)):
        return headers[number]
    return next((n for n in range(start, len(lines)) if assigned.search(lines[n])), start)


def _before(lines: list[str], start: int, end: int, pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(line) for line in lines[start:end])


_HEAD = """\
# What this machine should have. Make another machine the same with: hermes-dist apply FILE
# Variables: name where each value is, such as "op://Team/Bots/key", "pass:bots/key", "env:KEY" or "file:~/key".
# The values themselves never belong in here.
"""


def dump_team(team: Team) -> bytes:
    """Write the file of a team; equal teams give equal bytes."""
    data: dict[str, object] = {"format": FORMAT}
    if team.multiplex:
        data["multiplex"] = True
    tables: Mapping[str, list[dict[str, object]]] = {
        "trusted": [dict(key_row(one)) for one in team.trusted],
        "revoked": [dict(key_row(one)) for one in team.revoked],
        "policies": [{"name": one.place, **policy_row(one)} for one in team.policies],
        "registries": [_row(one, FIELDS["registries"]) for one in team.registries],
        "profiles": [_profile_row(one) for one in team.profiles],
        "routes": [_row(one, FIELDS["routes"]) for one in team.routes],
    }
    data |= {name: rows for name, rows in tables.items() if rows}
    # What a terminal obeys, or people can't see, is spelled out: the file is shown, and read before it is used.
    return (_HEAD + "".join(map(_visible, tomli_w.dumps(data)))).encode()


def _visible(char: str) -> str:
    if char == "\n" or char.isprintable():
        return char
    return f"\\U{ord(char):08x}"


def _profile_row(profile: WantedProfile) -> dict[str, object]:
    row = _row(profile, FIELDS["profiles"])
    for key in ("layers", "approve"):
        rows = [_row(one, FIELDS[key]) for one in getattr(profile, key)]
        row.pop(key, None)
        if rows:
            row[key] = rows
    return row


_THREE_WAYS = frozenset({"held", "gateway"})
"""Fields that leave it to the machine if they are not there."""


def _row(value: object, fields: Iterable[str]) -> dict[str, object]:
    """The fields that say something, as plain values of TOML."""
    row: dict[str, object] = {}
    for key in fields:
        found = getattr(value, {"except": "without"}.get(key, key))
        if found in ("", (), None, {}) or (found is False and key not in _THREE_WAYS):
            continue
        row[key] = _plain(found)
    return row


def _plain(value: object) -> object:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return value
