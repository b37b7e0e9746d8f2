"""The layers that a manifest names: its base, its packs, and which of their files it overrides or leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.parts import PARTS
from hermes_dist.errors import Invalid, Refused, quoted
from hermes_dist.model.keypath import parse_key, split_written
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.registry import is_near
from hermes_dist.model.source import SourceKind, SourceSpec, parse_source

_FIELDS = frozenset({"source", "only"})
_SIBLING = "//"


class Dependency(Struct, frozen=True, kw_only=True):
    """A package that another one stands on.

    Attributes:
        source: Where it comes from, with a ref or a version range; None if it lies in the same repository.
        sibling: Its folder in the repository and at the commit of the package that names it.
        only: The parts that it brings, such as ``skills``; empty for all.
        written: The path of a source as its author wrote it, if that begins at the manifest; empty otherwise.
    """

    source: SourceSpec | None = None
    sibling: RelPath | None = None
    only: frozenset[str] = frozenset()
    written: str = ""

    def __str__(self) -> str:
        """The source as its author wrote it."""
        if self.source is None:
            return f"{_SIBLING}{self.sibling}"
        if self.written:
            return self.source._replace(location=self.written).as_written
        return self.source.as_written

    def meaning(self, asker: str) -> tuple[str, str]:
        """What is asked for, to remember it by: the same words may mean another package where somebody else asks.

        Args:
            asker: Who asks, as key and commit; empty for the package at the top.
        """
        return (str(self.source), "") if self.source else (str(self), asker)


class Wanted(Struct, frozen=True, kw_only=True):
    """The layers that a package asks for.

    Attributes:
        base: What it extends; None for nothing.
        packs: What it depends on besides.
        overrides: Places where it wins over other packs.
        without: Places of the layers below that it takes out.
    """

    base: Dependency | None = None
    packs: tuple[Dependency, ...] = ()
    overrides: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[Dependency, ...]:
        """All that it stands on, the base first."""
        return (*([self.base] if self.base else ()), *self.packs)


NOTHING = Wanted()

Locate = Callable[[SourceSpec], SourceSpec]
"""Gives a source in full: a path in a manifest begins at that manifest, wherever the command is run."""


def _as_it_is(source: SourceSpec) -> SourceSpec:
    return source


def asked_in(dependency: Dependency) -> object:
    """Return what a manifest says to ask for a layer."""
    source = str(dependency.source) if dependency.source else str(dependency)
    if not dependency.only:
        return source
    return {"source": source, "only": sorted(dependency.only)}


def wanted_by(manifest: Manifest, *, local: bool, locate: Locate = _as_it_is) -> Wanted:
    """Read what a manifest says about layers.

    Args:
        manifest: The manifest.
        local: Whether the package itself is on this machine; only then may it name a local source.
        locate: Gives a source in full; by default, sources stay as written, and nothing is to be fetched by them.

    Raises:
        Invalid: A field is not what it should be; the error's place is the field. A layer that can't be read is an
            error and not left out: without it the agent would lack what its author counts on.
    """
    reader = _Reader(local=local, locate=locate)
    base = None
    if manifest.extends is not None:
        base = reader.dependency("extends", manifest.extends)
    return Wanted(
        base=base,
        packs=tuple(reader.packs(manifest.dependencies)),
        overrides=_places("overrides", manifest.overrides),
        without=_places("without", manifest.without),
    )


def check_leaves(manifest: Manifest, to: SourceSpec) -> None:
    """Make sure that those who get a package can get its layers, too.

    Args:
        manifest: The package's manifest.
        to: The repository that it goes to.

    Raises:
        Refused: A layer is a folder of this machine, and the repository is elsewhere; the error names the layer.
        Invalid: A field is not what it should be.
    """
    if to.kind is SourceKind.FOLDER or is_near(to):
        return
    for one in wanted_by(manifest, local=True).all:
        near = one.source and (one.source.kind is SourceKind.FOLDER or _is_near_git(one.source))
        if near:
            raise Refused(
                f"its layer {one} is on this machine, and nobody else can get it from there",
                where=MANIFEST,
                hint="publish the layer first, and name its repository in `extends` or `dependencies` instead",
            )


def _is_near_git(spec: SourceSpec) -> bool:
    return spec.kind is SourceKind.GIT and is_near(spec)


def source_of_layer(text: str, *, local: bool) -> SourceSpec:
    """Parse the source of a layer that a package names: a repository or a name in a registry.

    Args:
        text: As its author wrote it.
        local: Whether it may be on this machine: a package from elsewhere must not point us at folders of the user's.

    Raises:
        Invalid: The text is not a valid source, or is not allowed for a layer.
    """
    spec = parse_source(text)
    near = spec.kind is SourceKind.FOLDER or _is_near_git(spec)
    if spec.kind is SourceKind.ARCHIVE or (near and not local):
        raise Invalid(
            f"{quoted(text, 200)} can't be a layer",
            hint="its author has to name a git repository, such as github.com/you/base@^1, "
            "a folder of the same repository, such as //base, or a name in a registry",
        )
    return spec


class _Reader(Struct, frozen=True, kw_only=True):
    """Reads the fields of a manifest about layers; the attributes are the arguments of :func:`wanted_by`."""

    local: bool
    locate: Locate

    def packs(self, value: object) -> Iterator[Dependency]:
        if value is None:
            return
        if isinstance(value, dict):
            for name, version in value.items():
                yield self.dependency(f"dependencies.{name}", f"{name}@{version}")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield self.dependency(f"dependencies[{number}]", item)
        else:
            raise _odd("dependencies", "it is not a list")

    def dependency(self, field: str, value: object) -> Dependency:
        only: frozenset[str] = frozenset()
        if isinstance(value, dict):
            if unknown := sorted(map(str, value.keys() - _FIELDS)):
                raise _odd(field, f"{quoted(unknown[0], 80)} is not known")
            only, value = _parts(field, value.get("only")), value.get("source")
        if value is not None and not isinstance(value, str):
            raise _odd(field, "it is not one source, written as text")
        if not value:
            raise _odd(field, "the source is missing")
        if value.startswith(_SIBLING):
            return Dependency(sibling=_folder(field, value), only=only)
        try:
            return self._located(value, only)
        except Invalid as err:
            raise err.within(_where(field)) from None

    def _located(self, text: str, only: frozenset[str]) -> Dependency:
        typed = source_of_layer(text, local=self.local)
        source = self.locate(typed)
        moved = typed.begins_here and source.location != typed.location
        return Dependency(source=source, only=only, written=typed.location if moved else "")


def _folder(field: str, value: str) -> RelPath:
    try:
        return RelPath(value.removeprefix(_SIBLING).rstrip("/"))
    except Invalid as err:
        raise err.within(_where(field)) from None


def _parts(field: str, value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    known = {*PARTS, "files"}
    if not isinstance(value, list) or not value or not set(map(str, value)) <= known:
        raise _odd(
            f"{field}.only", f"it is not a list of parts; parts are {', '.join(sorted(known))}"
        )
    return frozenset(map(str, value))


def _places(field: str, value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(place, str) for place in value):
        raise _odd(field, "it is not a list of places")
    for place in value:
        path, key = split_written(place)
        try:
            RelPath(path)
            parse_key(key or "a")
        except Invalid as err:
            raise err.within(_where(field)) from None
    return frozenset(value)


def _odd(field: str, why: str) -> Invalid:
    return Invalid(
        why, where=_where(field), hint="the fields of layers are in docs/formats.md; ask its author"
    )


def _where(field: str) -> str:
    return f"distribution.yaml: {field}"
