from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.code import Side
from hermes_dist.decide.consent.effects import find_effects, going_back
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.jobs import acting_fields
from hermes_dist.decide.consent.parking import park
from hermes_dist.decide.consent.switches import Judge, Memory, Unit, ready_and_waiting, units_in
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.lock_package import OffCause
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import EMPTY, Digest, Tree

JOB = {"id": "0123456789ab", "name": "watch", "prompt": "look", "schedule": "every 2h"}


def found(shelf: Shelf, ours: Tree, merged: Tree, shipped: Tree | None = None) -> dict[str, Effect]:
    judge = Judge(here=frozenset(unit for unit, _ in units_in(ours, shelf.read)))
    effects = find_effects(ours, merged, merged if shipped is None else shipped, shelf.read, judge)
    return {f"{e.path}: {e.key}" if e.key else str(e.path): e for e in effects}


def test_a_new_server_is_an_effect_for_each_guarded_key_and_off() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {
            "mcp.json": {
                "h": {
                    "command": "sh",
                    "args": ["-c", "id"],
                    "env": {"A": "1"},
                    "timeout": 5,
                    "cwd": "",
                }
            }
        }
    )
    effects = found(shelf, EMPTY, placed.tree)
    assert set(effects) == {
        f"config.yaml: mcp_servers.h.{key}" for key in ("command", "args", "env.A")
    }
    assert all(effect.off and effect.kind is EffectKind.RUNS for effect in effects.values())
    assert effects["config.yaml: mcp_servers.h.args"].what == '["-c", "id"]'


HIDDEN = "look\u202e here\n"


def test_hidden_characters_count_where_they_are_new_and_not_where_they_moved_or_stayed() -> None:
    shelf = Shelf()
    plain, hidden = shelf.tree({"SOUL.md": "look\n"}), shelf.tree({"SOUL.md": HIDDEN})
    moved = shelf.tree({"SOUL.md": f"# more\n\n{HIDDEN}"})
    other = shelf.tree({"SOUL.md": HIDDEN.replace("\u202e", "\u202d")})
    (new,) = found(shelf, plain, hidden).values()
    assert (new.kind, new.path, new.facts) == (
        EffectKind.HIDES,
        "SOUL.md",
        (("hidden", "line 1: U+202E"),),
    )
    assert found(shelf, hidden, moved) == {}
    assert [*found(shelf, hidden, other)] == [*found(shelf, EMPTY, hidden)] == ["SOUL.md"]
    assert found(shelf, hidden, plain) == {}


@pytest.mark.parametrize(
    ("path", "kind"),
    [("config.yaml", EffectKind.LOOSENS), ("cron/jobs.json", EffectKind.SCHEDULES)],
)
def test_a_document_that_can_not_be_read_counts_where_it_is_new(
    path: str, kind: EffectKind
) -> None:
    shelf = Shelf()
    broken, worse = shelf.tree({path: "a: [\n"}), shelf.tree({path: "a: [[\n"})
    (effect,) = found(shelf, EMPTY, broken).values()
    assert (effect.kind, effect.key, effect.facts[0][0]) == (kind, "", "unreadable")
    assert [*found(shelf, broken, worse)] == [path]
    assert found(shelf, broken, broken) == {}


def test_a_key_that_appears_twice_is_told_at_its_line_in_the_file_of_the_user() -> None:
    shelf = Shelf()
    twice = "a: 1\na: 2\n"
    mine = shelf.tree({"config.yaml": twice})
    longer = shelf.tree({"config.yaml": f"# one\n# two\n{twice}"})
    (effect,) = found(shelf, mine, longer).values()
    assert effect.facts == (("unreadable", "line 2, column 1: the key 'a' appears twice"),)
    (effect,) = found(shelf, EMPTY, longer).values()
    assert effect.facts == (("unreadable", "line 4, column 1: the key 'a' appears twice"),)


def test_jobs_that_can_not_be_read_are_told_by_line_job_and_field() -> None:
    shelf = Shelf()
    jobs = '{"jobs": [{"name": "daily",\n  "prompt": Good morning}]}'
    (effect,) = found(shelf, EMPTY, shelf.tree({"cron/jobs.json": jobs})).values()
    assert effect.facts == (
        (
            "unreadable",
            "line 2, column 13 (near the prompt of 'daily'): not valid JSON: a value is missing",
        ),
    )


