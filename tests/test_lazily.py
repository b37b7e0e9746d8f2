"""Patterns that are compiled, and modules that are loaded, on first use."""

from __future__ import annotations

import builtins
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hermes_dist import lazily


def test_a_pattern_is_compiled_once_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    compiled = re.compile

    def counted(text: str, flags: int = 0) -> re.Pattern[str]:
        made.append((text, flags))
        return compiled(text, flags)

    monkeypatch.setattr(lazily.re, "compile", counted)
    found = lazily.pattern("a+", re.IGNORECASE)
    assert made == []
    assert found.fullmatch("AAA")
    assert not found.fullmatch("b")
    assert made == [("a+", re.IGNORECASE)]
    assert found.sub("x", "baab") == "bxb"
    assert found.pattern == "a+"


def test_bytes_have_patterns_too() -> None:
    assert lazily.pattern(rb"\d").findall(b"a1b2") == [b"1", b"2"]


def test_a_wrong_pattern_is_told_on_first_use() -> None:
    wrong = lazily.pattern("(")
    with pytest.raises(re.error):
        wrong.search("x")


def _loading(tmp_path: Path, text: str) -> ModuleType:
    """A module that was just loaded, with this text."""
    (tmp_path / "asks_later.py").write_text(f"from hermes_dist.lazily import later\n{text}")
    return importlib.import_module("asks_later")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, with a module ``rare`` and a package ``rarely`` in it."""
    (tmp_path / "rare.py").write_text(
        "from enum import Enum\n"
        "class Colour(Enum):\n    RED = 1\n"
        "def double(number, *, more=0):\n    return 2 * number + more\n"
    )
    (tmp_path / "rarely").mkdir()
    (tmp_path / "rarely" / "__init__.py").touch()
    (tmp_path / "rarely" / "inner.py").write_text("def answer():\n    return 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("asks_later", "rare", "rarely", "rarely.inner"):
        sys.modules.pop(name, None)


def test_a_module_is_loaded_when_one_of_its_names_is_used(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rare import double as twice\n")
    assert "rare" not in sys.modules
    assert asking.twice(4, more=1) == 9
    assert asking.twice is sys.modules["rare"].double


def test_a_class_has_its_attributes(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rare import Colour, double\n")
    assert asking.Colour.RED.value == 1
    assert asking.Colour is sys.modules["rare"].Colour
    assert asking.double(1) == 2


def test_a_module_of_a_package_is_loaded_later(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rarely import inner\n")
    assert "rarely" not in sys.modules
    assert asking.inner.answer() == 42
    assert asking.inner is sys.modules["rarely.inner"]


def test_what_was_put_in_its_place_stays(folder: Path) -> None:
    asking = _loading(folder, "with later():\n    from rare import double\n")
    held = asking.double
    asking.double = None
    assert held(2) == 4
    assert asking.double is None


def test_others_import_as_ever_meanwhile(folder: Path) -> None:
    """Another module that is loaded within the block, as by another thread, gets what it imports at once."""
    (folder / "rarely" / "__init__.py").write_text("from rare import double\n")
    asking = _loading(
        folder,
        "import importlib\nwith later():\n    from rare import Colour\n    importlib.import_module('rarely')\n",
    )
    assert sys.modules["rarely"].double(1) == 2
    assert type(asking.Colour).__name__ == "_Name"


@pytest.mark.parametrize(
    "meanwhile",
    [
        "__import__('rare', fromlist=('double',)).double(1)",
        "__import__('rare', globals(), fromlist=('double',)).double(1)",
        "__import__('rare').double(1)",
        "earlier.double(1)",
        "len('ab'.encode('cp1006'))",  # nothing else here uses this one
    ],
)
def test_whoever_asks_for_a_module_by_a_call_gets_it_meanwhile(
    folder: Path, meanwhile: str
) -> None:
    """So does another thread that uses what was put off before: its first use is such a call."""
    (folder / "earlier.py").write_text(
        "from hermes_dist.lazily import later\nwith later():\n    from rare import double\n"
    )
    asking = _loading(
        folder,
        f"import earlier\nwith later():\n    from rare import Colour\n    got = {meanwhile}\n",
    )
    sys.modules.pop("earlier")
    assert asking.got == 2
    assert type(asking.Colour).__name__ == "_Name"


def test_a_block_that_fails_changes_nothing(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _loading(folder, "with later():\n    1 / 0\n")
    assert builtins.__import__.__name__ == "__import__"


def test_a_module_is_loaded_when_it_is_asked_for_a_name() -> None:
    code = (
        "import sys\nfrom hermes_dist.lazily import shlex\nbefore = 'shlex' in sys.modules\n"
        "print(before, shlex.quote('a b'), shlex.quote is sys.modules['shlex'].quote)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False 'a b' True\n"


def test_a_module_has_no_other_names_than_its_own() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = lazily.json.nonsense  # type: ignore[attr-defined]


def test_a_block_that_was_interrupted_as_it_began_stops_no_other(tmp_path: Path) -> None:
    """What says that the user stopped it is loaded afterwards, by the same thread."""
    (tmp_path / "asks.py").write_text(
        "from hermes_dist.lazily import later\nwith later():\n    from json import dumps\n"
    )
    code = "from hermes_dist import lazily\nlazily._PUTTING_OFF.acquire()\nimport asks\nprint(asks.dumps(1))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout == "1\n", done.stderr
