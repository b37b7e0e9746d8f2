"""Requests about all profiles of this machine."""

from __future__ import annotations

from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.ops.profiles.overview import look_over
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.row_json import next_words, overview_data, row_data


def list_(job: Job) -> Found:
    """As ``list``."""
    rows = list_profiles(job.ctx)
    return Found("profiles", {"profiles": [row_data(row) for row in rows]})


def overview(job: Job) -> Found:
    """As ``overview``."""
    seen = look_over(job.ctx)
    following = [job.ctx.command(words) for words in next_words(seen)]
    return Found("overview", overview_data(seen, following))
