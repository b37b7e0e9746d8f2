"""The one list of requests: where each is handled, what it is about, and which fields it takes."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.page.fields import FLAG, LINE, NUMBER, SIDES, TEXT, VALUES, WORDS, needed, one_of
from hermes_dist.page.requests.row import About, Row

_MERGE = {"conflict": one_of("", "keep", "theirs", "abort"), "allow_effects": FLAG}
_ACCEPT = {
    "accept_new_key": FLAG,
    "accept_unsigned": FLAG,
    "accept_moved_tag": FLAG,
    "allow_downgrade": FLAG,
    "require_signature": FLAG,
    "ignore_requires": FLAG,
}
_PARTS = {
    "only": LINE,
    "without": LINE,
    "include": WORDS,
    "exclude": WORDS,
    "set": VALUES,
    "env": VALUES,
}

REQUESTS: Mapping[str, Row] = {
    "list": Row("machine", "list_", "profiles", About.MACHINE),
    "overview": Row("machine", "overview", "overview", About.MACHINE),
    "create": Row(
        "lifecycle",
        "create",
        "create",
        About.MACHINE,
        {
            "name": needed(LINE),
            "clone": FLAG,
            "clone_all": FLAG,
            "clone_from": LINE,
            "with_channel_tokens": FLAG,
            "no_skills": FLAG,
            "alias": FLAG,
            "description": LINE,
        },
        writes=True,
        planned=True,
    ),
    "rename": Row(
        "lifecycle",
        "rename",
        "rename",
        fields={"name": needed(LINE)},
        writes=True,
        planned=True,
    ),
    "delete": Row("lifecycle", "delete", "delete", writes=True, planned=True),
    "away": Row("lifecycle", "away", "away", About.MACHINE),
    "restore": Row(
        "lifecycle",
        "restore",
        "restore",
        About.MACHINE,
        {"name": needed(LINE), "as": LINE},
        writes=True,
        planned=True,
    ),
    "outdated": Row("profile", "outdated", "outdated", About.EITHER),
    "status": Row("profile", "status", "status", About.EITHER, {"all": FLAG}),
    "info": Row("profile", "info", "info"),
    "diff": Row(
        "profile",
        "diff",
        "diff",
        fields={"place": LINE, "upstream": FLAG, "to": LINE, "generations": LINE},
    ),
    "history": Row("profile", "history", "history", fields={"number": NUMBER}),
    "kept": Row("profile", "kept", "kept"),
    "keep": Row(
        "profile", "keep", "kept", fields={"places": needed(WORDS), "dry_run": FLAG}, writes=True
    ),
    "unkeep": Row(
        "profile",
        "unkeep",
        "kept",
        fields={"places": WORDS, "all": FLAG, "dry_run": FLAG},
        writes=True,
    ),
    "hold": Row("profile", "hold", "hold", writes=True),
    "unhold": Row("profile", "unhold", "hold", writes=True),
    "update": Row(
        "change",
        "update",
        "outcome",
        fields={"to": LINE, **_MERGE, **_ACCEPT, **_PARTS},
        writes=True,
        planned=True,
    ),
    "rollback": Row(
        "change",
        "rollback",
        "outcome",
        fields={"number": NUMBER, "exact": FLAG, **_MERGE},
        writes=True,
        planned=True,
    ),
    "undo": Row("change", "undo", "outcome", writes=True, planned=True),
    "discard": Row(
        "change",
        "discard",
        "outcome",
        fields={"places": WORDS, "all": FLAG, "allow_effects": FLAG},
        writes=True,
        planned=True,
    ),
    "sync-status": Row("sync", "sync_status", "sync-status"),
    "conflicts": Row("conflicts", "conflicts", "conflicts", fields={"place": LINE}),
    "conflict": Row("conflicts", "conflict", "conflict-shown", fields={"place": LINE}),
    "resolve": Row(
        "conflicts",
        "resolve",
        "outcome",
        fields={
            "place": LINE,
            "side": one_of("ours", "theirs", "both"),
            "sides": SIDES,
            "text": TEXT,
            "always": FLAG,
            "forget": FLAG,
            "allow_effects": FLAG,
        },
        writes=True,
        planned=True,
    ),
    "install": Row(
        "change",
        "install",
        "outcome",
        About.MACHINE,
        {
            "source": needed(LINE),
            "name": LINE,
            "alias": FLAG,
            "registry": LINE,
            "accept_name": FLAG,
            **_MERGE,
            **_ACCEPT,
            **_PARTS,
        },
        writes=True,
        planned=True,
    ),
    "consents": Row("review", "consents", "consents"),
    "effect": Row("review", "effect", "consent-shown", fields={"things": needed(WORDS)}),
    "approve": Row(
        "review", "approve", "outcome", fields={"things": WORDS}, writes=True, planned=True
    ),
    "revoke": Row(
        "review", "revoke", "outcome", fields={"things": needed(WORDS)}, writes=True, planned=True
    ),
    "search": Row(
        "find",
        "search",
        "search",
        About.MACHINE,
        {"words": WORDS, "category": LINE, "limit": NUMBER},
    ),
    "package": Row(
        "find", "package", "package", About.MACHINE, {"name": needed(LINE), "registry": LINE}
    ),
    "gateways": Row("fleet", "gateways", "gateways", About.EITHER),
    "gateway-check": Row("fleet", "check", "gateway-check", About.MACHINE),
    "gateway-start": Row(
        "fleet", "start", "gateway-results", fields={"allow_clash": FLAG}, by_post=True
    ),
    "gateway-stop": Row("fleet", "stop", "gateway-results", by_post=True),
    "gateway-restart": Row(
        "fleet", "restart", "gateway-results", fields={"allow_clash": FLAG}, by_post=True
    ),
    "logs": Row("fleet", "logs", "gateway-logs", About.EITHER, {"lines": NUMBER}),
    "routes": Row("fleet", "list_routes", "routes", About.MACHINE),
    "route-test": Row(
        "fleet",
        "test_route",
        "route-test",
        About.MACHINE,
        dict.fromkeys(("platform", "guild", "channel", "thread", "user", "bot"), LINE),
    ),
    "asked": Row("watch", "asked", "watch-asked", About.MACHINE),
    "code": Row(
        "watch", "code", "watch-code", About.MACHINE, {"asked": needed(LINE)}, by_post=True
    ),
    "shipping": Row("publish", "shipping", "shipping"),
    "validate": Row("publish", "validate", "validation"),
    "publish": Row(
        "publish",
        "publish",
        "published",
        fields={
            "to": LINE,
            "bump": one_of("", "patch", "minor", "major"),
            "version": LINE,
            "message": TEXT,
            "branch": LINE,
            "key": LINE,
            "accept_new_key": FLAG,
            "allow_finding": WORDS,
        },
        writes=True,
        planned=True,
    ),
}
"""Every request by its name: that of the command that does the same."""
