"""The one list of the exit codes of commands, and of what they say, for the help, the reference and the tests."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.errors import ExitCode

EVERYWHERE = (ExitCode.DONE, ExitCode.ERROR, ExitCode.USAGE, ExitCode.INTERRUPTED)
"""The codes that every command can end with; the table leaves them out."""

SAYS: Mapping[ExitCode, str] = {
    ExitCode.CONFLICTS: "conflicts are open",
    ExitCode.REFUSED: "refused by a rule",
    ExitCode.LOCK_STALE: "with `--locked`: the source has moved, or there is no lockfile",
    ExitCode.INPUT_NEEDED: "a question needs an answer, but nobody can be asked",
    ExitCode.UNREACHABLE: "the source can't be reached or read",
    ExitCode.BUSY: "another command is changing the same files",
    ExitCode.CHANGES: "with `--exit-code`: there are changes",
    ExitCode.NO_AGENT: "the agent is needed, but not installed",
}
_OUTDATED = "outdated"  # it says so without an option


def _codes(*numbers: int) -> tuple[ExitCode, ...]:
    return tuple(map(ExitCode, numbers))


EXIT_CODES: Mapping[str, tuple[ExitCode, ...]] = {
    "install": _codes(3, 4, 6, 7, 8, 127),
    "update": _codes(3, 4, 5, 6, 7, 8, 10, 127),
    "outdated": _codes(4, 7, 10),
    "status": _codes(3, 10),
    "diff": _codes(4, 7, 10),
    "info": _codes(4, 7),
    "tree": (),
    "why": _codes(7),
    "owns": _codes(7),
    "layer add": _codes(3, 4, 6, 7, 8, 127),
    "layer remove": _codes(3, 4, 6, 7, 8, 127),
    "layer list": (),
    "keep": _codes(3, 8),
    "unkeep": _codes(3, 8),
    "discard": _codes(3, 4, 6, 8, 127),
    "resolve": _codes(3, 4, 6, 8, 127),
    "approve": _codes(3, 4, 6, 8, 127),
    "history": (),
    "rollback": _codes(3, 4, 6, 8, 127),
    "undo": _codes(3, 4, 6, 8, 127),
    "hold": _codes(8),
    "unhold": _codes(8),
    "uninstall": _codes(6, 8),
    "adopt": _codes(4, 6, 7, 8),
    "verify": _codes(7),
    "gc": (),
    "overview": (),
    "current": (),
    "list": (),
    "show": (),
    "use": (),
    "create": _codes(8),
    "rename": _codes(8),
    "follow": _codes(8),
    "unfollow": _codes(8),
    "describe": _codes(8, 127),
    "alias": (),
    "delete": _codes(6, 8),
    "archive": _codes(8),
    "restore": _codes(8),
    "doctor": _codes(8),
    "apply": _codes(3, 4, 6, 7, 8, 10, 127),
    "snapshot": (),
    "ui": (),
    "init": (),
    "validate": (),
    "pack": _codes(4),
    "publish": _codes(3, 4, 6, 7, 8),
    "changes": (),
    "contribute": _codes(3, 4, 6, 7, 8),
    "yank": (),
    "sign": (),
    "export": _codes(3, 4, 6, 8),
    "import": _codes(3, 4, 6, 8, 127),
    "completion": (),
    "backup make": _codes(6, 8),
    "backup restore": _codes(4, 6, 8),
    "sync init": _codes(4, 6, 7, 8),
    "sync join": _codes(3, 4, 6, 7, 8),
    "sync now": _codes(3, 4, 6, 7, 8),
    "sync status": _codes(3, 4, 7),
    "sync leave": _codes(4, 6, 7, 8),
    "sync accept": _codes(4, 7, 8),
    "sync forget": _codes(4, 7, 8),
    "search": _codes(4, 7, 8),
    "registry list": (),
    "registry add": _codes(4, 7, 8),
    "registry remove": _codes(8),
    "registry sync": _codes(4, 7, 8),
    "registry check": _codes(4, 7),
    "trust list": (),
    "trust add": _codes(8),
    "trust remove": _codes(8),
    "trust require": _codes(6, 8),
    "gateways start": _codes(4, 8, 127),
    "gateways stop": _codes(8, 127),
    "gateways restart": _codes(4, 8, 127),
    "gateways status": (),
    "gateways list": (),
    "gateways logs": (),
    "gateways check": (),
    "gateways enable": _codes(8, 127),
    "gateways disable": _codes(8, 127),
    "gateway route add": _codes(8),
    "gateway route list": (),
    "gateway route remove": _codes(8),
    "gateway route test": (),
    "gateway route lint": _codes(8),
    "front-door install": (),
    "front-door remove": (),
    "front-door status": (),
    "dashboard install": _codes(4, 6, 8),
    "dashboard remove": _codes(4, 8),
    "dashboard status": (),
    "watch install": _codes(4, 8),
    "watch remove": _codes(8),
    "watch status": _codes(4),
    "watch run": _codes(4, 8),
    "watch chat install": _codes(4, 6, 8),
    "watch chat remove": _codes(4, 8),
    "watch chat status": (),
    "watch code": _codes(4, 6, 7, 8),
    "watch answer": (),
    "watch owner add": _codes(4, 6, 8),
    "watch owner list": _codes(4),
    "watch owner remove": _codes(4, 8),
}
"""The codes of each command, beside those of :data:`EVERYWHERE`."""


def rows_of(name: str) -> list[tuple[str, str]]:
    """Return the codes of a command and what each says; none for a group of commands."""
    says = {**SAYS, ExitCode.CHANGES: "there is something new"} if name == _OUTDATED else SAYS
    return [(str(int(code)), says[code]) for code in EXIT_CODES.get(name, ())]
