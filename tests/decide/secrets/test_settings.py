"""Secrets in settings and jobs, wherever they stand."""

from __future__ import annotations

import json

import pytest

from hermes_dist.decide.secrets.settings import names_in
from hermes_dist.model.paths import RelPath

JOBS = RelPath("cron/jobs.json")
SECRETS = ("9f8e7d6c5b4a3f2e1d0c77", "a1b2c3d4e5f60718293a44")


@pytest.mark.parametrize("ids", [("a", "b"), ("a", "a"), ("0", 0), (None, None), ([], {})])
@pytest.mark.parametrize("mapped", [False, True])
def test_the_secrets_of_every_job_are_known_whatever_its_id_is(
    ids: tuple[object, object], mapped: bool
) -> None:
    rows = [{"id": one, "api_key": secret} for one, secret in zip(ids, SECRETS, strict=True)]
    jobs = dict(zip("xy", rows, strict=True)) if mapped else [3, *rows]
    found = names_in({JOBS: json.dumps({"jobs": jobs}).encode()}, {})
    assert sorted(found.of) == [*SECRETS]