@pytest.mark.parametrize(
    "jobs",
    [
        '{"a": {"prompt": "x", "schedule": "1h"}}',  # 0.22 reads a map by id, and runs it
        '[{"id": "a", "prompt": "x"}, {"id": "a", "prompt": "y"}]',
        '[{"prompt": "x"}]',
        '[{"id": 5, "prompt": "x"}]',
    ],
)
def test_jobs_that_can_not_be_told_apart_count_as_a_document_that_can_not_be_read(
    jobs: str,
) -> None:
    shelf = Shelf()
    odd = shelf.tree({"cron/jobs.json": f'{{"jobs": {jobs}}}'})
    (effect,) = (e for e in found(shelf, EMPTY, odd).values() if not e.key)
    assert (effect.kind, effect.facts[0][0]) == (EffectKind.SCHEDULES, "unreadable")
    assert found(shelf, odd, odd) == {}


@pytest.mark.parametrize("jobs", ['{"jobs": []}', '{"jobs": {}}', "{}", "[]", '{"jobs": [1]}'])
def test_a_file_without_jobs_does_nothing(jobs: str) -> None:
    shelf = Shelf()
    assert found(shelf, EMPTY, shelf.tree({"cron/jobs.json": jobs})) == {}


def test_a_server_that_its_author_ships_off_or_that_is_gone_is_no_effect() -> None:
    shelf = Shelf()
    off = shelf.tree({"config.yaml": "mcp_servers: {h: {command: x, enabled: false}}\n"})
    judge = Judge(by_author=frozenset(unit for unit, _ in units_in(off, shelf.read)))
    assert find_effects(EMPTY, off, off, shelf.read, judge) == ()
    runs = shelf.tree({"config.yaml": "mcp_servers: {h: {command: x}}\n"})
    gone = shelf.tree({"config.yaml": "mcp_servers: {}\n"})
    assert found(shelf, runs, gone, gone) == {}


def test_a_server_that_waits_is_told_whole_though_an_earlier_update_placed_it() -> None:
    shelf = Shelf()
    waits = shelf.tree({"config.yaml": "mcp_servers: {h: {command: x, enabled: false}}\n"})
    (effect,) = find_effects(waits, waits, waits, shelf.read, Judge())
    assert (effect.key, effect.off) == ("mcp_servers.h.command", True)


def test_a_change_of_an_approved_server_that_its_author_now_ships_off_is_an_effect() -> None:
    shelf = Shelf()
    ours, merged = (
        shelf.tree({"config.yaml": f"mcp_servers: {{h: {{command: {word}, enabled: false}}}}\n"})
        for word in ("x", "y")
    )
    units = frozenset(unit for unit, _ in units_in(ours, shelf.read))
    memory = Memory(granted=units, off=dict.fromkeys(units, OffCause.AUTHOR))
    judge = Judge(memory, by_author=units, here=units)
    (effect,) = find_effects(ours, merged, merged, shelf.read, judge)
    assert (effect.key, effect.off) == ("mcp_servers.h.command", False)
    assert find_effects(ours, ours, ours, shelf.read, judge) == ()


def test_a_users_own_idle_server_is_no_effect() -> None:
    shelf = Shelf()
    ours = shelf.tree({"config.yaml": "mcp_servers: {own: {command: x, enabled: false}}\n"})
    assert found(shelf, ours, ours, EMPTY) == {}


def test_a_changed_command_of_a_running_server_is_an_effect_that_is_not_off() -> None:
    shelf = Shelf()
    ours = shelf.tree({"config.yaml": "mcp_servers: {h: {command: npx, args: [p@1]}}\n"})
    merged = shelf.tree({"config.yaml": "mcp_servers: {h: {command: npx, args: [p@2]}}\n"})
    (effect,) = found(shelf, ours, merged).values()
    assert (effect.key, effect.off) == ("mcp_servers.h.args", False)


