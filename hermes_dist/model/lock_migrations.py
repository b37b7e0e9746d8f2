"""Migrations of the lockfile, each from one format to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hermes_dist.errors import Invalid
from hermes_dist.model.source import PinKind, SourceKind, SourceSpec, parse_source, pin_kind

Raw = dict[str, object]
_OF_THE_PACKAGE = ("name", "source", "registry", "signer", "partial")


def from_1(raw: Raw) -> Raw:
    """Format 1 described one package, in separate fields.

    It stored approvals as bare digests, and one line of text for each pending item. Its ref and source tell what the
    pin followed.
    """
    rest = {
        key: value for key, value in raw.items() if key not in {*_OF_THE_PACKAGE, "pin", "approved"}
    }
    pin = raw["pin"]
    if not isinstance(pin, dict):
        raise TypeError("a table is missing")
    package = {key: raw[key] for key in _OF_THE_PACKAGE if key in raw}
    rest["packages"] = [{**pin, **package, "kind": str(_kind(raw["source"], pin))}]
    if "approved" in raw:
        rest["consent"] = {"approved": _approvals(raw["approved"])}
    if "parked" in raw:
        rest["parked"] = _parked(raw["parked"])
    return rest


def _parked(value: object) -> list[object]:
    """Pending items had one line of text; it becomes a fact without a name."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TypeError("parked is not a list")
    return [{**row, "facts": [["", row["what"]]]} for row in value]


def _kind(source: object, pin: Mapping[str, object]) -> PinKind:
    ref, commit = pin.get("ref", ""), pin.get("commit", "")
    if not isinstance(source, str) or not isinstance(ref, str) or not isinstance(commit, str):
        raise TypeError("source, ref or commit is not text")
    return pin_kind(_spec(source), ref, commit)


def _spec(source: str) -> SourceSpec:
    """Parse a source; a text that is not a valid source was never followed, and counts as a repository."""
    try:
        return parse_source(source, allow_insecure=True)
    except Invalid:
        return SourceSpec(kind=SourceKind.GIT, location=source)


def _approvals(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("approved is not a list")
    return [{"path": "", "key": "", "digest": digest} for digest in value]


MIGRATIONS: Mapping[int, Callable[[Raw], Raw]] = {1: from_1}
"""The migration from each older format to the next; applied in turn."""
