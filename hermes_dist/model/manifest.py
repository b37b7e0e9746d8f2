"""The manifest ``distribution.yaml``: read leniently; unknown keys are kept, and nothing in it is ever run.

Public manifests vary more than the schema (``schema/distribution.schema.json``, which
``validate`` applies); each oddity that can be understood is accepted with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeGuard

from msgspec import Struct, field

from hermes_dist import lazily
from hermes_dist.errors import Invalid
from hermes_dist.light import NamedTuple
from hermes_dist.model.documents.api import Document, Steps, line_at
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath

ENV_NAME = lazily.pattern(r"[A-Z][A-Z0-9_]*")
_AGENT_FIELDS = (
    "name",
    "version",
    "description",
    "hermes_requires",
    "author",
    "license",
    "env_requires",
    "distribution_owned",
)
"""Fields that the agent knows, and writes again when its own installer copies a manifest."""
KNOWN_FIELDS = (
    *_AGENT_FIELDS,
    "homepage",
    "repository",
    "keywords",
    "dependencies",
    "extends",
    "overrides",
    "without",
    "inputs",
    "merge",
    "signing_key",
)
AGENT_STAMPS = ("source", "installed_at")
"""What the agent adds to the manifest of a home it installed."""
_TEXTS_OF_AGENT = ("description", "hermes_requires", "author", "license")
_WHOLE = frozenset(["", ".", "*", "**"])
"""Entries of ``distribution_owned`` that name the package as a whole."""
_VARIABLE_FIELDS = frozenset(["name", "description", "desc", "required", "default"])
POLICIES = ("keep", "theirs", "merge")


class EnvVar(Struct, frozen=True):
    """An environment variable that the package asks for.

    Attributes:
        name: The name as written; :attr:`usable` tells whether it is a valid variable name.
        description: Help for the person who fills it in.
        required: Whether the agent needs it to work.
        default: A value to suggest; None if there is none.
    """

    name: str
    description: str = ""
    required: bool = True
    default: str | None = None

    @property
    def usable(self) -> bool:
        return bool(ENV_NAME.fullmatch(self.name))


class Breach(NamedTuple):
    """A place where data breaks a schema.

    Attributes:
        steps: The place.
        why: What the check of the schema says about it.
        missing: The field that is missing there; empty if something else is wrong.
    """

    steps: Steps
    why: str
    missing: str = ""


class Oddity(Struct, frozen=True, eq=False):
    """Something in a manifest that was understood only in part or not at all.

    Attributes:
        steps: The field, such as ``("env_requires", 2, "name")``; empty for the whole manifest.
        what: What was odd there.
        line: The line, counted from 1; 0 if unknown. It is ignored when oddities are compared.
    """

    steps: Steps
    what: Note
    line: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Oddity) and (self.steps, self.what) == (other.steps, other.what)

    def __hash__(self) -> int:
        return hash((self.steps, self.what))

    @property
    def note(self) -> Note:
        """What was odd, after its place in the file."""
        return self.what._replace(where=_where(self.line, self.steps))


class Manifest(Struct, frozen=True, kw_only=True):
    """What an author says about a package.

    Attributes:
        owned: ``distribution_owned`` as safe paths; None if not given.
        merge: Policies (``keep``, ``theirs``, ``merge``) by path or ``path: key``.
        dependencies: The packages it depends on, as written; read by :mod:`hermes_dist.decide.layers.wanted`, as are
            ``extends``, ``overrides`` and ``without``.
        inputs: What it asks the user at installation, as written; read by :mod:`hermes_dist.decide.inputs.declared`.
        unknown: Unknown keys, kept as they are.
        warnings: The oddities found.
    """

    name: str
    version: str = ""
    description: str = ""
    hermes_requires: str = ""
    author: str = ""
    license: str = ""
    env: tuple[EnvVar, ...] = ()
    owned: tuple[RelPath, ...] | None = None
    homepage: str = ""
    repository: str = ""
    keywords: tuple[str, ...] = ()
    dependencies: object = None
    extends: object = None
    overrides: object = None
    without: object = None
    inputs: object = None
    merge: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    signing_key: str = ""
    unknown: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Oddity, ...] = ()

    @property
    def label(self) -> str:
        """``name@version`` as the agent shows it."""
        if not self.version:
            return self.name
        return f"{self.name}@{self.version}"


def parse_manifest(data: object, doc: Document | None = None) -> Manifest:
    """Build a manifest from loaded YAML.

    Args:
        data: The result of the YAML loader.
        doc: The text it was loaded from: used to find line numbers, and to read versions such as ``1.10`` as written.

    Raises:
        Invalid: The data is not a map or has no name; the error's place is ``distribution.yaml:LINE: FIELD``.
    """
    if not isinstance(data, dict):
        raise Invalid(
            "it is not a map of fields",
            where="distribution.yaml",
            hint="begin it with name: my-agent",
        )
    reader = _Reader({str(k): v for k, v in data.items()}, doc)
    name = reader.name()
    if not name:
        raise reader.no_name()
    description = reader.description()
    unknown = {
        k: v for k, v in reader.data.items() if k not in KNOWN_FIELDS and k not in AGENT_STAMPS
    }
    if unknown:
        odd = Note.of(NoteKind.UNKNOWN_FIELDS, fields=tuple(sorted(unknown)))
        reader.warn((), odd, at=unknown)
    return Manifest(
        name=name,
        version=reader.raw("version"),
        description=description,
        hermes_requires=reader.raw("hermes_requires"),
        author=reader.text("author"),
        license=reader.text("license"),
        env=reader.env(),
        owned=reader.owned(),
        homepage=reader.text("homepage"),
        repository=reader.text("repository"),
        keywords=reader.words("keywords"),
        dependencies=reader.dependencies(),
        extends=reader.data.get("extends"),
        overrides=reader.data.get("overrides"),
        without=reader.data.get("without"),
        inputs=reader.data.get("inputs"),
        merge=MappingProxyType(reader.policies()),
        signing_key=reader.text("signing_key"),
        unknown=MappingProxyType(unknown),
        warnings=tuple(reader.warnings),
    )


def field_at(steps: Iterable[str | int]) -> str:
    """Format a place in a manifest, such as ``env_requires[2].name``."""
    return "".join(map(_step_text, steps)).removeprefix(".")


def _step_text(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _where(line: int, steps: Steps) -> str:
    place = "distribution.yaml"
    if line:
        place += f":{line}"
    if steps:
        place += f": {field_at(steps)}"
    return place


def same_as_dumped(authors: object, found: object) -> bool:
    """Return whether a manifest found in a home is the author's manifest as rewritten by the agent.

    The agent drops comments and fields it does not know, renames it to the profile, and stamps
    ``source`` and ``installed_at``.
    """
    if not isinstance(found, dict) or not set(found) <= {*_AGENT_FIELDS, *AGENT_STAMPS}:
        return False
    dumped = _as_dumped(authors)
    return dumped is not None and dumped == _as_dumped(found)


def _as_dumped(data: object) -> tuple[object, ...] | None:
    """Return what the agent keeps of a manifest, except its name; None if the agent would refuse it."""
    if not isinstance(data, dict):
        return None
    env, owned = data.get("env_requires") or [], data.get("distribution_owned") or []
    if not _is_list_of_maps(env) or not isinstance(owned, list):
        return None
    return (
        str(data.get("version") or "0.1.0"),
        *(str(data.get(key) or "") for key in _TEXTS_OF_AGENT),
        [_var_as_dumped(var) for var in env],
        _paths_as_dumped(owned),
    )


def _paths_as_dumped(owned: list[object]) -> list[str]:
    paths = [str(path).strip() for path in owned]
    return [path.strip("/") for path in paths if path]


def _is_list_of_maps(value: object) -> TypeGuard[list[dict[object, object]]]:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _var_as_dumped(var: dict[object, object]) -> tuple[object, ...]:
    default = var.get("default")
    return (
        str(var.get("name") or "").strip(),
        str(var.get("description") or ""),
        bool(var.get("required", True)),
        type(default),
        default,
    )


def _names_packages(value: object) -> bool:
    """Whether dependencies can be meant for this program: a source among them, or ranges by name."""
    if isinstance(value, dict):
        return not any(isinstance(item, (dict, list)) for item in value.values())
    return isinstance(value, list) and (
        not value or any(isinstance(item, str) or _has_source(item) for item in value)
    )


def _has_source(item: object) -> bool:
    return isinstance(item, dict) and "source" in item


def _names_in(value: object) -> tuple[str, ...]:
    """The names that a list of another program's rows has; only to tell what is left out."""
    rows = value if isinstance(value, list) else [value]
    named = [row.get("name", "") if isinstance(row, dict) else row for row in rows]
    return tuple(name[:80] for name in named if isinstance(name, str) and name)


