"""Requests about a profile that is kept the same on several machines."""

from __future__ import annotations

from hermes_dist.ops.sync.status import standing
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.sync.data import standing_data


def sync_status(job: Job) -> Found:
    """As ``sync status``; the meeting place is asked."""
    return Found("sync-status", standing_data(standing(job.ctx, job.profile)))
