"""What a change of a profile did or would do, with the plan that a yes to it names."""

from __future__ import annotations

from hermes_dist.ops.change.proposal import Outcome, plan_digest
from hermes_dist.page.requests.row import Found
from hermes_dist.voice.package_json import outcome_data


def outcome_found(outcome: Outcome) -> Found:
    """What was done or would be done; a preview in which nothing is left to do has no plan."""
    plan = ""
    if outcome.dry_run and outcome.proposal is not None:
        plan = plan_digest(outcome.proposal)
    return Found("outcome", outcome_data(outcome), plan)
