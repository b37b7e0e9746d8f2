"""What a change did or would do, with the plan that a yes to it names."""

from __future__ import annotations

from hermes_dist.ops.authoring.publication import publication_digest
from hermes_dist.ops.authoring.publish import Published
from hermes_dist.ops.change.proposal import Outcome, plan_digest
from hermes_dist.page.requests.row import Found
from hermes_dist.voice.author_json import published_data
from hermes_dist.voice.package_json import outcome_data


def preview_of(now: object) -> Found:
    """Show what a verb returned for a dry run."""
    if isinstance(now, Published):
        return published_found(now)
    assert isinstance(now, Outcome)  # noqa: S101 - verbs with a plan return one of these two
    return outcome_found(now)


def outcome_found(outcome: Outcome) -> Found:
    """What was done or would be done; a preview in which nothing is left to do has no plan."""
    plan = ""
    if outcome.dry_run and outcome.proposal is not None:
        plan = plan_digest(outcome.proposal)
    return Found("outcome", outcome_data(outcome), plan)


def published_found(done: Published) -> Found:
    """What was published or would be."""
    plan = publication_digest(done.publication) if done.dry_run else ""
    return Found("published", published_data(done), plan)
