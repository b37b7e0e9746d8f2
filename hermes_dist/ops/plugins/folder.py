"""A plugin folder of ours in the agent: look at it, put it in place with a yes of its own, and take it away."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist import __version__
from hermes_dist.agents.places import CONFIG
from hermes_dist.brand import Brand, Layout
from hermes_dist.decide.plugins.enabled import (
    Enabled,
    enabled_in,
    with_plugin,
    without_plugin,
)
from hermes_dist.decide.plugins.marker import (
    MARKER,
    Marker,
    Standing,
    Whose,
    judge,
    read_marker,
    write_marker,
)
from hermes_dist.errors import Busy, DistError, Invalid, Refused
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import Kind, Unmergeable, load_data, parse, rewrite
from hermes_dist.world.agent import plugin_folder as world
from hermes_dist.world.disk.envfile import edit_private
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.files import read_file

_PATIENCE = 5.0
"""How many seconds to wait for another command of ours that is changing the default home."""
_PACKAGE = Path(__file__).parents[2] / "__main__.py"
_Change = Callable[[Mapping[object, object]], Mapping[object, object]]


class Plugin(Contents, frozen=True):
    """A plugin folder as it should be.

    Attributes:
        name: The plugin's name, and its folder's.
        files: The content of each file, by its path in the folder.
        first: The file that goes first when the folder is removed, so that the agent no longer sees it.
    """

    name: str
    files: Mapping[str, bytes]
    first: str

    def marker(self) -> Marker:
        """What is remembered in the folder."""
        files = {path: world.digest_of(data) for path, data in self.files.items()}
        return Marker(version=__version__, files=files)


class Placed(Struct, frozen=True, kw_only=True):
    """A plugin folder, and whether the agent loads it.

    Attributes:
        folder: Its path.
        standing: Whose it is, and what was changed in it.
        current: Whether it is exactly what this version puts there.
        enabled: Whether the agent loads it.
    """

    folder: Path
    standing: Standing
    current: bool
    enabled: Enabled

    @property
    def loaded(self) -> bool:
        """Whether the agent loads it."""
        return self.enabled is Enabled.YES


class Taken(Struct, frozen=True, kw_only=True):
    """What :func:`take_away` did.

    Attributes:
        before: The folder as it was.
        removed: Files that were removed.
        left: Files that stay, because the user changed or added them.
        disabled: Whether the plugin was taken out of the agent's list.
    """

    before: Placed
    removed: tuple[str, ...]
    left: tuple[str, ...]
    disabled: bool


def program_of(brand: Brand, *words: str) -> dict[str, object]:
    """How a plugin starts us from the agent's own environment, which may not hold us.

    Args:
        brand: The brand whose agent it is.
        words: The command of ours.

    Returns:
        The command line by absolute paths, the file of ours that is gone once we are uninstalled, and the variables
        of the environment that say where things are.

    Raises:
        Invalid: This Python does not know its own path.
    """
    if not sys.executable:
        raise Invalid("this Python does not know its own path, so no plugin can start it")
    start = f"from hermes_dist.cli.entry.start import {brand.name} as start; start()"
    return {
        # -P keeps a folder hermes_dist in the current folder from running in our place.
        "argv": [sys.executable, "-P", "-c", start, *words],
        "package": str(_PACKAGE),
        "variables": [brand.home_variable, brand.bin_variable, brand.services_variable],
    }


def look_at(layout: Layout, plugin: Plugin) -> Placed:
    """Look at a plugin's folder; nothing is changed.

    Raises:
        DistError: The folder or the settings can't be read.
    """
    with _reading(layout):
        if not layout.root.is_dir():
            return _placed(layout, plugin, Standing(whose=Whose.ABSENT))
        with RealFs(layout.root, home=True) as fs:
            return _placed(layout, plugin, _standing(fs, world.place_of(plugin.name)))


def _placed(layout: Layout, plugin: Plugin, standing: Standing) -> Placed:
    return Placed(
        folder=layout.root / world.place_of(plugin.name),
        standing=standing,
        current=standing.holds(plugin.marker()),
        enabled=enabled_in(_config(layout), plugin.name),
    )


def _standing(fs: RealFs, place: str) -> Standing:
    kind = fs.kind(place)
    if kind == "absent":
        return Standing(whose=Whose.ABSENT)
    if kind != "folder" or fs.kind(f"{place}/{MARKER}") != "file":
        return Standing(whose=Whose.FOREIGN)
    marker = read_marker(fs.read(f"{place}/{MARKER}"))
    found = world.read_digests(fs, place)
    # An interrupted edit of the marker leaves a temporary file beside it.
    return judge(marker, {path: found[path] for path in found if not path.startswith(MARKER)})


@contextmanager
def _reading(layout: Layout) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = str(layout.root / (error.filename or ""))
        raise trouble(error, "the agent's plugins can't be read", where=where) from error


def put_in_place(layout: Layout, plugin: Plugin, *, replace_foreign: bool) -> Path | None:
    """Put a plugin's folder in place, under the default home's lock.

    Args:
        layout: The layout of the brand.
        plugin: The plugin.
        replace_foreign: Somebody agreed that a folder of another hand, or one that was changed, is replaced. It is
            kept elsewhere.

    Returns:
        Where such a folder is now; None if there was none.

    Raises:
        Refused: There is such a folder, and nobody agreed.
        Busy: Another command holds the default home, or another program writes to the folder.
        DistError: The folder can't be written; what was there stays.
    """
    with _changing(layout) as fs:
        place = world.place_of(plugin.name)
        _sweep(fs, plugin.name)
        found = _standing(fs, place)
        if found.needs_a_yes and not replace_foreign:
            raise Refused(
                "this folder is not as hermes-dist left it, so it stays",
                where=str(layout.root / place),
                hint="move it away, or pass --replace: then it is kept elsewhere",
            )
        marker = plugin.marker()
        if found.holds(marker):
            return None
        made = found.marker.made if found.marker else ""
        files = {MARKER: write_marker(replace(marker, made=made)), **plugin.files}

        def settle(former: str) -> str:
            if _standing(fs, former) != found:
                raise world.Changed
            return world.free_place(fs, plugin.name) if found.needs_a_yes else ""

        try:
            kept = world.put_folder(fs, plugin.name, files, settle=settle)
        except world.Changed as error:
            raise Busy(
                "another program is changing the folder",
                where=str(layout.root / place),
                hint="run it again",
            ) from error
        return layout.root / kept if kept else None


def _sweep(fs: RealFs, name: str) -> None:
    """Remove what an interrupted run left beside the folder; what somebody changed is kept elsewhere."""
    for stage, places in world.leftovers(fs, name).items():
        for place in places:
            if _standing(fs, place).needs_a_yes:
                world.move_away(fs, place, world.free_place(fs, name))
        world.remove_tree(fs, stage)
    place = world.place_of(name)
    if _standing(fs, place).marker is not None:
        half = [each for each in fs.listdir(place) if each.startswith(f"{MARKER}.")]
        world.remove_files(fs, place, half)


def enable(layout: Layout, plugin: Plugin) -> bool:
    """Let the agent load a plugin; comments and everything else in its settings stay.

    The plugin's folder is ours and in place.

    Returns:
        Whether anything was written.

    Raises:
        Invalid: The settings have something else where the list should be.
        DistError: The settings can't be edited; they stay as they are.
    """
    with _changing(layout) as fs:
        path = f"{world.place_of(plugin.name)}/{MARKER}"
        marker = read_marker(fs.read(path))
        if enabled_in(_config(layout), plugin.name) is Enabled.YES:
            return False
        made = made_to_enable(layout, plugin)
        if marker is not None and made:
            # Remembered before it is done: after a crash in between, nothing but an empty key is taken back.
            edit_private(layout.root / path, lambda _: write_marker(replace(marker, made=made)))
        return _edit(layout.root / CONFIG, lambda settings: with_plugin(settings, plugin.name)[0])


def made_to_enable(layout: Layout, plugin: Plugin) -> str:
    """Return the key that has to be made to enable a plugin; empty for none. Nothing is changed.

    Raises:
        DistError: The settings can't be read, or have something else where the list should be.
    """
    try:
        return with_plugin(_config(layout), plugin.name)[1]
    except Invalid as error:
        raise (error if error.where else error.within(str(layout.root / CONFIG))) from None


def take_away(layout: Layout, plugin: Plugin) -> Taken:
    """Take a plugin out of the agent's list, and remove what we put into its folder.

    A folder that is not ours stays, and so does what the user changed or added in ours.

    Raises:
        Busy: Another command holds the default home.
        DistError: Something can't be written or removed.
    """
    before = look_at(layout, plugin)
    marker = before.standing.marker
    if before.standing.whose is Whose.FOREIGN or not layout.root.is_dir():
        return Taken(before=before, removed=(), left=(), disabled=False)
    with _changing(layout) as fs:
        _sweep(fs, plugin.name)
        disabled = before.loaded and _edit(
            layout.root / CONFIG,
            lambda config: without_plugin(config, plugin.name, marker.made if marker else ""),
        )
        if marker is None:
            return Taken(before=before, removed=(), left=(), disabled=disabled)
        place = world.place_of(plugin.name)
        stays = {*before.standing.edited, *before.standing.missing}
        gone = sorted(marker.files.keys() - stays, key=lambda path: (path != plugin.first, path))
        world.remove_files(fs, place, [*gone, MARKER])
        left = sorted({*before.standing.edited, *before.standing.added})
        return Taken(before=before, removed=tuple(gone), left=tuple(left), disabled=disabled)


@contextmanager
def _changing(layout: Layout) -> Iterator[RealFs]:
    """The default home, held for writing."""
    if not layout.root.is_dir():
        raise DistError(
            f"there is no {layout.brand.title} here yet",
            where=str(layout.root),
            hint=f"start {layout.brand.name} once, or make a profile",
        )
    try:
        with home_lock(layout.root, _PATIENCE), RealFs(layout.root, home=True) as fs:
            yield fs
    except OSError as error:
        raise trouble(
            error, "the agent's plugins can't be changed", where=str(layout.root)
        ) from error


def _config(layout: Layout) -> Mapping[object, object]:
    path = layout.root / CONFIG
    try:
        return _settings(read_file(path))
    except FileNotFoundError:
        return {}
    except DistError as error:
        raise error.within(str(path)) from None


def _settings(data: bytes) -> Mapping[object, object]:
    loaded = load_data(data, Kind.YAML) if data.strip() else None
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping):
        raise Invalid("it is not a map of settings")
    return loaded


def _edit(path: Path, change: _Change) -> bool:
    """Change settings in place, on top of what is in them at the moment of the exchange."""
    try:
        return edit_private(path, partial(_edited, change=change))
    except DistError as error:
        if not error.where:
            error.within(str(path))
        raise


def _edited(data: bytes, change: _Change) -> bytes:
    before = _settings(data)
    want = change(before)
    if want == before:
        return data
    try:
        return rewrite(parse(data, Kind.YAML), want).content
    except Unmergeable as error:
        raise DistError(
            f"its list of plugins can't be edited without touching the rest: {error}",
            hint="edit plugins.enabled by hand",
        ) from error
