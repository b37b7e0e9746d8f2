"""Bundles of a team: pack what ``apply`` needs of the network, and let it work with only that.

To find out what that is, everything is looked up and fetched as ``apply`` does it on an empty machine, with all layers
of layers, in a scratch folder. What was answered and fetched there is the bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from hermes_dist.brand import Layout
from hermes_dist.decide.layers.wanted import Dependency, source_of_layer
from hermes_dist.decide.ownership import is_credential, is_machine
from hermes_dist.decide.secrets.scan import secrets_in
from hermes_dist.decide.team.wanted import Team, WantedLayer, WantedProfile
from hermes_dist.errors import DistError, Refused
from hermes_dist.model.source import parse_source
from hermes_dist.model.tree import Digest, Tree
from hermes_dist.ops.change.fetch import fetch
from hermes_dist.ops.change.look_up import absolute, look_up
from hermes_dist.ops.change.request import Naming, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home
from hermes_dist.ops.layers import own
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.ops.registry import registries as known
from hermes_dist.ops.team.have import is_name
from hermes_dist.ops.team.snapshot import check_place
from hermes_dist.world.bundled import serve
from hermes_dist.world.bundled.contents import Bundle, File, Index
from hermes_dist.world.bundled.file import Source, digest_of, opened_bundle, write_bundle
from hermes_dist.world.bundled.record import Recorder
from hermes_dist.world.files import open_file
from hermes_dist.world.registry.api import Registries
from hermes_dist.world.sources.api import Sources

_CHUNK = 1 << 20


class Made(Struct, frozen=True, kw_only=True):
    """A bundle that was written.

    Attributes:
        path: The file.
        size: Its size.
        digest: Its SHA-256, by which those who receive it can compare it.
        repositories: The addresses of the repositories in it.
        folders: The folders and archives of this machine that are in it.
        names: The names in registries that it knows.
    """

    path: Path
    size: int
    digest: Digest
    repositories: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def make(ctx: Context, team: Team, folder: Path, path: Path) -> Made:
    """Pack what a file needs.

    Args:
        ctx: The context.
        team: The file.
        folder: The folder that it is in.
        path: The bundle to write.

    Raises:
        Refused: A folder of this machine holds what looks like a secret.
        DistError: A source can't be had, or the file exists or can't be written.
    """
    check_place(path)
    with TemporaryDirectory(prefix="hermes-dist-") as temp:
        recorder = Recorder()
        there = ctx.at(Layout(ctx.brand, Path(temp) / "root", ctx.layout.user_home))
        there = there.with_supplies(_Recording(recorder))
        for one in team.registries:
            known.add(there, one.place, one.name, fingerprint=one.fingerprint)
        for want in team.profiles:
            ctx.progress(f"fetching what {want.name} needs")
            _rehearse(there, want)
        index, contents = _packed(there, recorder, folder)
        size = write_bundle(path, index, contents)
    return Made(
        path=path,
        size=size,
        digest=digest_of(path),
        repositories=tuple(index.repositories),
        folders=tuple(index.folders),
        names=index.names,
    )


def _packed(
    ctx: Context, recorder: Recorder, folder: Path
) -> tuple[Index, dict[Digest, tuple[int, Source]]]:
    """What was fetched, and how to read its contents."""
    # The lists of users' layers are written by apply itself.
    trees = {
        place: _without_machine(tree)
        for place, tree in recorder.trees.items()
        if not Path(place).is_relative_to(ctx.layout.root.resolve())
    }
    paths: dict[Digest, Path] = {}
    index = Index(
        folder=str(folder),
        repositories=recorder.repositories(paths),
        folders={place: _files(tree) for place, tree in trees.items()},
        registries=recorder.listed(ctx.registries, ctx.layout.shared),
    )
    contents: dict[Digest, tuple[int, Source]] = {
        digest: (file.stat().st_size, partial(_pieces, file)) for digest, file in paths.items()
    }
    for place, tree in trees.items():
        contents |= dict(_contents(ctx, place, tree))
    return index, contents


@contextmanager
def supplied(ctx: Context, path: Path, folder: Path) -> Iterator[Context]:
    """The context that takes sources and registries from a bundle, and asks no network.

    Args:
        ctx: The context.
        path: The bundle.
        folder: The folder of the team's file.

    Raises:
        Invalid: It is no bundle, or damaged.
        DistError: It can't be read.
    """
    remake = ctx.command("snapshot --from FILE --bundle NEW")
    with opened_bundle(path, str(folder), remake) as bundle:
        offline = ctx.with_options(
            offline=True, allow_insecure=ctx.allow_insecure, progress=ctx.progress
        )
        yield offline.with_supplies(_Supplied(bundle))


class _Recording:
    """Real sources and registries that remember what they were asked."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def sources(self, ctx: Context) -> Sources:
        return self._recorder.sources(
            ctx.layout,
            lambda: ctx.store,
            ctx.env,
            offline=ctx.offline,
            allow_insecure=ctx.allow_insecure,
        )

    def registries(self, ctx: Context) -> Registries:
        return self._recorder.registries(
            ctx.layout,
            ctx.store,
            ctx.env,
            offline=ctx.offline,
            allow_insecure=ctx.allow_insecure,
        )


