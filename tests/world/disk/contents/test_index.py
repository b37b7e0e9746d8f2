"""The index of a box: each content is found by its whole name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_dist.model.tree import Digest
from hermes_dist.world.disk.contents.form import rows_of
from hermes_dist.world.disk.contents.index import Index, Place

_NAMES = [
    f"{begin}{'0' * 46}{end}"
    for begin in ("0" * 16, "a" * 16, "f" * 16)
    for end in ("00", "a0", "ff")
]
_DIGESTS = st.sampled_from([Digest(name) for name in _NAMES])


@given(
    st.dictionaries(_DIGESTS, st.tuples(st.integers(0, 99), st.integers(0, 99))),
    st.frozensets(_DIGESTS),
    st.integers(1, 40),
)
def test_each_content_is_found_and_no_other_one(
    parts: dict[Digest, tuple[int, int]], asked: frozenset[Digest], weight: int
) -> None:
    """However much is asked for, and although names begin alike."""
    index = Index("box", rows_of(parts))
    there = asked & parts.keys()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hermes_dist.world.disk.contents.index._ROWS_A_SEARCH", weight / 8)
        assert index.sizes(asked) == {digest: parts[digest][1] for digest in there}
        assert index.among(asked) & asked == there
        assert index.among(asked) <= parts.keys()
    for digest in asked:
        place = Place("box", digest, *parts[digest]) if digest in there else None
        assert index.find(digest) == place
