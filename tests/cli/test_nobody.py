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


AS_NOBODY = [
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    # This Python may be in somebody's private folder: reading is allowed everywhere, writing is not.
    *(f"--{kind}=-all,+dac_read_search" for kind in ("inh-caps", "ambient-caps", "bounding-set")),
]


def run(folder: Path, umask: int, *words: str) -> str:
    done = subprocess.run(
        [*AS_NOBODY, sys.executable, "-m", "hermes_dist", *words],
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


@pytest.mark.needs("root")
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
