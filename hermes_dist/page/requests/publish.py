"""Requests of authors: what would ship, what is wrong with it, and publishing it."""

from __future__ import annotations

from hermes_dist.ops.authoring import author
from hermes_dist.ops.authoring.author import InvalidPackage
from hermes_dist.ops.authoring.publication import PublishOptions, publication_digest
from hermes_dist.ops.authoring.publish import Published
from hermes_dist.ops.authoring.publish import publish as publish_
from hermes_dist.page.requests.row import Found, Job, agreed
from hermes_dist.voice.author_json import published_data, shipping_data, validation_data
from hermes_dist.voice.problems import invalid_error


def shipping(job: Job) -> Found:
    """As ``pack --list``."""
    return Found("shipping", shipping_data(author.shipping(job.ctx, job.profile)))


def validate(job: Job) -> Found:
    """As ``validate``: problems, and the secrets by file and line that variables take the place of."""
    package = author.package_at(job.ctx, job.profile)
    problems = author.checked(job.ctx, package)
    valid = not any(problem.level == "error" for problem in problems)
    data = validation_data(job.profile, problems, author.secrets_at(package), valid=valid)
    return Found("validation", data)


def publish(job: Job) -> Found:
    """As ``publish``.

    Raises:
        DistError: The package is not valid, or can't be published.
    """
    release = PublishOptions(
        to=job.text("to"),
        bump=job.text("bump"),
        version=job.text("version"),
        message=job.text("message"),
        branch=job.text("branch"),
        key=job.text("key"),
        new_key=job.flag("accept_new_key"),
        allowed=frozenset(job.words("allow_finding")),
    )
    try:
        done = publish_(job.ctx, job.profile, release, agreed, dry_run=job.dry_run, shown=job.plan)
    except InvalidPackage as error:
        raise invalid_error(error) from error
    return published_found(done)


def published_found(done: Published) -> Found:
    """What was published or would be, with the plan that a yes to it names."""
    plan = publication_digest(done.publication) if done.dry_run else ""
    return Found("published", published_data(done), plan)
