"""JSON of packages: what a schedule means stands beside it."""

from __future__ import annotations

from hermes_dist.decide.layers.origins import Origin
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.review import groups_of
from hermes_dist.ops.package.approvals import Consents
from hermes_dist.voice.package_json import consents_data, effects_data

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


def test_what_is_approved_as_one_has_one_name_so_that_every_screen_counts_the_same() -> None:
    places = [
        "hooks.pre[0].command",
        "hooks.pre[1].command",
        "mcp_servers.web.url",
        "model",
        "model",
    ]
    effects = [
        Effect(
            EffectKind.LOOSENS, RelPath("config.yaml"), key, (("", str(n)),), Digest.of(b"%d" % n)
        )
        for n, key in enumerate(places)
    ]
    rows = effects_data(effects)
    assert [row["key"] for row in rows] == places
    counted = {(row["path"], row["group"]) for row in rows}
    assert len(counted) == len(groups_of(effects))
    assert {row["group"] for row in rows} == {group.name for group in groups_of(effects)}
    assert effects_data([]) == []
