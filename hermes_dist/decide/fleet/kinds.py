"""What there is to say about gateways, as kinds; their sentences are in ``voice/gateway_words.py``."""

from __future__ import annotations

from hermes_dist.model.notes import Kind


class GatewayKind(Kind):
    """A reason or a remark. Each kind has a sentence, which names the data it needs."""

    AGENT_SAYS = "agent-says"  # in the agent's own words

    # what several gateways can't use at once
    SAME_BOT = "same-bot"
    SAME_PORT = "same-port"

    # starting
    NO_SERVICE = "no-service"
    STALE_PID_REMOVED = "stale-pid-removed"
    SILENT_LOG = "silent-log"
    ALIVE = "alive"
    ALIVE_BEFORE = "alive-before"
    STARTED_AGAIN_AND_AGAIN = "started-again-and-again"
    STARTED_AGAIN = "started-again"
    NO_PROCESS = "no-process"
    PROCESS_ENDED = "process-ended"
    ENDED_AFTER_START = "ended-after-start"
    ENDED_WITH_CODE = "ended-with-code"
    ENDED_BY_SIGNAL = "ended-by-signal"

    # the gateway of the default profile, which may serve others
    SERVED = "served"
    SERVED_AGAIN = "served-again"
    SERVES_ALL = "serves-all"
    SERVES_OTHERS = "serves-others"
    NOT_SERVED = "not-served"
    SERVER_DID_NOT = "server-did-not"
    STOPPED_WITH_IT = "stopped-with-it"

    # stopping
    KILLED = "killed"
    SERVICE_STARTED_IT = "service-started-it"

    # at login
    NO_MANAGER = "no-manager"
    NO_SERVICE_FILE = "no-service-file"
    ENABLED_BEFORE = "enabled-before"
    NOT_ENABLED = "not-enabled"
    FILE_LEFT = "file-left"
