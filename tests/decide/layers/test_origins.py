"""Which layer is behind what could run, and what it costs to tell with many layers."""

from __future__ import annotations

from collections import Counter

from hermes_dist.decide.consent.review import grouped
from hermes_dist.decide.layers.origins import Brought, Origins
from hermes_dist.decide.layers.stack import Layer, Rank
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest, Entry, Tree

CONFIG = RelPath("config.yaml")


def test_each_document_of_many_layers_is_read_once_for_all_that_could_run() -> None:
    texts = {
        f"pack{n}": f"mcp_servers:\n  s{n}: {{command: npx, args: [x]}}\n".encode()
        for n in range(20)
    }
    blobs = {Digest.of(text): text for text in texts.values()}
    trees = {name: Tree({CONFIG: Entry(Digest.of(text))}) for name, text in texts.items()}
    stack = [
        Brought(Layer(name=name, rank=Rank.PACK, tree=tree), tree) for name, tree in trees.items()
    ]
    effects = [
        Effect(EffectKind.RUNS, CONFIG, f"mcp_servers.s{n}.{key}", (), Digest.of(b"x"))
        for n in range(20)
        for key in ("command", "args")
    ]
    count: Counter[Digest] = Counter()

    def read(digest: Digest) -> bytes:
        count[digest] += 1
        return blobs[digest]

    origins = Origins(stack, read)
    behind = [origins.of(group).layers for group in grouped(effects)]
    assert behind == [(name,) for name in texts]
    assert set(count.values()) == {1}
