"""JSON of packages: what a schedule means stands beside it."""

from __future__ import annotations

from hermes_dist.decide.layers.origins import Origin
from hermes_dist.ops.package.approvals import Consents
from hermes_dist.voice.package_json import consents_data

JOB = "cron/jobs.json: jobs[id=aa]"
WEEKDAYS = '{"kind": "cron", "expr": "0 9 * * 1-5"}'
OFTEN = '{"kind": "interval", "minutes": 5}'


def changed(place: str, before: str, after: str) -> dict[str, str]:
    """A row of what was approved before, as JSON."""
    found = Consents(waiting=(), approved=(), off=(), changed=((place, before, after),))
    (row,) = consents_data("bot", found, lambda _: Origin())["changed"]
    return dict(row)


def test_a_schedule_is_said_in_words_before_and_after() -> None:
    row = changed(f"{JOB} schedule", WEEKDAYS, OFTEN)
    assert (row["before"], row["after"]) == (WEEKDAYS, OFTEN)
    assert row["before_words"] == "at 09:00 on Monday through Friday (0 9 * * 1-5)"
    assert row["after_words"] == "every 5 minutes"


def test_what_is_no_schedule_of_a_job_has_no_words() -> None:
    for place, before in (
        (f"{JOB} prompt", "Look."),
        (f"{JOB} schedule", ""),
        ("config.yaml: mcp_servers.a schedule", WEEKDAYS),
    ):
        assert "before_words" not in changed(place, before, "x")
