"""Asks the page's requests in this process, as a screen does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from json_schemas import checked
from story import Story

from hermes_dist.ops.context import Context
from hermes_dist.page.answer import answer
from hermes_dist.page.exchange import Ask, Reply
from hermes_dist.page.requests.table import REQUESTS


class Page:
    """Asks as a page does: with the state that the last reply named."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.state = ""
        self.heard: list[str] = []

    def ctx(self, progress: Any) -> Context:
        return self.story.ctx.with_options(progress=progress)

    def ask(self, name: str, /, **more: Any) -> Reply:
        plan, state = more.pop("plan", ""), more.pop("state", None)
        profile = more.pop("profile", "bot")
        row = REQUESTS.get(name)
        if state is None:
            state = self.state if row is None or row.writes else ""
        ask = Ask(name=name, profile=profile, fields=more, state=state, plan=plan)
        reply = answer(self.ctx, ask, lambda p: self.heard.append(p.line))
        assert json.loads(json.dumps(reply.body)) == reply.body
        schema_of_body(reply.body)
        return reply

    def data(self, name: str, /, **more: Any) -> Mapping[str, Any]:
        reply = self.ask(name, **more)
        assert reply.status == 200, reply.body
        self.state = reply.body["state"] or self.state
        found: Mapping[str, Any] = reply.body["data"]
        return found

    def carry_out(self, name: str, /, **more: Any) -> Mapping[str, Any]:
        """A preview, and the yes to it."""
        preview = self.ask(name, dry_run=True, **more)
        assert preview.status == 200, preview.body
        return self.data(name, plan=preview.body["plan"], **more)


def schema_of_body(body: Mapping[str, Any]) -> None:
    """What a reply holds is as the schema of its command says."""
    for name in ("data", "error", "changed"):
        part = body.get(name)
        if isinstance(part, dict):
            checked(type("Done", (), {"stdout": json.dumps(part)}))
