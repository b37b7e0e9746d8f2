"""Work that libraries do when they are loaded and that no command of ours needs: skipped, or delayed until needed.

Only a process that is ours alone does so. Elsewhere, such as in the agent, a library is loaded as it always is.
"""

from __future__ import annotations

import builtins
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import PathFinder, SourceFileLoader
from _thread import allocate_lock
from collections.abc import Callable, Mapping, Sequence

from hermes_dist.lazily import Module, module_of, pattern
from hermes_dist.light import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def _function(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that is loaded when it is called."""

    def call(*given: Any, **named: Any) -> Any:
        return getattr(module_of(module), name)(*given, **named)

    return call


def _msgspec_begins() -> bool:
    """Whether msgspec is being loaded."""
    return "msgspec._utils" in sys.modules and "msgspec.structs" not in sys.modules


def _reference(*given: Any, **named: Any) -> Any:
    """A reference to a type, from msgspec; none as it is loaded, where it makes one to see what Python takes.

    With the first text that Python compiles, it makes 200 classes for syntax trees: 2 % of what an install takes.
    """
    return None if _msgspec_begins() else module_of("typing").ForwardRef(*given, **named)


_QUOTE = "quote_from_bytes"
_SCHEMA = "_json_schema"
_SELECTORS = "selectors"
_PATTERNS = {"re": Module("re", compile=pattern)}
_LATER: Mapping[str, Mapping[str, object]] = {
    # It takes 14 ms to compile their 25 patterns as they are loaded, and one or two of them are used.
    **dict.fromkeys(
        [
            "locale",
            "platform",
            "shlex",
            "textwrap",
            "yaml.constructor",
            "yaml.reader",
            "yaml.resolver",
        ],
        _PATTERNS,
    ),
    # For patterns in paths, paths of Windows and `file:` addresses. All this takes longer to load than the rest of it.
    "pathlib": {
        **{name: Module(name) for name in ("fnmatch", "ntpath", "re", "warnings")},
        "urllib.parse": Module("urllib.parse", **{_QUOTE: _function("urllib.parse", _QUOTE)}),
    },
    # For the encoding of a program's output, where nobody names one, and for programs that write and are written to
    # at once. Of threads it takes a lock for each program, which is there before them.
    "subprocess": {
        "locale": Module("locale"),
        _SELECTORS: Module(_SELECTORS, PollSelector=_function(_SELECTORS, "PollSelector")),
        "threading": Module("threading", Lock=allocate_lock),
    },
    # For the text of a class without one: what its constructor takes.
    "dataclasses": {"inspect": Module("inspect", signature=lambda _: ""), **_PATTERNS},
    # For calendars in another language.
    "calendar": {"locale": Module("locale")},
    # For addresses in brackets, and to take `%` signs out.
    "urllib.parse": {"ipaddress": Module("ipaddress"), **_PATTERNS},
    # For the name of the system alone.
    "uuid": {"platform": Module("platform", system=lambda: os.uname().sysname)},
    # For schemas of types.
    "msgspec": {},
    "msgspec._utils": {"typing": Module("typing", ForwardRef=_reference)},
    "msgspec.json": {
        f".{_SCHEMA}": Module(
            f"msgspec.{_SCHEMA}",
            **{
                name: _function(f"msgspec.{_SCHEMA}", name)
                for name in ("schema", "schema_components")
            },
        )
    },
}
"""Modules, and in each of them what stands for others; a name from the same package begins with a dot."""
_PARTS: Mapping[str, Mapping[str, object]] = {
    "msgspec": {
        name: Module(f"msgspec.{name}") for name in ("inspect", "json", "msgpack", "toml", "yaml")
    }
}
"""Packages, and what stands for modules of theirs that they ask for as they are loaded."""


class _Loader(SourceFileLoader):
    """Loads a module with what stands for others in it. No other module, nor thread, notices."""

    def exec_module(self, module: ModuleType) -> None:
        later = _LATER[module.__name__]

        def load(
            name: str,
            of: Mapping[str, object] | None = None,
            names: Mapping[str, object] | None = None,
            wanted: Sequence[str] | None = None,
            level: int = 0,
        ) -> Any:
            # Without names, `import a.b` asks for `a`.
            asked = "." * level + name
            if asked in later and bool(wanted) == ("." in asked):
                return later[asked]
            return builtins.__import__(name, of, names, wanted or (), level)

        vars(module).update(_PARTS.get(module.__name__, {}))
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": load}
        super().exec_module(module)


class _Compiled:
    """Gives the compiled module for one that first makes the same in Python, and then takes the compiled one.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, _spec: ModuleSpec) -> ModuleType:
        return module_of(self._name)

    def exec_module(self, module: ModuleType) -> None:
        """It is ready."""


class _Finder:
    """Finds what is loaded otherwise than always."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "typing_extensions":
            _without_typing_extensions()
        if name == "datetime" and sys.version_info < (3, 12):
            return ModuleSpec(name, _Compiled("_datetime"))  # type: ignore[arg-type]  # it has what a loader needs
        if name not in _LATER:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, spec.loader.path)
        return spec


def _without_typing_extensions() -> None:
    """Keep it from msgspec, which takes it where it is found, and needs it no more on our Pythons.

    It brings ``inspect`` and more than a dozen others: a tenth of what a ``status`` takes. Whoever else asks gets it.

    Raises:
        ModuleNotFoundError: msgspec asks.
    """
    if _msgspec_begins():
        raise ModuleNotFoundError("msgspec does without", name="typing_extensions")


def load_less() -> None:
    """From here on, let libraries load less in this process."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
