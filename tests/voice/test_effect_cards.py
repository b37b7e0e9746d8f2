"""Cards of what could run: what stays off may be shortened, what runs is shown whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest
from hermes_dist.ops.change.review import Origin
from hermes_dist.voice.effect_cards import Look, is_shortened, review_lines

LOOK = Look(datetime(2026, 12, 2, tzinfo=UTC))


def _server(name: str) -> Effect:
    key = f"mcp_servers.{name}"
    return Effect(
        EffectKind.RUNS, RelPath("config.yaml"), key, (("command", name),), Digest.of(name.encode())
    )


def _setting(key: str) -> Effect:
    return Effect(
        EffectKind.LOOSENS, RelPath("config.yaml"), key, (("value", "1"),), Digest.of(key.encode())
    )


def _said(effects: Sequence[Effect], parked: Sequence[Effect], most: int) -> list[str]:
    lines = review_lines(effects, parked, LOOK, most=most)
    return ["".join(piece.text for piece in each) for each in lines]


def test_each_kind_of_what_waits_is_shortened_on_its_own_and_counted() -> None:
    effects = [_setting("a"), *map(_server, "bcde"), _setting("f")]
    said = _said(effects, effects, 2)
    assert [each[:10].split()[0] for each in said] == ["loosens", "runs", "runs", "runs", "loosens"]
    assert said[3] == "  runs      … and 2 more; -v shows them"
    assert is_shortened(effects, 2)
    assert not is_shortened(effects, 4)
    assert len(_said(effects, effects, 4)) == len(effects)


def test_what_runs_from_now_on_is_shown_whole_beside_what_waits() -> None:
    effects = [*map(_server, "bcde")]
    said = _said(effects, effects[3:], 0)
    assert [each for each in said if "[allowed]" in each] == said[:3]
    assert said[3:] == ["  runs      … and 1 more; -v shows them"]


def test_of_a_section_of_settings_the_rest_is_counted_unless_one_of_them_is_allowed() -> None:
    effects = [_setting(f"odd.{letter}") for letter in "abcd"]
    assert _said(effects, effects, 3)[3:] == [f"  {'':10}… and 1 more in odd; -v shows them"]
    assert is_shortened(effects, 3)
    assert len(_said(effects, effects[1:], 3)) == len(effects)


def test_several_layers_are_layers() -> None:
    effects = [_server("web")]

    def told(*layers: str) -> list[str]:
        look = LOOK._replace(origin=lambda _group: Origin(layers, layers))
        lines = review_lines(effects, effects, look)
        said = ["".join(piece.text for piece in one).strip() for one in lines]
        return [one for one in said if "base" in one]

    assert told("base") == ["from the layer base", "what it loads is changed by base"]
    assert told("base", "search", "tools") == [
        "from the layers base, search and tools",
        "what it loads is changed by base, search and tools",
    ]
