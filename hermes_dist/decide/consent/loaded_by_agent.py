"""Files that the agent loads from a home although nothing in the package names them.

The agent's services start in the home, with ``python -m`` in 0.19, and so do programs that it starts later. Python
looks there first, so a folder ``argparse/`` with an ``__init__.py`` comes before Python's own module.
"""

from __future__ import annotations

from hermes_dist.agents.loading import SENTENCES, STARTED, STYLE
from hermes_dist.decide.consent.mentions import Names
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.paths import RelPath, folded

_MODULES = (".py", ".pyw", ".pyc", ".so", ".pyd", ".dylib", ".dll")
"""How files end that Python imports; before it may stand a tag, such as ``.cpython-311-darwin``."""
_INIT = "/__init__."
"""Begins the file that makes its folder a package, which Python takes before any other folder of that name."""
_WHOLE = frozenset([*STARTED, SENTENCES])
"""Folders that are loaded without an ``__init__.py``."""


def loaded_by_agent(names: Names) -> list[RelPath]:
    """Find the files of a home that a Python started there may import before its own, and the agent's sentences."""
    roots = [path for path in names.paths if "/" not in path and _is_code(path)]
    inside = [path for folder in sorted(_loaded_folders(names)) for path in names.below(folder)]
    return [*roots, *inside]


def _loaded_folders(names: Names) -> set[str]:
    # A package may have thousands of files, and hardly one of them is looked at further.
    begin = (path for path in names.paths if _INIT in path.lower() and path.count("/") == 1)
    tops = {path.partition("/")[0] for path in names.paths}
    return {path.top for path in begin if _is_code(path)} | {
        top for top in tops if folded(top) in _WHOLE
    }


def _is_code(path: RelPath) -> bool:
    return folded(path).endswith(_MODULES)


def has_style(skin: bytes, path: RelPath) -> bool:
    """Whether a skin brings a style sheet for the agent's windows, or can't be read."""
    try:
        data = load_data(skin, kind_of(path) or Kind.YAML)
    except Invalid:
        return True
    return isinstance(data, dict) and any(folded(str(key)) == STYLE for key in data)
