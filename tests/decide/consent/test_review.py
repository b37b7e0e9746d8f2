"""Effects put together as people judge them, and chosen by the words they type."""

from __future__ import annotations

import pytest

from hermes_dist.decide.consent.review import choose_effects, group_of, grouped
from hermes_dist.errors import Invalid
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
