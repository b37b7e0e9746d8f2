"""Requests about the agent's chats: what owners asked for there, and the code that carries it out."""

from __future__ import annotations

from hermes_dist.ops.watch.chat import MINUTES
from hermes_dist.ops.watch.codes import waiting
from hermes_dist.ops.watch.plans import show_code
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.watch.watch_json import asked_data, code_data


def asked(job: Job) -> Found:
    """List the plans that owners asked for, as ``watch status`` does."""
    return Found("watch-asked", asked_data(waiting(job.ctx)))


def code(job: Job) -> Found:
    """As ``watch code``: in the agent's dashboard it is refused, as anything that the agent starts is."""
    _proposal, issued = show_code(job.ctx, job.text("asked"))
    return Found("watch-code", code_data(issued, MINUTES * 60), issued.asked.plan)
