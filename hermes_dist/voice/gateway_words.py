"""What became of gateways, and what several can't use at once, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_dist.decide.fleet.kinds import GatewayKind
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE
from hermes_dist.voice.notes import SENTENCES as NOTES
from hermes_dist.voice.notes import Data, Sentences, names_in, sentence

if TYPE_CHECKING:
    from hermes_dist.decide.fleet.exclusive import Clash
    from hermes_dist.decide.fleet.runs import GatewayResult
    from hermes_dist.ops.fleet.routes import Reader

_THAT = f"the gateway of {DEFAULT_PROFILE}"


def result_words(result: GatewayResult) -> str:
    """The reason for a result, or a remark; empty for none. Text of the agent in it is not cleaned yet."""
    said = "; ".join(sentence(note, SENTENCES) for note in result.notes)
    if result.server is not None and (why := result_words(result.server)):
        said += f" ({why})"
    return ": ".join(filter(None, [said, result.last_words]))


def clash_words(clash: Clash) -> str:
    """A sentence about a clash, without the secret."""
    return sentence(clash.note, SENTENCES)


SWITCHED_OFF = "gateway.multiplex_profiles is off, so the agent ignores every route"


def assumed_reader(whose: Reader, title: str, *, is_installed: bool) -> str:
    """Say whose rules the routes are read by where no agent says its version; empty if it does."""
    if whose.agent is not None:
        return ""
    why = "does not say its version" if is_installed else "is not installed"
    said = f"{title} {why}, so generation {whose.generation} is assumed"
    if whose.is_on:
        return said
    return (
        f"{said}; before 0.21.4, the agent ignores routes while gateway.multiplex_profiles is off"
    )


def _who(data: Data) -> str:
    *others, last = names_in(data, "profiles")
    if others:
        return f"{', '.join(others)} and {last}"
    return last


def _what(data: Data) -> str:
    return " and ".join(names_in(data, "channels"))


def same_bot(data: Data) -> str:
    """Say which gateways use one bot."""
    return f"{_who(data)} use the same {_what(data)} bot"


def same_port(data: Data) -> str:
    """Say which gateways, or channels of one, use one port."""
    return f"{_who(data)} would listen on the same port {data['port']} ({_what(data)})"


def _alive(data: Data) -> str:
    return f"it is alive, and says {data['phase'] or 'nothing'!r}"


def _alive_before(data: Data) -> str:
    return f"{_alive(data)}; restart it"


SENTENCES: Sentences = {
    NoteKind.ERROR: NOTES[NoteKind.ERROR],
    GatewayKind.AGENT_SAYS: "{text}",
    GatewayKind.SAME_BOT: same_bot,
    GatewayKind.SAME_PORT: same_port,
    GatewayKind.NO_SERVICE: "it has no service; run: {command}, or pass --detached",
    GatewayKind.STALE_PID_REMOVED: "a stale pid was removed",
    GatewayKind.SILENT_LOG: "its log does not grow",
    GatewayKind.ALIVE: _alive,
    GatewayKind.ALIVE_BEFORE: _alive_before,
    GatewayKind.STARTED_AGAIN_AND_AGAIN: "it ended {times} times and was started again",
    GatewayKind.STARTED_AGAIN: "it ended and was started again",
    GatewayKind.NO_PROCESS: "no process started",
    GatewayKind.PROCESS_ENDED: "its process ended",
    GatewayKind.ENDED_AFTER_START: "its process ended right after the start",
    GatewayKind.ENDED_WITH_CODE: "it ended with exit code {code}",
    GatewayKind.ENDED_BY_SIGNAL: "it was ended by signal {number}",
    GatewayKind.SERVED: f"by {_THAT}",
    GatewayKind.SERVED_AGAIN: f"by {_THAT} again",
    GatewayKind.SERVES_ALL: "its gateway serves all profiles (multiplex_profiles)",
    GatewayKind.SERVES_OTHERS: f"{_THAT} serves the others",
    GatewayKind.NOT_SERVED: f"{_THAT} does not serve it: {{why}}",
    GatewayKind.SERVER_DID_NOT: f"{_THAT} serves it, and that one {{outcome}}",
    GatewayKind.STOPPED_WITH_IT: f"with {_THAT}",
    GatewayKind.KILLED: "it did not end by itself, and was killed",
    GatewayKind.SERVICE_STARTED_IT: "its service started it again",
    GatewayKind.NO_MANAGER: (
        "this machine has no systemd, launchd or s6; start it from whatever starts this machine"
    ),
    GatewayKind.NO_SERVICE_FILE: "no service file was written",
    GatewayKind.ENABLED_BEFORE: "it was already",
    GatewayKind.NOT_ENABLED: "it was not enabled",
    GatewayKind.FILE_LEFT: "{path} is still there",
}