@pytest.mark.parametrize("value", ["''", "~", "[]", "{a: b}"])
def test_an_empty_value_that_switches_a_guard_off_is_an_effect(value: str) -> None:
    shelf = Shelf()
    merged = shelf.tree({"config.yaml": f"security: {{redact_secrets: {value}}}\n"})
    (effect,) = found(shelf, EMPTY, merged).values()
    assert effect.key.startswith("security.redact_secrets")
    assert effect.kind is EffectKind.LOOSENS


def test_a_service_url_in_a_list_of_providers_is_an_effect() -> None:
    shelf = Shelf()
    merged = shelf.tree(
        {
            "config.yaml": "custom_providers:\n- {name: a, base_url: 'https://x'}\n- {name: b, model: m}\n"
        }
    )
    (effect,) = found(shelf, EMPTY, merged).values()
    assert effect.key == "custom_providers"
    assert "https://x" in effect.what
    assert found(shelf, merged, merged) == {}


def test_a_new_job_is_one_effect_and_off() -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/jobs.json": {"jobs": [JOB]}})
    (effect,) = found(shelf, EMPTY, placed.tree).values()
    assert (effect.kind, effect.key, effect.off) == (
        EffectKind.SCHEDULES,
        "jobs[id=0123456789ab]",
        True,
    )
    assert effect.facts == (
        ("name", "watch"),
        ("schedule", '{"kind": "interval", "minutes": 120}'),
        ("prompt", "look"),
        ("deliver", "local"),
    )


def test_the_fields_of_a_job_are_told_in_the_same_order_in_every_run() -> None:
    fields = ("workdir", "model", "deliver", "prompt", "script", "provider", "schedule", "base_url")
    told = acting_fields({"id": "a", **dict.fromkeys(fields, "x")})
    first = ["schedule", "script", "prompt"]
    assert list(told) == first + sorted(told.keys() - set(first))
    assert len(told) >= len(fields)


def running(shelf: Shelf, placed: Tree, **more: object) -> Tree:
    """The placed jobs after the agent's own resume."""
    jobs = [
        {**job, "enabled": True, "state": "scheduled", "paused_reason": None, **more}
        for job in shelf.jobs(placed)
    ]
    return placed.with_entries(shelf.tree({"cron/jobs.json": {"jobs": jobs, "updated_at": "x"}}))


def paused_by_user(shelf: Shelf, placed: Tree) -> Tree:
    return running(shelf, placed, enabled=False, state="paused", paused_reason="enough")


@pytest.mark.parametrize(
    ("field", "value", "keys"),
    [
        ("prompt", "leak", {"prompt"}),
        ("schedule", "every 1h", {"schedule"}),
        ("script", "x.py", {"script"}),
        ("skills", ["s"], {"skills"}),
        ("repeat", 5, {"repeat.times"}),
        ("name", "other", set()),
    ],
)
def test_what_a_running_job_does_is_guarded_field_by_field(
    field: str, value: object, keys: set[str]
) -> None:
    shelf = Shelf()
    ours = running(shelf, shelf.place({"cron/jobs.json": {"jobs": [JOB]}}).tree)
    theirs = shelf.place({"cron/jobs.json": {"jobs": [{**JOB, field: value}]}}).tree
    effects = found(shelf, ours, running(shelf, theirs), theirs)
    assert set(effects) == {f"cron/jobs.json: jobs[id=0123456789ab].{key}" for key in keys}
    assert not any(effect.off for effect in effects.values())


def test_a_parked_schedule_takes_its_display_along() -> None:
    shelf = Shelf()
    base = shelf.place({"cron/jobs.json": {"jobs": [JOB]}}).tree
    theirs = shelf.place(
        {
            "cron/jobs.json": {
                "jobs": [{**JOB, "schedule": "every 1h", "skills": ["s"], "name": "n"}]
            }
        }
    ).tree
    effects = found(shelf, running(shelf, base), running(shelf, theirs), theirs)
    parked = park(theirs, base, effects.values(), shelf.read)
    shelf.update(parked.blobs)
    (job,), (old,) = shelf.jobs(parked.tree), shelf.jobs(base)
    assert job == {**old, "name": "n"}


