"""Requests about packages that need not be installed: search, and what a registry says of one."""

from __future__ import annotations

from hermes_dist.errors import UsageError
from hermes_dist.ops.registry import registries
from hermes_dist.page.requests.row import Found, Job
from hermes_dist.voice.registry_json import about_data, hits_data

_USUAL = 100
_MOST = 1000


def search(job: Job) -> Found:
    """As ``search``; without a word, all packages.

    Raises:
        UsageError: More packages are asked for than a page shows.
    """
    limit = job.number("limit") or _USUAL
    if limit > _MOST:
        raise UsageError(f"it takes 1 to {_MOST}", where="fields: limit")
    found = registries.search(job.ctx, list(job.words("words")), limit, job.text("category"))
    return Found("search", hits_data(found))


def package(job: Job) -> Found:
    """As ``info --package``."""
    found = registries.about(job.ctx, job.text("name"), job.text("registry"))
    return Found("package", about_data(found))
