"""Effects put together as people judge them, and chosen by the words they type."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hermes_dist.decide.consent.contents import CODE_OF, OWNER
from hermes_dist.decide.consent.review import (
    approved_facts,
    changed_facts,
    choose_effects,
    group_of,
    grouped,
    loads_of,
    schedules_in,
    unit_of,
)
from hermes_dist.errors import Invalid
from hermes_dist.model.facts import LOADS
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest

CONFIG, JOBS = RelPath("config.yaml"), RelPath("cron/jobs.json")


def effect(
    key: str, what: str, path: RelPath = CONFIG, kind: EffectKind = EffectKind.RUNS
) -> Effect:
    return Effect(kind, path, key, (("", what),), Digest.of(f"{path}{key}{what}".encode()))


ZOTERO = [
    effect("mcp_servers.zotero.command", "uvx"),
    effect("mcp_servers.zotero.args", '["zotero-mcp==0.3.1", "--dir", "my papers"]'),
    effect("mcp_servers.zotero.env.ZOTERO_API_KEY", "${ZOTERO_API_KEY}"),
    effect("mcp_servers.zotero.env.MODE", "read only"),
]
ARXIV = [
    effect("mcp_servers.arxiv.command", "uvx"),
    effect("mcp_servers.arxiv.args", '["arxiv-mcp-server==0.8.2"]'),
]
REMOTE = [
    effect("mcp_servers.web.url", "https://x.example/mcp"),
    effect("mcp_servers.web.headers.Authorization", "Bearer ${T}"),
]
JOB = Effect(
    EffectKind.SCHEDULES,
    JOBS,
    "jobs[id=5e1f0a7c93b2]",
    (
        ("name", "morning"),
        ("schedule", '{"kind": "cron", "expr": "30 7 * * *"}'),
        ("prompt", "Look around"),
    ),
    Digest.of(b"job"),
)
HOOK = effect("", "new hook greeter (2 files)", RelPath("hooks/greeter"))
MODE = effect("approvals.mode", "off", kind=EffectKind.LOOSENS)
ALL = (*ZOTERO, *ARXIV, *REMOTE, JOB, HOOK, MODE)


def line(*effects: Effect) -> str:
    (group,) = grouped(effects)
    return group.line


def test_a_server_is_one_line_with_its_exact_command_and_what_it_gets() -> None:
    assert (
        line(*ZOTERO)
        == "uvx zotero-mcp==0.3.1 --dir 'my papers', env MODE='read only' ZOTERO_API_KEY"
    )
    assert line(*REMOTE) == "https://x.example/mcp, headers Authorization='Bearer ${T}'"


def test_of_a_server_that_runs_only_what_changed_is_shown() -> None:
    assert line(ZOTERO[1]) == 'args ["zotero-mcp==0.3.1", "--dir", "my papers"]'
    assert line(ZOTERO[0]) == "uvx"


def test_arguments_that_are_no_list_are_shown_as_they_are() -> None:
    assert (
        line(effect("mcp_servers.x.command", "sh"), effect("mcp_servers.x.args", "-c evil"))
        == "sh, args -c evil"
    )


def test_every_effect_is_in_exactly_one_group() -> None:
    groups = grouped(ALL)
    assert [group.name for group in groups] == [
        "mcp_servers.zotero",
        "mcp_servers.arxiv",
        "mcp_servers.web",
        "jobs[id=5e1f0a7c93b2]",
        "hooks/greeter",
        "approvals.mode",
    ]
    assert sorted(e for group in groups for e in group.effects) == sorted(ALL)


def test_servers_of_the_same_name_in_two_files_are_two() -> None:
    other = effect("mcp_servers.zotero.command", "sh", RelPath("other.yaml"))
    assert len(grouped([*ZOTERO, other])) == 2


@pytest.mark.parametrize(
    ("word", "chosen"),
    [
        ("zotero", ZOTERO),
        ("mcp_servers.zotero", ZOTERO),
        ("config.yaml: mcp_servers.zotero", ZOTERO),
        ("mcp_servers.zotero.env", ZOTERO[2:]),
        ("mcp_servers", [*ZOTERO, *ARXIV, *REMOTE]),
        ("config.yaml", [*ZOTERO, *ARXIV, *REMOTE, MODE]),
        ("5e1f0a7c93b2", [JOB]),
        ("morning", [JOB]),
        ("jobs", [JOB]),
        ("hooks/greeter", [HOOK]),
        ("greeter", [HOOK]),
        ("hooks", [HOOK]),
        ("approvals.mode", [MODE]),
        (MODE.id, [MODE]),
        ("zot", []),
        ("m", []),
        ("", []),
        ("hooks/greet", []),
        ("mode", []),
    ],
)
def test_a_word_chooses_whole_names_and_never_a_part_of_one(
    word: str, chosen: list[Effect]
) -> None:
    assert list(choose_effects(ALL, word)) == chosen


def test_a_bare_name_of_several_things_is_no_choice() -> None:
    plugin = effect("", "new plugin zotero (1 file)", RelPath("plugins/zotero"))
    with pytest.raises(Invalid, match=r"mcp_servers\.zotero, plugins/zotero"):
        choose_effects([*ALL, plugin], "zotero")
    assert choose_effects([*ALL, plugin], "plugins/zotero") == (plugin,)


def test_a_key_that_can_not_be_read_stands_for_itself() -> None:
    odd = effect("a..b[", "x")
    assert [group.name for group in grouped([odd])] != []
    assert choose_effects([odd], "a..b[") == (odd,)


def test_what_belongs_together_is_counted_as_it_is_shown() -> None:
    assert len({group_of(one.path, one.key) for one in ALL}) == len(grouped(ALL)) == 6


MODELS = [
    effect("model.provider", "openrouter", kind=EffectKind.LOOSENS),
    effect("fallback_providers", '[{"provider": "nous"}]', kind=EffectKind.LOOSENS),
    effect("auxiliary.vision.provider", "openrouter", kind=EffectKind.LOOSENS),
    effect("web.use_gateway", "true", kind=EffectKind.LOOSENS),
]
WEB = effect("web.new", "1", kind=EffectKind.LOOSENS)


def test_where_prompts_go_is_one_line_in_whatever_sections_it_is_said() -> None:
    models, web = grouped([*MODELS, WEB])
    assert (models.name, len(models.effects), web.name) == ("model", 4, "web.new")
    assert models.rows == tuple((e.key, e.what) for e in MODELS)
    assert models.line.startswith("provider: openrouter; fallback_providers: [")
    assert choose_effects([*MODELS, WEB], "model") == tuple(MODELS)


def test_a_section_gives_every_key_and_value_of_its_own() -> None:
    parts = [
        effect("approvals.mode", "off", kind=EffectKind.LOOSENS),
        effect("approvals.deny", "(removed)", kind=EffectKind.LOOSENS),
    ]
    (group,) = grouped(parts)
    assert group.rows == (("approvals.mode", "off"), ("approvals.deny", "(removed)"))
    assert group.line == "mode: off; deny: (removed)"


def test_a_server_has_no_rows_since_its_line_is_the_command() -> None:
    assert [group.rows for group in grouped([*ZOTERO, JOB, HOOK, MODE])] == [(), (), (), ()]


def covered(owner: str, file: str = "scripts/lib.py") -> Effect:
    """A changed file that something running can load."""
    facts = (
        (CODE_OF, owner),
        ("before", "aaaaaaaaaaaa"),
        ("after", "bbbbbbbbbbbb executable"),
        (OWNER, f"config.yaml: {owner}"),
    )
    return Effect(EffectKind.RUNS, RelPath(file), "", facts, Digest.of(f"{owner}{file}".encode()))


def unit(path: str, *facts: tuple[str, str]) -> Effect:
    return Effect(EffectKind.RUNS, RelPath(path), "", facts, Digest.of(path.encode()))


def test_a_job_is_one_line_with_its_schedule_in_words_and_all_that_acts() -> None:
    (group,) = grouped([JOB])
    assert (group.label, group.kind) == ("morning", EffectKind.SCHEDULES)
    assert group.line == "schedule: at 07:30 every day (30 7 * * *); prompt: Look around"
    assert schedules_in(group) == ({"kind": "cron", "expr": "30 7 * * *"},)
    loads = replace(JOB, facts=(*JOB.facts, (LOADS, '[2, "scripts"]')))
    (other,) = grouped([loads])
    assert other.line == group.line  # how much it loads stands beside the line
    assert loads_of(other) == ((2, "scripts"),)


def test_only_jobs_have_schedules() -> None:
    (group,) = grouped([replace(MODE, facts=(("schedule", '"every 2h"'),))])
    assert schedules_in(group) == ()


def test_several_parts_of_a_job_are_told_one_after_the_other() -> None:
    parts = [
        Effect(
            EffectKind.SCHEDULES,
            JOBS,
            f"jobs[id=5e1f0a7c93b2].{field}",
            (("name", "morning"), (field, value)),
            Digest.of(field.encode()),
        )
        for field, value in (("prompt", "one"), ("script", "two.py"))
    ]
    (group,) = grouped(parts)
    assert (group.name, group.line) == ("jobs[id=5e1f0a7c93b2]", "prompt: one; script: two.py")


def test_a_changed_file_is_one_question_that_names_everything_that_loads_it() -> None:
    one, two = covered("mcp_servers.web"), covered("job watch")
    (group,) = grouped([one, two])
    assert group.name == "code of mcp_servers.web, job watch"
    assert group.line == "scripts/lib.py aaaaaaaaaaaa → bbbbbbbbbbbb executable"
    assert group.effects == (one, two)
    # Other files of the same owners are asked about with it.
    (both,) = grouped([one, covered("mcp_servers.web", "scripts/other.py")])
    assert both.line.count("→") == 2
    for word in ("job watch", "mcp_servers.web", "scripts/lib.py", "scripts", group.name):
        assert choose_effects([one, two], word), word
    assert choose_effects([one, two], "job watch") == (one, two)


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            (("change", "changed"), ("kind", "hook"), ("files", "1")),
            "changed hook greeter (1 file)",
        ),
        ((("change", "new"), ("kind", "hook"), ("files", "2")), "new hook greeter (2 files)"),
        ((("files", "3"),), "new folder greeter (3 files)"),
        ((("unreadable", "too deep"),), "can't be checked: too deep"),
        ((("", "what it is"),), "what it is"),
    ],
)
def test_a_folder_that_runs_is_told_by_its_change_its_kind_and_its_files(
    facts: tuple[tuple[str, str], ...], line: str
) -> None:
    (group,) = grouped([unit("hooks/greeter", *facts)])
    assert (group.name, group.line, group.label) == ("hooks/greeter", line, "")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("mcp_servers.web.command", "mcp_servers.web"),
        ("quick_commands.x.command", "quick_commands.x"),
        ("gateway.quick_commands.x.command", "gateway.quick_commands.x"),
        ("platforms.slack.extra.dm_policy", "platforms.slack"),
        ("gateway.platforms.slack.enabled", "gateway.platforms.slack"),
        ("gateway.strict", "gateway"),
        ("gateway", "gateway"),
        ("hooks.pre_tool", "hooks"),
        ("terminal.backend", "terminal"),
        ("custom_providers", "model"),
        ("fallback_model.provider", "model"),
        ("model_aliases.x", "model"),
        ("provider_routing.order", "model"),
        ("providers.mine.api", "model"),
        ("browser.cloud_provider", "model"),
        ("web.use_gateway", "model"),
        ("tts.provider", "model"),
        ("moa.presets.default.aggregator.provider", "model"),
    ],
)
def test_a_setting_is_reviewed_with_its_unit(key: str, name: str) -> None:
    assert group_of("config.yaml", key) == unit_of("config.yaml", key) == ("config.yaml", name)


def test_a_word_about_models_in_another_document_is_about_that_document() -> None:
    assert group_of("other.yaml", "web.use_gateway") == ("other.yaml", "web")
    assert group_of("hooks/x", "") == ("hooks/x", "")


def test_parts_of_a_command_are_told_after_their_key_inside_it() -> None:
    parts = [
        effect("quick_commands.x.command", "id", kind=EffectKind.LOOSENS),
        effect("quick_commands.x.type", "exec", kind=EffectKind.LOOSENS),
    ]
    (group,) = grouped(parts)
    assert group.line == "command: id; type: exec"
    other = [replace(part, path=RelPath("other.yaml")) for part in parts]
    (group,) = grouped(other)
    assert group.line == "command: id; type: exec"
    assert group.rows == ()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"command": "sh", "url": "https://x"}, "sh, url https://x"),
        ({"url": "https://x"}, "https://x"),
        ({"command": "my tool"}, "'my tool'"),
        ({"command": "sh", "args": '["a b", 7, true, null]'}, "sh 'a b' 7 true null"),
        ({"command": "sh", "args": '{"a": 1}'}, 'sh, args {"a": 1}'),
        ({"command": "sh", "env.A": "${A}", "env.B": "${A}"}, "sh, env A B='${A}'"),
        ({"command": "sh", "env.A": "x y"}, "sh, env A='x y'"),
        ({"command": "sh", "headers.H": "v", "timeout": "5"}, "sh, headers H=v, timeout 5"),
        ({"environment": "x"}, "environment x"),
    ],
)
def test_nothing_of_a_server_goes_unseen_in_its_line(values: dict[str, str], line: str) -> None:
    effects = [effect(f"mcp_servers.s.{key}", value) for key, value in values.items()]
    (group,) = grouped(effects)
    assert group.line == line


def approval(digest: Digest, *facts: tuple[str, str], key: str = MODE.key) -> Approval:
    return Approval("config.yaml", key, digest, "1.0", facts)


def test_a_change_is_shown_beside_what_was_approved_last_at_its_place() -> None:
    old, older, other = (Digest.of(word) for word in (b"old", b"older", b"other"))
    approved = [
        approval(older, ("", "older")),
        approval(old, ("", "old")),
        approval(other, ("", "elsewhere"), key="terminal.cwd"),
    ]
    assert approved_facts(approved, MODE) == (("", "old"),)
    assert approved_facts(approved[:1], MODE) == (("", "older"),)
    assert approved_facts([], MODE) == ()
    assert approved_facts(approved[2:], MODE) == ()
    # What is approved as it is has not changed, and a file shows its own change.
    assert approved_facts([*approved, approval(MODE.digest, ("", "off"))], MODE) == ()
    file = covered("mcp_servers.web")
    assert approved_facts([Approval(str(file.path), "", old, "1.0", (("", "x"),))], file) == ()


def test_facts_that_differ_are_told_with_both_values_in_the_order_of_the_new_ones() -> None:
    before, after = (("a", "1"), ("b", "2"), ("gone", "3")), (("new", "4"), ("b", "2"), ("a", "5"))
    assert changed_facts(before, after) == (
        ("new", "(none)", "4"),
        ("a", "1", "5"),
        ("gone", "3", "(none)"),
    )
    assert changed_facts((), after) == ()
    assert changed_facts(before, before) == ()