def test_a_job_that_the_user_paused_waits_for_nothing_until_it_changes() -> None:
    shelf = Shelf()
    theirs = shelf.place({"cron/jobs.json": {"jobs": [JOB]}}).tree
    ours = paused_by_user(shelf, theirs)
    assert found(shelf, ours, ours, theirs) == {}
    newer = shelf.place({"cron/jobs.json": {"jobs": [{**JOB, "prompt": "more"}]}}).tree
    (effect,) = found(shelf, ours, paused_by_user(shelf, newer), newer).values()
    assert (effect.off, effect.key) == (False, "jobs[id=0123456789ab].prompt")


def test_a_job_that_can_not_start_or_is_done_waits_for_nothing() -> None:
    shelf = Shelf()
    soon = shelf.place({"cron/jobs.json": {"jobs": [{**JOB, "schedule": "30m"}]}}).tree
    assert found(shelf, EMPTY, soon) == {}
    once = shelf.place({"cron/jobs.json": {"jobs": [{**JOB, "schedule": "2027-01-01"}]}}).tree
    done = running(shelf, once, enabled=False, state="completed")
    assert found(shelf, done, done, once) == {}


def test_the_changed_script_of_a_running_job_is_an_effect() -> None:
    shelf = Shelf()
    job = {**JOB, "script": "w.sh"}
    before = shelf.place(
        {"cron/jobs.json": {"jobs": [job]}, "scripts/w.sh": "true", "tools/v.sh": "true"}
    ).tree
    after = shelf.place(
        {"cron/jobs.json": {"jobs": [job]}, "scripts/w.sh": "rm -rf ~", "tools/v.sh": "false"}
    ).tree
    effects = found(shelf, running(shelf, before), running(shelf, after), after)
    assert set(effects) == {"scripts/w.sh"}
    assert set(found(shelf, before, after)) == {"cron/jobs.json: jobs[id=0123456789ab]"}
    assert found(shelf, before, after) != found(shelf, EMPTY, before)


@pytest.mark.parametrize(
    "script",
    ["./w.sh", "a/../w.sh", "~/.hermes/profiles/x/scripts/w.sh", "/home/me/.hermes/scripts/w.sh"],
)
def test_a_script_is_the_same_file_however_the_job_spells_it(script: str) -> None:
    shelf = Shelf()
    before = shelf.place(
        {"cron/jobs.json": {"jobs": [{**JOB, "script": script}]}, "scripts/w.sh": "true"}
    ).tree
    after = shelf.place(
        {"cron/jobs.json": {"jobs": [{**JOB, "script": script}]}, "scripts/w.sh": "rm -rf ~"}
    ).tree
    assert set(found(shelf, running(shelf, before), running(shelf, after), after)) == {
        "scripts/w.sh"
    }
    assert [e.digest for e in found(shelf, EMPTY, before).values()] != [
        e.digest for e in found(shelf, EMPTY, after).values()
    ]


def test_what_a_running_script_names_is_an_effect_too() -> None:
    shelf = Shelf()
    jobs = {"jobs": [{**JOB, "script": "w/w.py"}]}
    files = {"cron/jobs.json": jobs, "scripts/w/w.py": "run('../x/v.sh')\n"}
    before = shelf.place({**files, "scripts/x/v.sh": "1", "scripts/y/u.py": "1"}).tree
    after = shelf.place({**files, "scripts/x/v.sh": "2", "scripts/y/u.py": "2"}).tree
    assert set(found(shelf, running(shelf, before), running(shelf, after), after)) == {
        "scripts/x/v.sh"
    }


@pytest.mark.parametrize(
    "config",
    [
        "mcp_servers: {a: {command: python, args: ['${HERMES_HOME}/skills/s/server.py']}}\n",
        "mcp_servers: {a: {command: python, args: [-m, server], cwd: skills/s}}\n",
        "hooks: {pre_tool_call: [{command: python ~/.hermes/skills/s/server.py --fast}]}\n",
        "quick_commands: {x: {type: exec, command: 'skills/s/server.py'}}\n",
    ],
)
def test_the_changed_file_that_a_live_command_names_is_an_effect(config: str) -> None:
    shelf = Shelf()
    files = {"config.yaml": config, "skills/s/server.py": "1", "skills/t/server2.py": "1"}
    before, after = (
        shelf.tree(files),
        shelf.tree({**files, "skills/s/server.py": "2", "skills/t/server2.py": "2"}),
    )
    (effect,) = found(shelf, before, after).values()
    assert (effect.path, effect.kind, effect.off) == ("skills/s/server.py", EffectKind.RUNS, False)


