"""Seeded faults in the transaction: one line of its source changed, and the modules built anew from it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import hermes_dist.world

_ROOM = Path(hermes_dist.world.__file__).parent / "transaction"
_NAMES = (
    "journal",
    "lock_told",
    "realize",
    "generations",
    "checks",
    "apply",
    "new_home",
)  # in the order they import each other


def mutant(module: str, old: str, new: str) -> SimpleNamespace:
    """Build the modules with ``old`` replaced by ``new`` in one of them, exactly once.

    Raises:
        ValueError: The source does not hold ``old`` exactly once.
    """
    source = (_ROOM / f"{module}.py").read_text()
    if source.count(old) != 1:
        raise ValueError(f"{module}.py holds {old!r} {source.count(old)} times")
    return build({module: source.replace(old, new)})


def build(sources: dict[str, str]) -> SimpleNamespace:
    """Build fresh modules, some from other source text, that import each other and not the real ones."""
    made = {}
    for name in _NAMES:
        text = sources.get(name) or (_ROOM / f"{name}.py").read_text()
        for other in _NAMES:
            text = text.replace(
                f"from hermes_dist.world.transaction.{other} import", f"from mutant_{other} import"
            )
        module = ModuleType(f"mutant_{name}")
        sys.modules[module.__name__] = module
        try:
            exec(compile(text, module.__name__, "exec"), module.__dict__)
        finally:
            made[name] = module
    for module in made.values():
        del sys.modules[module.__name__]
    return SimpleNamespace(**made)
