"""Which jobs have effects."""

from __future__ import annotations

import pytest

from hermes_dist.decide.consent.jobs import job_effects
from hermes_dist.decide.consent.switches import Judge, Memory, job_unit
from hermes_dist.model.plan import Effect

IDENT = "aaaaaaaaaaaa"
UNIT = frozenset([job_unit(IDENT)])
EVERY = {"kind": "interval", "minutes": 5}
OLD = {"id": IDENT, "name": "watch", "prompt": "old", "schedule": EVERY}
NEW = {**OLD, "prompt": "new"}
OFF = {
    "enabled": False,
    "state": "paused",
    "paused_reason": "from package bot: hermes profile approve",
}
PROMPT, WHOLE = f"jobs[id={IDENT}].prompt", f"jobs[id={IDENT}]"


def found(
    before: dict[str, object] | None,
    after: dict[str, object],
    judge: Judge,
    *,
    shipped: bool = True,
) -> list[tuple[str, bool]]:
    effects = job_effects(
        {IDENT: before} if before else {}, {IDENT: after}, {IDENT: after} if shipped else {}, judge
    )
    return [(effect.key, effect.off) for effect in effects]


@pytest.mark.parametrize("shipped", [True, False])
def test_a_job_that_runs_is_an_effect_when_it_is_new_and_in_each_field_that_changes(
    shipped: bool,
) -> None:
    assert found(None, NEW, Judge(), shipped=shipped) == [(WHOLE, False)]
    assert found(OLD, NEW, Judge(here=UNIT), shipped=shipped) == [(PROMPT, False)]
    assert found(OLD, OLD, Judge(here=UNIT), shipped=shipped) == []
    assert found(OLD | OFF, OLD, Judge(here=UNIT), shipped=shipped) == []


def test_a_job_that_waits_is_an_effect_as_a_whole() -> None:
    assert found(None, NEW | OFF, Judge()) == [(WHOLE, True)]
    assert found(OLD | OFF, NEW | OFF, Judge(here=UNIT)) == [(WHOLE, True)]


def test_a_job_that_its_author_ships_off_has_no_effect_until_some_part_was_approved() -> None:
    author = Judge(by_author=UNIT, here=UNIT)
    assert found(OLD | OFF, NEW | OFF, author) == []
    once = Judge(Memory(granted=UNIT), by_author=UNIT, here=UNIT)
    assert found(OLD | OFF, NEW | OFF, once) == [(PROMPT, False)]


def test_a_paused_job_of_the_user_is_nobodys_business() -> None:
    paused = {**OFF, "paused_reason": "not today"}
    assert found(OLD | paused, NEW | paused, Judge(here=UNIT), shipped=False) == []
    assert found(OLD | paused, NEW | paused, Judge(here=UNIT)) == [(PROMPT, False)]


def test_the_chat_that_a_job_reports_to_is_shown_and_approved_with_it() -> None:
    chat = {"platform": "telegram", "chat_id": "666"}

    def effect(origin: object) -> Effect:
        job = {**NEW, "deliver": "origin", "origin": origin}
        (one,) = job_effects({}, {IDENT: job}, {}, Judge())
        return one

    plain, told = effect(None), effect(chat)
    assert "666" in str(told)
    (once,) = job_effects({}, {IDENT: {**NEW, "manual_run_prompt": "Send it."}}, {}, Judge())
    assert "Send it." in str(once)
    assert effect(chat) != effect({**chat, "chat_id": "667"})
    assert plain == effect({}) != told


def test_skills_in_a_map_count_by_their_keys_as_the_agent_loads_them() -> None:
    (one,) = job_effects({}, {IDENT: {**NEW, "skills": {"deploy": 1}}}, {}, Judge())
    assert "deploy" in str(one)


def test_to_be_without_any_toolset_holds_a_job_back() -> None:
    none, ours = {**OLD, "enabled_toolsets": []}, {**OLD, "enabled_toolsets": None}
    toolsets = f"jobs[id={IDENT}].enabled_toolsets"
    for less in (ours, OLD):
        assert found(none, less, Judge(here=UNIT)) == [(toolsets, False)]
    assert found(none, none, Judge(here=UNIT)) == found(ours, OLD, Judge(here=UNIT)) == []