def test_the_changed_file_of_an_own_server_that_is_off_is_one_too() -> None:
    shelf = Shelf()
    files = {
        "config.yaml": "mcp_servers: {a: {command: python, args: [server.py], enabled: false}}\n"
    }
    before, after = (
        shelf.tree({**files, "scripts/server.py": "1"}),
        shelf.tree({**files, "scripts/server.py": "2"}),
    )
    assert set(found(shelf, before, after, EMPTY)) == {"scripts/server.py"}


def test_a_server_that_leaves_with_its_switch_is_no_effect() -> None:
    shelf = Shelf()
    before = shelf.tree(
        {
            "config.yaml": "mcp_servers: {a: {command: x, enabled: false}, b: {command: y, enabled: true}}\n"
        }
    )
    assert found(shelf, before, shelf.tree({"config.yaml": "mcp_servers: {}\n"})) == {}
    assert found(shelf, before, EMPTY) == {}


@pytest.mark.parametrize(
    "text",
    [
        "approvals: {mode: 'off'}\n",
        "{approvals: {mode: 'off'}}",
        "approvals:\n  mode: off\n",
        '{"approvals": {"mode": "off"}}',
    ],
)
def test_a_loosening_is_seen_in_every_spelling(text: str) -> None:
    shelf = Shelf()
    assert set(found(shelf, EMPTY, shelf.tree({"config.yaml": text}))) == {
        "config.yaml: approvals.mode"
    }


@pytest.mark.parametrize(
    "text",
    [
        "approvals: {mode: smart}\napprovals: {mode: 'off'}\n",
        "x: " + "[" * 40 + "]" * 40,
        "***\n",
        "a: !!python/x 1\n",
    ],
)
def test_a_config_that_can_not_be_checked_waits_as_a_whole(text: str) -> None:
    shelf = Shelf()
    (effect,) = found(shelf, EMPTY, shelf.tree({"config.yaml": text})).values()
    assert (effect.kind, effect.key) == (EffectKind.LOOSENS, "")


def test_values_that_json_does_not_know_are_effects_like_others() -> None:
    shelf = Shelf()
    tree = shelf.tree({"config.yaml": "hooks: {at: 2027-01-01, n: .nan}\n"})
    assert set(found(shelf, EMPTY, tree)) == {"config.yaml: hooks.at", "config.yaml: hooks.n"}


