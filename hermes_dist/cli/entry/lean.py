"""What libraries do as they are loaded and no command of ours needs: left out, or put off until somebody needs it.

Only a process that is ours alone does so. Elsewhere, such as in the agent, a library is loaded as it always is.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType, SimpleNamespace
from typing import Any

from hermes_dist.lazily import pattern

_MANY_PATTERNS = frozenset(
    ["locale", "platform", "textwrap", "yaml.constructor", "yaml.reader", "yaml.resolver"]
)
"""Modules that compile patterns as they are loaded. It takes 14 ms, and one or two of the 25 patterns are used."""
_RE: Any = SimpleNamespace(**{**vars(re), "compile": pattern})


def _import(
    name: str,
    of: Mapping[str, object] | None = None,
    names: Mapping[str, object] | None = None,
    wanted: Sequence[str] | None = None,
    level: int = 0,
) -> Any:
    """Import as always, but for ``re``, which compiles a pattern on first use."""
    if name == "re" and not level and not wanted:
        return _RE
    return builtins.__import__(name, of, names, wanted or (), level)


class _PatternsLater(SourceFileLoader):
    """Loads a module so that its patterns are compiled on first use. No other module, nor thread, notices."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


class _Finder:
    """Finds what is loaded otherwise than always."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "typing_extensions":
            _without_typing_extensions()
        if name not in _MANY_PATTERNS:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _PatternsLater(name, spec.loader.path)
        return spec


def _without_typing_extensions() -> None:
    """Keep it from msgspec, which takes it where it is found, and needs it no more on our Pythons.

    It brings ``inspect`` and more than a dozen others: a tenth of what a ``status`` takes. Whoever else asks gets it.

    Raises:
        ModuleNotFoundError: msgspec asks.
    """
    if "msgspec._utils" in sys.modules and "msgspec.inspect" not in sys.modules:
        raise ModuleNotFoundError("msgspec does without", name="typing_extensions")


def load_less() -> None:
    """From here on, let libraries load less in this process."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