class _Reader:
    """Reads fields in every form found in public manifests, and records oddities."""

    def __init__(self, data: dict[str, object], doc: Document | None) -> None:
        self.data = data
        self._doc = doc
        self._source = doc.text if doc else ""
        self.warnings: list[Oddity] = []

    def line(self, steps: Steps) -> int:
        if self._doc is None:
            return 0
        return line_at(self._doc, steps)

    def warn(self, steps: Steps, what: Note, *, at: Iterable[str] = ()) -> None:
        """Record an oddity; ``at`` names the fields if there are several, and the first one gives the line."""
        places = [steps] if steps else [(field,) for field in at]
        line = min(map(self.line, places))
        self.warnings.append(Oddity(steps, what, line))

    def name(self) -> str:
        """Return the name as it is written; empty if there is none."""
        if isinstance(self.data.get("name"), (dict, list)):
            return ""
        return self.raw("name")

    def no_name(self) -> Invalid:
        """The error about a manifest without a usable name: nobody wrote one, or something that is none."""
        where = _where(self.line(("name",)), ("name",))
        if "name" not in self.data:
            return Invalid("the name is missing", where=where, hint="add a line name: my-agent")
        what = "the name is empty"
        if self.data["name"]:
            what = "the name must be text"
        return Invalid(what, where=where, hint="write it as name: my-agent")

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if isinstance(value, dict):
            return " ".join(str(v) for v in value.values() if isinstance(v, (str, int, float)))
        if isinstance(value, list):
            return ", ".join(str(v) for v in value)
        if value is None:
            return ""
        return str(value).strip()

    def raw(self, key: str) -> str:
        """Return a field as it is written, although YAML might read it as a number."""
        value = self.data.get(key)
        if value is None or isinstance(value, (str, dict, list)):
            return self.text(key)
        # YAML reads the version 1.10 as the number 1.1; only the text still knows.
        match = re.search(rf"^[\"']?{key}[\"']?[ \t]*:[ \t]+([^\s#]+)", self._source, re.MULTILINE)
        return match[1] if match else self.text(key)

    def description(self) -> str:
        """Return the description, also from ``desc``, which some authors write."""
        if self.text("description") or "desc" not in self.data:
            return self.text("description")
        text = self.text("desc")
        del self.data["desc"]
        self.warn(("desc",), Note.of(NoteKind.READ_AS, field="description"))
        return text

    def words(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key)
        if isinstance(value, str):
            value = re.split(r"[,\s]+", value)
        if not isinstance(value, list):
            return ()
        return tuple(str(word) for word in value if word not in ("", None))

    def dependencies(self) -> object:
        """Return the packs as written; None if the field is meant for another program.

        The agent does not know the field, and there are authors who list there what its users have to install.
        """
        value = self.data.get("dependencies")
        if value is None or _names_packages(value):
            return value
        odd = Note.of(NoteKind.FOR_ANOTHER_PROGRAM, names=_names_in(value))
        self.warn(("dependencies",), odd)
        return None

    def env(self) -> tuple[EnvVar, ...]:
        unique: dict[str, EnvVar] = {}
        for step, item in self._env_rows():
            var = self._env_var(("env_requires", step), item)
            if var is not None:
                unique.setdefault(var.name, var)
        for var in self._variables_of_inputs():
            unique.setdefault(var.name, var)
        return tuple(unique.values())

    def _variables_of_inputs(self) -> Iterator[EnvVar]:
        """Return the variables that answers to inputs go into; what is odd is found when they are read."""
        inputs = self.data.get("inputs")
        rows = inputs.values() if isinstance(inputs, dict) else ()
        for row in rows:
            name = row.get("env") if isinstance(row, dict) else None
            if isinstance(name, str) and ENV_NAME.fullmatch(name):
                yield EnvVar(name=name, description=str(row.get("description") or ""))

    def _env_rows(self) -> list[tuple[str | int, object]]:
        """Return what describes each variable, with its place; some authors write a map of names."""
        value = self.data.get("env_requires")
        if isinstance(value, dict):
            return [(str(name), _named(name, row)) for name, row in value.items()]
        if isinstance(value, list):
            return list(enumerate(value))
        if value is not None:
            self.warn(("env_requires",), Note.of(NoteKind.NOT_A_LIST))
        return []

    def _env_var(self, steps: Steps, item: object) -> EnvVar | None:
        row = _variable_row(item)
        name = str(row.get("name") or "").strip()
        if not name:
            self.warn(steps, Note.of(NoteKind.VARIABLE_WITHOUT_NAME))
            return None
        var = EnvVar(
            name=name,
            description=str(row.get("description") or row.get("desc") or ""),
            required=str(row.get("required", True)).lower() not in {"false", "none", "no", "0"},
            default=_plain(row.get("default")),
        )
        if not var.usable:
            odd = Note.of(NoteKind.NOT_A_VARIABLE_NAME, name=var.name)
            self.warn((*steps, "name"), odd)
        return var

    def owned(self) -> tuple[RelPath, ...] | None:
        value = self.data.get("distribution_owned")
        if value is None or value in ([], ""):
            return None
        if isinstance(value, str):
            value = [word for word in re.split(r"[,\s]+", value) if word]
        if not isinstance(value, list):
            self.warn(("distribution_owned",), Note.of(NoteKind.NOT_A_LIST))
            return None
        paths: list[RelPath] = []
        for index, item in enumerate(value):
            steps = ("distribution_owned", index)
            path = re.sub(r"^(\./)+", "", str(item).strip()).strip("/")
            path = re.sub(r"(/\*{1,2})+$", "", path)
            if path in _WHOLE:
                self.warn(steps, Note.of(NoteKind.WHOLE_PACKAGE, row=str(item)))
                return None
            try:
                paths.append(RelPath(path))
            except Invalid:
                self.warn(steps, Note.of(NoteKind.NOT_A_SAFE_PATH, row=str(item)))
        return tuple(dict.fromkeys(paths))

    def policies(self) -> dict[str, str]:
        value = self.data.get("merge")
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.warn(("merge",), Note.of(NoteKind.NOT_A_MAP_OF_PATHS))
            return {}
        policies = {str(key): str(policy) for key, policy in value.items()}
        for key in sorted(policies):
            if policies[key] not in POLICIES:
                odd = Note.of(NoteKind.NOT_A_POLICY, policy=policies[key], known=POLICIES)
                self.warn(("merge", key), odd)
        return {key: policy for key, policy in policies.items() if policy in POLICIES}


def _named(name: object, row: object) -> dict[object, object]:
    """Return the description of a variable that is given under its name."""
    if isinstance(row, dict):
        return {"name": name, **row}
    return {"name": name, "description": row}


def _variable_row(item: object) -> dict[object, object]:
    """Return the description of a variable; empty if it is none.

    Authors also write a bare name, or ``NAME: description``.
    """
    if isinstance(item, str):
        return {"name": item}
    if not isinstance(item, dict):
        return {}
    if len(item) == 1 and not _VARIABLE_FIELDS & item.keys():
        [(name, description)] = item.items()
        return {"name": name, "description": description}
    return item


def _plain(value: object) -> str | None:
    """Return a scalar as people write it: ``true`` as in YAML, not Python's ``True``; None for anything else."""
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