def test_a_yes_is_bound_to_content_and_not_to_the_order_of_keys() -> None:
    shelf = Shelf()
    one = shelf.tree({"config.yaml": "hooks: {a: [{x: 1, y: 2}]}\n"})
    two = shelf.tree({"config.yaml": "hooks: {a: [{y: 2, x: 1}]}\n"})
    other = shelf.tree({"config.yaml": "hooks: {a: [{y: 2, x: 2}]}\n"})
    digests = [next(iter(found(shelf, EMPTY, tree).values())).digest for tree in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_granted_job_is_switched_on_as_the_agent_resumes_it() -> None:
    shelf = Shelf()
    placed = shelf.place({"cron/jobs.json": {"jobs": [JOB, {**JOB, "id": "a" * 12}]}}).tree
    effects = found(shelf, EMPTY, placed)
    first = effects["cron/jobs.json: jobs[id=0123456789ab]"]
    live = switch_on(placed, ready(effects.values(), frozenset([first.digest])), shelf.read)
    shelf.update(live.blobs)
    on, off = shelf.jobs(live.tree)
    assert {
        k: on[k] for k in ("enabled", "state", "paused_at", "paused_reason", "next_run_at")
    } == {
        "enabled": True,
        "state": "scheduled",
        "paused_at": None,
        "paused_reason": None,
        "next_run_at": None,
    }
    assert off["enabled"] is False


def ready(effects: Iterable[Effect], digests: frozenset[Digest]) -> frozenset[Unit]:
    return ready_and_waiting(effects, grant(digests), Judge())[0]


def test_a_server_is_switched_on_when_each_of_its_parts_has_its_yes() -> None:
    shelf = Shelf()
    placed = shelf.place(
        {"config.yaml": "mcp_servers:\n  # why\n  h: {command: sh, args: [a]}\n"}
    ).tree
    effects = found(shelf, EMPTY, placed)
    digests = frozenset(effect.digest for effect in effects.values())
    some = frozenset([effects["config.yaml: mcp_servers.h.args"].digest])
    assert not ready(effects.values(), some)
    live = switch_on(placed, ready(effects.values(), digests), shelf.read)
    shelf.update(live.blobs)
    assert shelf.text(live.tree, "config.yaml").startswith("mcp_servers:\n  # why\n")
    assert load_data(shelf.bytes_of(live.tree, "config.yaml"), Kind.YAML) == {
        "mcp_servers": {"h": {"command": "sh", "args": ["a"], "enabled": True}}
    }


def test_hidden_characters_in_the_prompt_of_a_job_are_seen_through_their_escapes() -> None:
    shelf = Shelf()
    content = json.dumps({"jobs": [{**JOB, "prompt": "look \u202e koob"}]})
    assert "\\u202e" in content
    effects = found(shelf, EMPTY, shelf.place({"cron/jobs.json": content}).tree)
    assert effects["cron/jobs.json"].kind is EffectKind.HIDES


def test_a_schedule_as_text_is_shown_as_it_is() -> None:
    shelf = Shelf()
    (effect,) = found(shelf, EMPTY, shelf.tree({"cron/jobs.json": {"jobs": [JOB]}})).values()
    assert ("schedule", "every 2h") in effect.facts


def digests_of_job(job: dict[str, object], path: str) -> set[Digest]:
    """The digests that the job is approved by with two contents of a file."""
    shelf = Shelf()
    digests = set()
    for content in ("1", "2"):
        placed = shelf.place({"cron/jobs.json": {"jobs": [{**JOB, **job}]}, path: content})
        effects = found(shelf, EMPTY, placed.tree)
        digests.add(effects["cron/jobs.json: jobs[id=0123456789ab]"].digest)
    return digests


@pytest.mark.parametrize("skill", ["p:s", ":", "..:s", "a/../..:s", "\u202e:s"])
def test_a_skill_of_a_plugin_covers_the_plugin_and_an_impossible_name_covers_them_all(
    skill: str,
) -> None:
    assert len(digests_of_job({"skills": [skill]}, "plugins/p/run.py")) == 2


def test_the_folder_of_a_script_is_covered_though_the_script_is_not_shipped() -> None:
    assert len(digests_of_job({"script": "lib/mine.py"}, "scripts/lib/helper.py")) == 2
    assert len(digests_of_job({"script": "lib/mine.py"}, "scripts/other/helper.py")) == 1


@pytest.mark.parametrize("field", [{"skill": "s"}, {"skills": ["s"]}, {"skills": "s"}])
def test_a_running_job_guards_its_skill_in_whichever_field_it_is(field: dict[str, object]) -> None:
    shelf = Shelf()
    job = {"id": "0123456789ab", "name": "own", "schedule": {}, "enabled": True, **field}
    ours, merged = (
        shelf.tree(
            {
                "cron/jobs.json": {"jobs": [job]},
                "skills/s/SKILL.md": "---\nname: s\n---\n",
                "skills/s/run.py": code,
                "skills/t/run.py": code,
            }
        )
        for code in ("1", "2")
    )
    assert [*found(shelf, ours, merged)] == ["skills/s/run.py"]


def test_the_way_back_asks_what_the_update_to_the_earlier_code_would_ask() -> None:
    shelf = Shelf()
    config = "mcp_servers: {h: {command: python, args: [scripts/a.py]}}\n"
    ours, live = (
        shelf.tree({"config.yaml": config, "scripts/a.py": text, "hooks/x/run.py": text})
        for text in ("1", "2")
    )
    here, after = (Side(tree, shelf.read) for tree in (ours, live))
    back = going_back(after, here, here, Judge())
    assert sorted(back) == sorted(find_effects(live, ours, ours, shelf.read, Judge()))
    assert {str(effect.path) for effect in back} == {"scripts/a.py", "hooks/x"}
    assert going_back(here, here, here, Judge()) == ()
