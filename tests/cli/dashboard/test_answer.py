"""The program behind the tab: one request on standard input, lines of JSON on standard output, exit code 0."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hermes_dist.brand import BRANDS, Brand, Layout
from hermes_dist.ops.plugins import dashboard


def answer(argv: list[str], ask: bytes, home: Path, **env: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        argv,
        input=ask,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", **env},
        cwd=home,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b""), done
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("brand", BRANDS, ids=lambda brand: brand.name)
def test_the_command_line_of_the_folder_answers_for_its_brand(home: Path, brand: Brand) -> None:
    layout = Layout(brand, home / brand.root_name, home)
    (layout.root / "profiles" / "coder").mkdir(parents=True)
    argv = list(dashboard.plan(layout).program)
    [line] = answer(argv, b'{"name": "list"}', home)
    assert line["reply"]["status"] == 200
    names = [row["name"] for row in line["reply"]["body"]["data"]["profiles"]]
    assert names == ["default", "coder"]


def test_the_root_is_the_one_of_the_dashboards_home(home: Path, tmp_path: Path) -> None:
    brand = BRANDS[0]
    other = tmp_path / "other"
    (other / "profiles" / "writer").mkdir(parents=True)
    argv = list(dashboard.plan(Layout(brand, other, home)).program)
    for value in (other, other / "profiles" / "writer"):
        [line] = answer(argv, b'{"name": "list"}', home, **{brand.home_variable: str(value)})
        names = [row["name"] for row in line["reply"]["body"]["data"]["profiles"]]
        assert names == ["default", "writer"]


@pytest.mark.parametrize("ask", [b"", b"{", b"[]", b'{"name": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_request_is_an_answer_too(home: Path, ask: bytes) -> None:
    argv = [sys.executable, "-P", "-m", "hermes_dist", "dashboard", "answer"]
    [line] = answer(argv, ask, home)
    assert line["reply"]["status"] == 400
    assert line["reply"]["body"]["error"]["error"]["message"]


def test_it_loads_no_library_of_the_command_line(home: Path) -> None:
    code = (
        'import io, sys; sys.stdin = io.TextIOWrapper(io.BytesIO(b\'{"name": "list"}\'));'
        "from hermes_dist.cli.entry.start import start; from hermes_dist.brand import HERMES;"
        "start(HERMES, ['dashboard', 'answer'], prog='hermes-dist', profile=None);"
        "print([m for m in ('typer', 'click', 'rich', 'starlette') if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr.strip() == "[]"
