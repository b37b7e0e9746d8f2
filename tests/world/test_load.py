"""Manifests from bytes, and the JSON Schemas that the wheel carries."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing.exceptions import Unresolvable

from hermes_dist.agents.names import RESERVED
from hermes_dist.decide.environment.wanted import offers_default
from hermes_dist.decide.versions import specifiers, version_of
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_package import Approval, InputAnswer, LockedPackage, Off, OffCause
from hermes_dist.model.manifest import KNOWN_FIELDS, EnvVar
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Answer, Conflict, Effect, EffectKind
from hermes_dist.model.side import Side
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree
from hermes_dist.world.load import data_folder, load_manifest, schema, violations
from hermes_dist.world.schemas import validator_of

ROOT = Path(__file__).parent.parent.parent
NAMES = sorted(
    path.name.removesuffix(".schema.json") for path in (ROOT / "schema").glob("*.schema.json")
)
GOOD = {"name": "x", "version": "1.0.0"}


def test_the_schemas_are_found_in_a_checkout() -> None:
    assert data_folder("schema") == ROOT / "schema"
    assert data_folder("registry").is_dir()
    assert {"distribution", "lock"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one_and_says_what_it_is_for(name: str) -> None:
    loaded = schema(name)
    Draft202012Validator.check_schema(loaded)
    assert loaded["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert loaded["title"]
    assert loaded["$id"].endswith(f"/{name}.schema.json")


def _parts(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _parts(part)


def test_no_part_of_a_schema_is_written_twice() -> None:
    """An object of some size stands once, in one schema or in ``common``; all others refer to it."""
    seen: dict[str, str] = {}
    twice = []
    for name in NAMES:
        for part in _parts(schema(name)):
            fields = part.get("properties")
            if isinstance(fields, dict) and len(fields) > 2:
                text = json.dumps(fields, sort_keys=True)
                twice += [f"{name} and {seen[text]}: {sorted(fields)}"] if text in seen else []
                seen[text] = name
    assert twice == []


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_to_a_part_that_the_wheel_carries(name: str) -> None:
    for part in _parts(schema(name)):
        if "$ref" in part:
            where = urljoin(schema(name)["$id"], str(part["$ref"]))
            list(validator_of({"$ref": where}, schema).iter_errors({}))


def test_nothing_but_our_own_schemas_is_resolved() -> None:
    with pytest.raises(Unresolvable):
        list(validator_of({"$ref": "https://x.org/a"}, schema).iter_errors({}))


@pytest.mark.parametrize("name", ["coder", "research-bot"])
def test_the_examples_manifests_hold_what_publish_wants(name: str) -> None:
    data = (ROOT / "examples" / name / "distribution.yaml").read_bytes()
    assert violations(yaml.safe_load(data), "distribution") == []
    manifest = load_manifest(data)
    assert manifest.name == name
    assert manifest.warnings == ()


def test_the_hostile_manifest_is_read_and_does_not_pass() -> None:
    data = (ROOT / "tests/data/hostile/distribution.yaml").read_bytes()
    manifest = load_manifest(data)
    assert manifest.name == "hostile"
    assert [var.name for var in manifest.env if var.usable] == [
        "LD_PRELOAD",
        "PATH",
        "OPENROUTER_BASE_URL",
    ]
    places = {place for place, _ in violations(yaml.safe_load(data), "distribution")}
    assert {
        "version",
        "description",
        "author",
        "license",
        "homepage",
        "env_requires[0].default",
        "env_requires[1].name",
        "env_requires[2].default",
        "env_requires[3].name",
        "env_requires[3].default",
        "env_requires[4].default",
    } <= places


def test_every_known_field_is_in_the_schema() -> None:
    assert set(schema("distribution")["properties"]) == {*KNOWN_FIELDS, "source", "installed_at"}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"version": "1"}, "", "name is missing"),
    (
        {"name": "x", "version": "1", "env_requires": [{"name": "A"}]},
        "env_requires[0]",
        "description is missing",
    ),
    ({"name": "x"}, "", "version is missing"),
    ({**GOOD, "name": "Exo Agent"}, "name", "small letters"),
    ({**GOOD, "name": "x\n"}, "name", "small letters"),
    ({**GOOD, "name": "hermes"}, "name", "reserved"),
    ({**GOOD, "name": 7}, "name", "must be text"),
    ({**GOOD, "version": 1.1}, "version", "must be text"),
    ({**GOOD, "version": "main"}, "version", "1.2.0"),
    ({**GOOD, "version": "1.0\x1b[2J"}, "version", "1.2.0"),
    ({**GOOD, "description": "a\nb"}, "description", "one line"),
    ({**GOOD, "description": "a\u202eb"}, "description", "one line"),
    ({**GOOD, "hermes_requires": "newest"}, "hermes_requires", ">=0.18"),
    ({**GOOD, "license": "do what you like!"}, "license", "SPDX"),
    ({**GOOD, "homepage": "javascript:alert(1)"}, "homepage", "https://"),
    ({**GOOD, "repository": "https://tok@github.com/o/r"}, "repository", "without a user"),
    ({**GOOD, "env_requires": {"A": "b"}}, "env_requires", "must be a list"),
    ({**GOOD, "env_requires": ["A"]}, "env_requires[0]", "must be a map"),
    ({**GOOD, "env_requires": [{"name": "A"}]}, "env_requires[0]", "description is missing"),
    (
        {**GOOD, "env_requires": [{"name": "MY KEY", "description": "d"}]},
        "env_requires[0].name",
        "capital letters",
    ),
    (
        {**GOOD, "env_requires": [{"name": "A", "description": "d", "default": 5}]},
        "env_requires[0].default",
        "must be text",
    ),
    (
        {**GOOD, "env_requires": [{"name": "A", "description": "d", "default": "x\ny"}]},
        "env_requires[0].default",
        "one line",
    ),
    (
        {**GOOD, "env_requires": [{"name": "A", "desc": "d", "description": "d"}]},
        "env_requires[0]",
        "'desc' was unexpected",
    ),
    (
        {**GOOD, "env_requires": [{"name": "A", "description": "d", "required": "no"}]},
        "env_requires[0].required",
        "true or false",
    ),
    ({**GOOD, "distribution_owned": "SOUL.md"}, "distribution_owned", "must be a list"),
    ({**GOOD, "distribution_owned": ["../x"]}, "distribution_owned[0]", "without globs"),
    ({**GOOD, "distribution_owned": ["/x"]}, "distribution_owned[0]", "relative"),
    ({**GOOD, "distribution_owned": ["skills/*"]}, "distribution_owned[0]", "without globs"),
    ({**GOOD, "distribution_owned": ["a", "a"]}, "distribution_owned", "non-unique"),
    ({**GOOD, "merge": {"SOUL.md": "nuke"}}, "merge.SOUL.md", "not one of"),
    ({**GOOD, "source": "github.com/x/y"}, "source", "written by the agent"),
    ({**GOOD, "installed_at": "2025"}, "installed_at", "written by the agent"),
    ({**GOOD, "keywords": ["a\nb"]}, "keywords[0]", "letters and digits"),
]


@pytest.mark.parametrize(
    ("data", "place", "words"), WRONG, ids=[f"{place}: {words}" for _, place, words in WRONG]
)
def test_what_publish_does_not_want_is_told_with_its_place(
    data: dict[str, Any], place: str, words: str
) -> None:
    found = violations(data, "distribution")
    assert [at for at, _ in found] == [place]
    assert words in found[0][1]
    assert len(found[0][1]) < 260


def test_each_missing_field_is_told_once() -> None:
    assert violations({}, "distribution") == [("", "name is missing"), ("", "version is missing")]


def test_unknown_fields_are_no_violation() -> None:
    assert violations({**GOOD, "post_install": "x", "icon": [1]}, "distribution") == []


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_are_those_of_profiles(name: str) -> None:
    assert violations({**GOOD, "name": name}, "distribution") != []


@pytest.mark.parametrize(
    "name", ["a", "a-b_c", "0x", "x" * 64, "", "-a", "A", "a.b", "x" * 65, "ü", "a b"]
)
def test_the_schema_and_profiles_agree_on_names(name: str) -> None:
    try:
        ProfileName(name)
        good = True
    except Invalid:
        good = False
    assert (violations({**GOOD, "name": name}, "distribution") == []) is good


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "1.2.3",
        "1.0rc1",
        "1.0.0-beta.2",
        "0.0.2.63",
        "1.0.post1",
        "1.0+local.1",
        "v1",
        "1..2",
        "x",
        "",
    ],
)
def test_the_schema_takes_no_version_that_can_not_be_compared(text: str) -> None:
    if violations({**GOOD, "version": text}, "distribution") == []:
        assert version_of(text) is not None
    else:
        assert text in {"v1", "1..2", "x", ""}


@pytest.mark.parametrize(
    "text",
    [
        ">=0.18.0",
        "^0.19",
        "~0.19.0",
        "~=0.19",
        "0.19",
        "*",
        ">=0.18, <1",
        "==0.19.*",
        "0.19.x",
        "!=0.19.1rc1",
        "=>1",
        "",
        ">=",
        "^",
        "a, b",
        "newest",
    ],
)
def test_the_schema_and_the_check_agree_on_requirements(text: str) -> None:
    try:
        specifiers(text)
        good = True
    except Invalid:
        good = False
    assert (violations({**GOOD, "hermes_requires": text}, "distribution") == []) is good


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD",
        "PATH",
        "PYTHONPATH",
        "NODE_OPTIONS",
        "BASH_ENV",
        "GIT_SSH",
        "HTTPS_PROXY",
        "X_BASE_URL",
        "HERMES_HOME",
        "AIGENLABS_HOME",
        "SSL_CERT_FILE",
        "API_MODE",
        "PATHS",
        "MY_PATH",
    ],
)
def test_what_the_schema_refuses_a_default_gets_none_at_install(name: str) -> None:
    """The schema knows the gravest names; install offers a default to names known to be harmless alone."""
    data = {**GOOD, "env_requires": [{"name": name, "description": "d", "default": "x"}]}
    refused = violations(data, "distribution") != []
    assert refused is (name not in ("API_MODE", "PATHS", "MY_PATH"))
    assert not offers_default(EnvVar(name, default="x"))


def test_a_default_that_is_offered_is_one_by_the_schema() -> None:
    data = {
        **GOOD,
        "env_requires": [{"name": "X_LANGUAGE", "description": "d", "default": "de"}],
    }
    assert violations(data, "distribution") == []
    assert offers_default(EnvVar("X_LANGUAGE", default="de"))


def test_a_broken_manifest_names_the_file_line_and_column() -> None:
    with pytest.raises(Invalid) as caught:
        load_manifest(b"name: x\nname: y\n")
    assert caught.value.where == "distribution.yaml:2:1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"***\n",
        b"- a\n",
        b"\xff\xfe",
        b"a: &x 1\nb: *x\n",
        b"name: !!python/name:os.system x\n",
        b"[" * 70_000,
        b"name: x\0",
        b"name: x\n---\nname: y\n",
        b"x: " + b"[" * 100,
    ],
)
def test_a_hostile_manifest_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        load_manifest(data)
    assert caught.value.where.startswith("distribution.yaml")


_SMALL = Lock(
    packages=(
        LockedPackage(source="./x", pin=Pin(url="/x", kind=PinKind.FOLDER, tree=EMPTY.digest)),
    )
)


def test_a_dumped_lock_holds_its_schema() -> None:
    digest, path = Digest.of(b"x"), RelPath("skills/a b/SKILL.md")
    pin = Pin(
        url="https://h/x",
        kind=PinKind.BRANCH,
        subfolder=path,
        ref="refs/heads/main",
        commit="a" * 40,
        version="1",
        tree=digest,
    )
    package = LockedPackage(
        name="x",
        source="x",
        registry="team",
        partial=True,
        signer="SHA256:x",
        pin=pin,
        included=(path,),
    )
    full = Lock(
        packages=(package,),
        held="*",
        generation=3,
        kept=frozenset(["a: b"]),
        approved=(Approval("", "", digest), Approval("a", "b", digest, "1.0 abc", (("c", "d"),))),
        off=(Off(path, "", OffCause.AUTHOR),),
        base=Tree({path: Entry(digest, executable=True)}),
        shipped=Tree({RelPath("mcp.json"): Entry(digest)}),
        upstream={path: None, RelPath("b"): Entry(digest)},
        authored={path: Entry(digest), RelPath("b"): None},
        released=Tree({RelPath("config.yaml"): Entry(digest)}),
        conflicts=(Conflict(path, 'a."b"'),),
        parked=tuple(
            Effect(kind, path, "k", (("", "what"),), digest, off=True) for kind in EffectKind
        ),
        answers=(Answer(path, "k", Side.THEIRS, f"644:{digest}"),),
        moved={path: RelPath("skills/c/SKILL.md")},
        inputs=(InputAnswer("team", "search"), InputAnswer("token")),
        unfilled=Tree({RelPath("SOUL.md"): Entry(digest)}),
    )
    for lock in (full, _SMALL):
        assert violations(tomllib.loads(dump_lock(lock).decode()), "lock") == []
    raw = tomllib.loads(dump_lock(full).decode())
    assert set(raw) == set(schema("lock")["properties"])
    assert load_lock(dump_lock(full)) == full


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("format", {"format": 3}),
        ("base.x", {"base": {"x": "absent"}}),
        ("base", {"base": {"../x": f"644 {EMPTY.digest}"}}),
        ("generation", {"generation": -1}),
        ("packages", {"packages": []}),
    ],
)
def test_a_lock_of_another_shape_does_not(place: str, change: dict[str, object]) -> None:
    raw = tomllib.loads(dump_lock(_SMALL).decode())
    assert [at for at, _ in violations({**raw, **change}, "lock")] == [place]
