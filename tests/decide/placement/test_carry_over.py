"""A planned edit is carried over to what the agent wrote meanwhile, if it wrote other things."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.placement.carry_over import carry_over
from hermes_dist.model.paths import RelPath

CONFIG, JOBS = RelPath("config.yaml"), RelPath("cron/jobs.json")
BEFORE = b"# mine\nmodel:\n  default: small  # cheap\nlast_seen: 1\nmcp_servers:\n  web: {url: a}\n"
AFTER = BEFORE.replace(b"small", b"large")


def job(ident: str, **more: Any) -> dict[str, Any]:
    state = {"enabled": True, "state": "scheduled", "last_run_at": None, "next_run_at": "t0"}
    return {"id": ident * 12, "prompt": "say", **state, "repeat": {"completed": 0}, **more}


def jobs(*rows: dict[str, Any], updated: str = "t0") -> bytes:
    return json.dumps({"jobs": rows, "updated_at": updated}, indent=2).encode()


def test_another_setting_of_the_agent_stays_and_so_does_every_comment() -> None:
    carried = carry_over(CONFIG, BEFORE, AFTER, BEFORE.replace(b"seen: 1", b"seen: 2"))
    assert carried is not None
    assert carried.content == AFTER.replace(b"seen: 1", b"seen: 2")
    assert carried.again(BEFORE.replace(b"seen: 1", b"seen: 2026-11-30T08:00:01.5+00:00")) == (
        AFTER.replace(b"seen: 1", b"seen: 2026-11-30T08:00:01.5+00:00")
    )


@pytest.mark.parametrize(
    "now",
    [
        BEFORE.replace(b"seen: 1", b"seen: 2").replace(b"small", b"mine"),
        BEFORE.replace(b"seen: 1", b"seen: [2]"),
        BEFORE.replace(b"seen: 1", b"seen: a: b"),
        BEFORE.replace(b"seen: 1", b"seen: -"),
        BEFORE.replace(b"seen: 1", b"seen: &a 1"),
        BEFORE.replace(b"seen: 1", b'seen: "a\\n"'),
        BEFORE.replace(b"seen: 1", b"seen: 2\nmore: 1"),
        BEFORE.replace(b"seen: 1", b"seen: 2")[:-1],
        b"\xef\xbb\xbf" + BEFORE,
        b"\xff",
        b"",
    ],
)
def test_whatever_else_differs_is_looked_at_whole(now: bytes) -> None:
    carried = carry_over(CONFIG, BEFORE, AFTER, BEFORE.replace(b"seen: 1", b"seen: 2"))
    assert carried is not None
    assert carried.again(now) is None


@pytest.mark.parametrize(
    "now",
    [
        BEFORE.replace(b"small", b"mine"),
        BEFORE.replace(b"  default: small  # cheap\n", b""),
        BEFORE.replace(b"model:\n  default: small  # cheap\n", b"model: mine\n"),
        b"- a list\n",
        b"a: [\n",
        AFTER,
    ],
)
def test_a_change_of_the_same_thing_asks_for_a_new_plan(now: bytes) -> None:
    assert carry_over(CONFIG, BEFORE, AFTER, now) is None


def test_two_changes_in_one_server_are_one_thing() -> None:
    after = BEFORE.replace(b"{url: a}", b"{url: a, enabled: false}")
    now = BEFORE.replace(b"{url: a}", b"{url: b}")
    assert carry_over(CONFIG, BEFORE, after, now) is None
    assert carry_over(CONFIG, BEFORE, after, now.replace(b"{url: b}", b"{url: a}\n  x: {}"))


def test_a_text_has_no_parts_to_tell_apart() -> None:
    assert carry_over(RelPath("SOUL.md"), b"a\n", b"b\n", b"a\nc\n") is None


def test_when_a_job_last_ran_is_no_edit_of_it() -> None:
    before = jobs(job("a"), job("b"))
    after = jobs(job("a", prompt="shout", next_run_at=None))
    ran = {"last_run_at": "t1", "next_run_at": "t2", "repeat": {"completed": 1}}
    carried = carry_over(JOBS, before, after, jobs(job("a", **ran), job("b", **ran), updated="t1"))
    assert carried is not None
    want = job("a", **{**ran, "prompt": "shout", "next_run_at": None})
    assert json.loads(carried.content) == {"jobs": [want], "updated_at": "t1"}
    again = carried.again(
        jobs(job("a", **{**ran, "last_run_at": "t3"}), job("b", **ran), updated="t3")
    )
    assert again is not None
    assert json.loads(again) == {"jobs": [{**want, "last_run_at": "t3"}], "updated_at": "t3"}


@pytest.mark.parametrize(
    "more", [{"enabled": False}, {"state": "paused"}, {"prompt": "mine"}, {"paused_reason": "x"}]
)
def test_a_job_that_was_paused_or_edited_meanwhile_is_planned_again(more: dict[str, Any]) -> None:
    before, after = jobs(job("a"), job("b")), jobs(job("a", prompt="shout"), job("b"))
    assert carry_over(JOBS, before, after, jobs(job("a", **more), job("b"))) is None
    assert carry_over(JOBS, before, after, jobs(job("a"), job("b", **more))) is not None
    gone = jobs(job("b"))
    assert carry_over(JOBS, before, gone, jobs(job("a", **more), job("b"))) is None


_WORDS = st.sampled_from(["a", "b", "c", "x-1", "2026-11-30", "1.5", "true", "null", "'q w'"])
_MAPS = st.dictionaries(st.sampled_from("abc"), _WORDS, min_size=1, max_size=3)
_DOCS = st.dictionaries(st.sampled_from("klmn"), _MAPS, min_size=1, max_size=4)


def _written(doc: dict[str, dict[str, str]]) -> bytes:
    return "".join(
        f"{key}:\n" + "".join(f"  {name}: {word}\n" for name, word in part.items())
        for key, part in doc.items()
    ).encode()


@given(_DOCS, _DOCS, _DOCS, _DOCS)
@settings(max_examples=examples(150), deadline=None)
def test_the_quick_way_says_what_the_whole_look_says(
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
    now: dict[str, dict[str, str]],
    then: dict[str, dict[str, str]],
) -> None:
    old, new = _written(before), _written({**before, **after})
    first, later = ({**before, **agents} for agents in (now, then))
    carried = carry_over(CONFIG, old, new, _written(first))
    if carried is None:
        return
    quick = carried.again(_written(later))
    if quick is not None:
        whole = carry_over(CONFIG, old, new, _written(later))
        changed = {key for key in later if later[key] != before.get(key)}
        expected = {**before, **after, **{key: later[key] for key in changed}}
        assert yaml.safe_load(quick) == yaml.safe_load(_written(expected))
        assert whole is None or whole.content == quick
