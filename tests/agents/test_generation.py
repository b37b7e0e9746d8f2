"""Which generation an agent belongs to, and that the tables agree with each other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import pairwise

import pytest

from hermes_dist.agents.generation import (
    GENERATIONS,
    NEWEST,
    RUN_STATE,
    SOULS,
    V0_19,
    V0_20,
    V0_21,
    V0_22,
    Generation,
    generation_of,
)
from hermes_dist.agents.jobs import IMPLIED, NEVER_RAN, PAUSED, RESUMED, SNAPSHOTS, UNBOUND


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("0.19.0", V0_19),
        ("0.18.3", V0_19),
        ("v0.19.2", V0_19),
        ("0.9", V0_19),
        ("0.20.0.post2", V0_20),
        ("0.20.6", V0_20),
        ("0.21", V0_20),
        ("0.21.0rc1", V0_20),
        ("0.21.1", V0_21),
        ("v0.21.3.post1", V0_21),
        ("0.21.4.post1", V0_22),
        ("0.21.10", V0_22),
        ("0.22.2.post1", V0_22),
        ("0.100.0", V0_22),
        ("1.0", V0_22),
        (None, NEWEST),
        ("", NEWEST),
        ("unknown", NEWEST),
    ],
)
def test_a_version_belongs_to_the_newest_generation_that_had_begun(
    version: str | None, wanted: Generation
) -> None:
    assert generation_of(version) is wanted


def _is_run_state(field: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(field, pattern) for pattern in patterns)


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda each: each.name)
def test_no_field_of_a_definition_is_run_state(generation: Generation) -> None:
    assert [field for field in generation.job_fields if _is_run_state(field, RUN_STATE)] == []
    assert all(
        _is_run_state(field, generation.run_state)
        for field in (*PAUSED, *RESUMED, *NEVER_RAN, *SNAPSHOTS, *UNBOUND)
    )


def test_newer_generations_know_what_older_ones_do() -> None:
    for older, newer in pairwise(GENERATIONS):
        assert older.since < newer.since
        assert older.config_version < newer.config_version
        assert older.job_fields <= newer.job_fields
        assert set(older.run_state) <= set(newer.run_state)
        assert older.reserved <= newer.reserved
        assert set(older.routes.weights) <= set(newer.routes.weights)
    assert {field.partition(".")[0] for field, _ in IMPLIED} <= GENERATIONS[-1].job_fields
    assert all(len(digest) == 64 for digest in SOULS)
