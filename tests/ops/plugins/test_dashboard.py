"""The tab of the dashboard: put in place, enabled, described, taken away; and what it never touches."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from hermes_dist import __version__
from hermes_dist.brand import BRANDS, HERMES, Brand, Layout
from hermes_dist.decide.ownership import is_machine
from hermes_dist.decide.plugins.marker import MARKER, Whose
from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.errors import Busy, DistError, Invalid, Refused
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.plugins import dashboard, folder
from hermes_dist.ops.plugins.dashboard import NAME, Installed, Tab
from hermes_dist.world.agent import plugin_folder
from hermes_dist.world.disk.fs import RealFs
from hermes_dist.world.disk.locks import home_lock
from hermes_dist.world.ports import Unsupported

CONFIG = "# mine\nmodel: x # stays\nplugins:\n  # why\n  disabled: [other]\n"


@pytest.fixture
def layout(home: Path) -> Layout:
    layout = Layout(HERMES, home / ".hermes", home)
    layout.root.mkdir()
    (layout.root / "config.yaml").write_text(CONFIG)
    return layout


@pytest.fixture
def place(layout: Layout) -> Path:
    return layout.root / "plugins" / NAME


def install(layout: Layout, *, enable: bool = True, replace: bool = False) -> Installed:
    return dashboard.install(layout, dashboard.plan(layout), enable=enable, replace=replace)


def status(layout: Layout) -> Tab:
    return dashboard.status(layout, {"PATH": ""})


def written(top: Path) -> dict[Path, tuple[int, int]]:
    """When each file was written last, and its number; reading it changes neither."""
    return {p: (p.stat().st_ctime_ns, p.stat().st_ino) for p in top.rglob("*")}


def files_below(top: Path) -> set[str]:
    return {p.relative_to(top).as_posix() for p in top.rglob("*") if p.is_file()}


@pytest.mark.parametrize("brand", BRANDS, ids=lambda brand: brand.name)
def test_it_comes_and_goes_and_the_settings_are_as_before(home: Path, brand: Brand) -> None:
    layout = Layout(brand, home / brand.root_name, home)
    layout.root.mkdir()
    config = layout.root / "config.yaml"
    config.write_text(CONFIG)
    done = install(layout)
    assert (done.written, done.enabled, done.replaced) == (True, True, None)
    assert config.read_text() == f"{CONFIG}  enabled:\n    - {NAME}\n"
    place = layout.root / "plugins" / NAME
    manifest = json.loads((place / "dashboard" / "manifest.json").read_text())
    assert (manifest["name"], manifest["label"]) == (NAME, "Packages")
    assert manifest["version"] == __version__
    for part in ("entry", "css", "api"):
        assert (place / "dashboard" / manifest[part]).is_file()
    program = json.loads((place / "program.json").read_text())
    assert program["argv"][0] == sys.executable
    assert brand.name in program["argv"][3]
    assert brand.home_variable in program["variables"]
    assert Path(program["package"]).is_file()
    found = status(layout)
    assert [t for t in found.troubles if t is not Trouble.NO_AGENT] == []
    taken = dashboard.remove(layout)
    assert taken.disabled
    assert taken.left == ()
    assert not place.exists()
    assert config.read_text() == CONFIG


def test_nothing_that_a_browser_may_fetch_names_the_program(layout: Layout, place: Path) -> None:
    install(layout)
    served = [p for p in (place / "dashboard").rglob("*") if p.suffix != ".py" and p.is_file()]
    assert len(served) >= 3
    assert not any(sys.executable in p.read_text() for p in served)


def test_a_second_time_nothing_is_written(layout: Layout, place: Path) -> None:
    install(layout)
    before = written(place)
    again = install(layout)
    assert not again.written
    assert written(place) == before
    assert (layout.root / "config.yaml").read_text().count(NAME) == 1


def test_without_a_yes_of_its_own_it_is_not_enabled(layout: Layout) -> None:
    done = install(layout, enable=False)
    assert not done.enabled
    assert (layout.root / "config.yaml").read_text() == CONFIG
    assert Trouble.NOT_ENABLED in status(layout).troubles


def test_without_settings_they_are_made_with_nothing_else_in_them(layout: Layout) -> None:
    config = layout.root / "config.yaml"
    config.unlink()
    install(layout)
    assert config.read_text() == f"plugins:\n  enabled:\n  - {NAME}\n"
    assert config.stat().st_mode & 0o777 == 0o600


def test_without_an_agent_home_it_says_what_to_do(home: Path) -> None:
    with pytest.raises(DistError, match="no Hermes Agent here yet"):
        install(Layout(HERMES, home / ".hermes", home))
    assert status(Layout(HERMES, home / ".hermes", home)).placed.standing.whose is Whose.ABSENT


@pytest.mark.parametrize("change", ["edit", "add", "foreign", "file", "link"])
def test_what_somebody_else_made_of_it_stays_until_a_yes(
    layout: Layout, place: Path, change: str, tmp_path: Path
) -> None:
    if change in {"edit", "add"}:
        install(layout)
        name = "dashboard/dist/index.js" if change == "edit" else "mine.txt"
        (place / name).write_text("mine\n")
    elif change == "foreign":
        place.mkdir(parents=True)
        (place / "plugin.yaml").write_text("name: theirs\n")
    elif change == "file":
        place.parent.mkdir()
        place.write_text("a file")
    else:
        (tmp_path / "elsewhere").mkdir()
        place.parent.mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    before = files_below(layout.root)
    with pytest.raises(Refused) as error:
        install(layout)
    assert str(place) in str(error.value)
    assert "--replace" in error.value.hint
    assert files_below(layout.root) - {".dist/lock"} == before - {".dist/lock"}
    done = install(layout, replace=True)
    assert done.replaced == layout.root / "distributions" / "replaced" / f"{NAME}.1"
    if change == "foreign":
        assert (done.replaced / "plugin.yaml").read_text() == "name: theirs\n"
    elif change == "link":
        assert done.replaced.readlink() == tmp_path / "elsewhere"
    assert status(layout).placed.current
    assert not [p for p in place.parent.iterdir() if p != place]


def test_a_missing_file_comes_back_without_a_question(layout: Layout, place: Path) -> None:
    install(layout)
    (place / "dashboard" / "plugin_api.py").unlink()
    assert Trouble.INCOMPLETE in status(layout).troubles
    assert install(layout).replaced is None
    assert status(layout).placed.current


def test_removing_leaves_what_was_changed_or_added(layout: Layout, place: Path) -> None:
    install(layout)
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "x.pyc").write_bytes(b"x")
    (place / "dashboard" / "plugin_api.py").write_text("mine\n")
    (place / "notes.txt").write_text("mine\n")
    taken = dashboard.remove(layout)
    assert taken.left == ("dashboard/plugin_api.py", "notes.txt")
    assert files_below(place) == set(taken.left)
    assert NAME not in (layout.root / "config.yaml").read_text()


def test_a_folder_of_another_hand_is_not_removed_and_stays_enabled(
    layout: Layout, place: Path
) -> None:
    place.mkdir(parents=True)
    (place / "plugin.yaml").write_text("name: theirs\n")
    (layout.root / "config.yaml").write_text(f"plugins:\n  enabled: [{NAME}]\n")
    taken = dashboard.remove(layout)
    assert (taken.removed, taken.left, taken.disabled) == ((), (), False)
    assert files_below(place) == {"plugin.yaml"}


def test_a_name_that_is_left_over_in_the_list_is_taken_out(layout: Layout) -> None:
    (layout.root / "config.yaml").write_text(f"plugins:\n  enabled: [a, {NAME}]\n")
    assert dashboard.remove(layout).disabled
    assert (layout.root / "config.yaml").read_text() == "plugins:\n  enabled: [a]\n"
    assert not dashboard.remove(layout).disabled


def test_settings_that_can_not_be_read_are_told_and_stay(layout: Layout) -> None:
    config = layout.root / "config.yaml"
    for text in ("a: [", "- a\n", "plugins: []\n"):
        config.write_text(text)
        with pytest.raises(DistError) as error:
            install(layout)
        assert "config.yaml" in str(error.value)
        assert config.read_text() == text
        assert not (layout.root / "plugins").exists()


def test_another_command_on_the_default_home_keeps_it_out(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_PATIENCE", 0)
    with home_lock(layout.root), pytest.raises(Busy):
        install(layout)
    assert not place.exists()


def test_status_tells_a_version_behind_and_a_program_that_is_gone(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "__version__", "0.0.1")
    install(layout)
    monkeypatch.undo()
    found = status(layout)
    assert found.version == "0.0.1"
    assert Trouble.BEHIND in found.troubles
    monkeypatch.setattr(sys, "executable", str(place / "no-python"))
    install(layout)
    monkeypatch.undo()
    assert Trouble.PROGRAM_GONE in status(layout).troubles
    install(layout)
    assert status(layout).troubles == (Trouble.NO_AGENT,)


def test_a_python_without_a_path_is_told(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(Invalid, match="does not know its own path"):
        dashboard.plan(layout)


def test_it_is_replaced_in_one_step_where_names_can_not_be_exchanged(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fs: RealFs, _one: str, _other: str) -> None:
        raise Unsupported

    monkeypatch.setattr(RealFs, "exchange", refuse)
    install(layout)
    (place / "mine.txt").write_text("mine")
    done = install(layout, replace=True)
    assert done.replaced is not None
    assert (done.replaced / "mine.txt").read_text() == "mine"
    assert status(layout).placed.current


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_write_at_the_last_moment_is_not_lost(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    install(layout)
    (place / "program.json").unlink()
    real = RealFs.exchange

    def late(fs: RealFs, one: str, other: str) -> None:
        (place / "late.txt").write_text("late")
        monkeypatch.undo()
        if not exchanges:
            raise Unsupported
        real(fs, one, other)

    monkeypatch.setattr(RealFs, "exchange", late)
    with pytest.raises(Busy):
        install(layout)
    assert (place / "late.txt").read_text() == "late"
    assert not (place / "program.json").exists()
    assert not [p for p in place.parent.iterdir() if p != place]


STEPS = ("write_new", "mkdir", "exchange", "noreplace", "rename", "unlink", "rmdir")


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(1, 40))
def test_a_crash_at_any_step_leaves_the_old_or_the_new_folder_and_the_next_run_tidies(
    layout: Layout, place: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    install(layout, enable=False)
    (place / "dashboard" / "dist" / "index.js").write_text("mine\n")
    done = count(1)

    def until_killed(real: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **more: object) -> object:
            if next(done) >= step:
                raise Killed
            return real(*args, **more)

        return run

    for name in STEPS:
        monkeypatch.setattr(RealFs, name, until_killed(getattr(RealFs, name)))
    with suppress(Killed):
        install(layout, replace=True)
    monkeypatch.undo()
    whole = set(dashboard.the_tab(layout).files) | {MARKER}
    assert {path for path in files_below(place) if not path.endswith(".tmp")} == whole
    install(layout, replace=True)
    assert files_below(place) == whole
    assert status(layout).placed.current
    assert [p.name for p in place.parent.iterdir()] == [NAME]
    kept = [p.read_text() for p in layout.shared.rglob("index.js")]
    assert kept == ["mine\n"]


def test_no_package_contains_or_writes_a_folder_of_ours() -> None:
    for path in (f"plugins/{NAME}/plugin.yaml", "plugins/hermes-dist-chat/__init__.py"):
        assert is_machine(RelPath(path))
    assert not is_machine(RelPath("plugins/mine/plugin.yaml"))


def test_links_in_a_removed_tree_lead_nowhere(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a").write_text("a")
    (layout.root / "tree").mkdir()
    (layout.root / "tree" / "link").symlink_to(tmp_path / "kept")
    with RealFs(layout.root, home=True) as fs:
        plugin_folder.remove_tree(fs, "tree")
    assert (tmp_path / "kept" / "a").read_text() == "a"
    assert not (layout.root / "tree").exists()


def test_the_folder_is_marked(layout: Layout, place: Path) -> None:
    install(layout)
    marker = json.loads((place / MARKER).read_text())
    assert set(marker["files"]) == files_below(place) - {MARKER}
