"""Data to YAML text: whole documents, and pieces to insert into one."""

from __future__ import annotations

from typing import Any

import yaml

from hermes_dist.model.dialects import is_clear
from hermes_dist.model.values import Unmergeable

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_NO_FOLD = 1 << 30


class _Block(_DUMPER):  # type: ignore[misc]  # the C class exists at run time only
    """Writes every value in full, without anchors (merging can't edit them), and multi-line text as lines."""

    LINES = "|"

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the dumper asks for each value
        return True


class _Flow(_Block):
    """Writes everything on one line."""

    LINES = '"'


def _text(dumper: Any, data: str) -> Any:
    style = dumper.LINES if "\n" in data else None
    if not is_clear(data):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Block.add_representer(str, _text)
_Flow.add_representer(str, _text)


def block(data: object, indent: int = 2) -> str:
    """Write a value as block YAML that ends with a newline.

    Raises:
        Unmergeable: YAML can't express the value.
    """
    return _dump(data, _Block, default_flow_style=False, indent=indent)


def flow(data: object) -> str:
    """Write a value on one line, usable in block and flow style.

    Raises:
        Unmergeable: YAML can't express the value.
    """
    if isinstance(data, dict | list):
        return _dump(data, _Flow, default_flow_style=True).rstrip("\n")
    return _dump([data], _Flow, default_flow_style=True).rstrip("\n")[1:-1]


def _dump(data: object, dumper: Any, **how: Any) -> str:
    try:
        text = yaml.dump(
            data, None, dumper, sort_keys=False, allow_unicode=True, width=_NO_FOLD, **how
        )
    except yaml.YAMLError as err:
        raise Unmergeable(f"it can't be written as YAML: {err}") from None
    return str(text)