class _Supplied:
    """The sources and registries of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def sources(self, ctx: Context) -> Sources:
        return serve.sources(
            self._bundle,
            ctx.layout,
            lambda: ctx.store,
            ctx.env,
            allow_insecure=ctx.allow_insecure,
        )

    def registries(self, ctx: Context) -> Registries:
        return serve.registries(
            self._bundle, ctx.layout, ctx.store, ctx.env, allow_insecure=ctx.allow_insecure
        )


def _rehearse(ctx: Context, want: WantedProfile) -> None:
    """Look up and fetch what a profile needs, as for a new one."""
    try:
        if want.source:
            spec = absolute(parse_source(want.source, allow_insecure=ctx.allow_insecure))
            naming = Naming(registry=want.registry) if is_name(want.source) else Naming()
            fetched = fetch(ctx, look_up(ctx, spec, naming))
            with_layers(ctx, fetched, _empty(ctx, want), Request())
        if want.layers:
            base = _dependency(want.base) if want.base is not None else None
            own.rehearse(ctx, want.name, tuple(map(_dependency, want.packs)), base)
    except DistError as error:
        raise error.within(str(want.name)) from None


def _empty(ctx: Context, want: WantedProfile) -> Home:
    return Home(want.name, ctx.layout.home(want.name), None, None)


def _dependency(layer: WantedLayer) -> Dependency:
    return Dependency(source=source_of_layer(layer.source, local=True), only=frozenset(layer.only))


def _without_machine(tree: Tree) -> Tree:
    """A package without what belongs to a machine: no home would take that."""
    return tree.where(lambda path: not (is_machine(path) or is_credential(path)))


def _files(tree: Tree) -> Mapping[str, File]:
    return {str(path): File(entry.digest, entry.executable) for path, entry in tree.items()}


def _contents(
    ctx: Context, place: str, tree: Tree
) -> Iterator[tuple[Digest, tuple[int, Callable[[], Iterable[bytes]]]]]:
    for path, entry in tree.items():
        data = ctx.store.read(entry.digest)
        if secrets_in(path, data):
            raise Refused(
                "it holds what looks like a secret, which must not travel in a bundle",
                where=f"{place}: {path}",
                hint="take it out, or publish the package and name its repository",
            )
        yield entry.digest, (len(data), partial(_once, data))


def _once(data: bytes) -> Iterable[bytes]:
    return [data]


def _pieces(file: Path) -> Iterator[bytes]:
    with open_file(file) as stream:
        yield from iter(lambda: stream.read(_CHUNK), b"")
