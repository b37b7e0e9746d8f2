"""A user without a name, without HOME and with any umask, as a container may choose: only HERMES_HOME says where."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 12345
"""No passwd entry has this number."""


def _is_open_to_all(program: str) -> bool:
    """Whether any user can run the interpreter that runs the tests; it may be in somebody's private folder."""
    real = Path(os.path.realpath(program))
    return all(place.stat().st_mode & stat.S_IXOTH for place in (real, *real.parents))


def run(folder: Path, umask: int, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hermes_dist", *words],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        umask=umask,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HERMES_HOME": str(folder / "root")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that another user can come to; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="hermes-dist-") as folder:
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(not _is_open_to_all(sys.executable), reason="others can't run this Python")
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_everything_works_and_nothing_is_writable_for_all(umask: int, open_path: Path) -> None:
    package = {"distribution.yaml": "name: bot\nversion: 1.0.0\n", "SOUL.md": "I am.\n"}
    for name, text in package.items():
        (open_path / "pkg").mkdir(exist_ok=True)
        (open_path / "pkg" / name).write_text(text)
    open_path.chmod(0o755)
    os.chown(open_path, NOBODY, NOBODY)
    run(open_path, umask, "install", "./pkg", "--name", "bot", "--yes")
    assert "as its author ships it" in run(open_path, umask, "status", "bot")
    found = list((open_path / "root").rglob("*"))
    assert open_path / "root/profiles/bot/SOUL.md" in found
    assert {path.lstat().st_uid for path in found} == {NOBODY}
    assert [path for path in found if path.stat().st_mode & stat.S_IWOTH] == []
    private = [path for path in found if path.name in {".env", ".dist", "bot"}]
    assert [path for path in private if path.stat().st_mode & 0o077] == []
