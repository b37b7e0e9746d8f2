"""Plans, their names and what a yes is bound to."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Effect, EffectKind, Plan, Step
from hermes_dist.model.tree import Digest, Entry, Tree

ONE, TWO = Entry(Digest.of(b"1")), Entry(Digest.of(b"2"))
SOUL, CONFIG = RelPath("SOUL.md"), RelPath("config.yaml")
RUNS = Effect(EffectKind.RUNS, CONFIG, "mcp_servers.a.command", (("", "npx a"),), ONE.digest)


def test_a_conflict_is_shown_as_one_word() -> None:
    assert Conflict(SOUL).place == "SOUL.md"
    assert Conflict(CONFIG, "model.default").place == "config.yaml: model.default"


def test_conflicts_and_effects_have_an_order() -> None:
    mixed = [Conflict(CONFIG, "b"), Conflict(CONFIG, "a"), Conflict(SOUL)]
    assert sorted(mixed) == [Conflict(SOUL), Conflict(CONFIG, "a"), Conflict(CONFIG, "b")]
    later = replace(RUNS, kind=EffectKind.WANTS)
    assert sorted([later, RUNS]) == [RUNS, later]


def test_the_id_of_an_effect_changes_with_its_kind_place_and_content() -> None:
    others = [
        replace(RUNS, kind=EffectKind.LOOSENS),
        replace(RUNS, key=""),
        replace(RUNS, path=SOUL),
        replace(RUNS, digest=TWO.digest),
    ]
    assert len({effect.id for effect in [RUNS, *others]}) == 5
    assert RUNS.place == "config.yaml: mcp_servers.a.command"
    assert replace(RUNS, facts=(("", "shown otherwise"),)).id == RUNS.id


PLANS = [
    Plan(),
    Plan(steps=(Step(SOUL, None, ONE),)),
    Plan(steps=(Step(SOUL, None, TWO),)),
    Plan(steps=(Step(SOUL, ONE, None),)),
    Plan(steps=(Step(SOUL, ONE, TWO),)),
    Plan(steps=(Step(SOUL, ONE, Entry(TWO.digest, executable=True)),)),
    Plan(steps=(Step(CONFIG, ONE, TWO),)),
    Plan(base=Tree({SOUL: ONE})),
    Plan(base=Tree({SOUL: TWO})),
    Plan(upstream={SOUL: ONE}),
    Plan(upstream={SOUL: None}),
    Plan(conflicts=(Conflict(SOUL),)),
    Plan(conflicts=(Conflict(SOUL, "a"),)),
    Plan(parked=(RUNS,)),
    Plan(parked=(replace(RUNS, digest=Digest.of(b"3")),)),
    Plan(parked=(replace(RUNS, key="other"),)),
]


def test_plans_that_do_other_things_have_other_digests() -> None:
    for one, other in itertools.combinations(PLANS, 2):
        assert one.digest != other.digest, (one, other)


def test_digests_that_share_their_beginning_are_told_apart() -> None:
    near = Digest(ONE.digest[:63] + ("0" if ONE.digest[63] != "0" else "1"))
    assert Plan(parked=(RUNS,)).digest != Plan(parked=(replace(RUNS, digest=near),)).digest


@pytest.mark.parametrize("plan", PLANS)
def test_a_digest_does_not_depend_on_what_is_only_told(plan: Plan) -> None:
    assert (
        replace(plan, notes=(Note.of(NoteKind.HALF_CHANGED),), blobs={ONE.digest: b"1"}).digest
        == plan.digest
    )


def test_the_order_of_what_upstream_ships_does_not_count() -> None:
    one = Plan(upstream={SOUL: ONE, CONFIG: TWO})
    assert one.digest == Plan(upstream={CONFIG: TWO, SOUL: ONE}).digest
