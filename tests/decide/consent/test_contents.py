"""What an answer is tied to: the content at its place, not the file around it."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.contents import image_at
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import image_of

CONFIG = RelPath("config.yaml")
JOBS = RelPath("cron/jobs.json")
SKILL = RelPath("skills/a/SKILL.md")


def image(path: RelPath, key: str, text: str) -> str:
    shelf = Shelf()
    return image_at(path, key, shelf.tree({str(path): text}), shelf.read)


@pytest.mark.parametrize(
    ("path", "key", "text", "elsewhere", "there"),
    [
        (CONFIG, "a.b", "a: {b: 1}\nc: 2\n", "# Mine.\nc: 3\na:\n  b: 1\n", "a: {b: 2}\nc: 2\n"),
        (CONFIG, "a.b", "c: 2\n", "c: 3\n", "a: {b: null}\n"),
        (CONFIG, "l[name=x].v", "l: [{name: x, v: 1}]", "l: [{name: y}, {name: x, v: 1}]", "l: []"),
        (
            JOBS,
            "jobs[id=ab12].prompt",
            '{"jobs": [{"id": "ab12", "prompt": "a"}]}',
            '{"jobs": [{"id": "ab12", "prompt": "a", "last_run_at": 5}], "updated_at": 1}',
            '{"jobs": [{"id": "ab12", "prompt": "b"}]}',
        ),
        (
            SKILL,
            "name",
            "---\nname: a\n---\nx\n",
            "---\nname: a\n---\ny\n",
            "---\nname: b\n---\nx\n",
        ),
        (
            SKILL,
            "[part=body]",
            "---\nname: a\n---\nx\n",
            "---\nname: b\n---\nx\n",
            "---\nname: a\n---\ny\n",
        ),
    ],
)
def test_an_edit_elsewhere_changes_nothing_and_one_at_the_place_does(
    path: RelPath, key: str, text: str, elsewhere: str, there: str
) -> None:
    assert image(path, key, text) == image(path, key, elsewhere) != image(path, key, there)


@pytest.mark.parametrize(("key", "text"), [("", "a: 1\n"), ("a", "a: [\n")])
def test_a_text_or_a_file_that_nobody_can_read_counts_whole(key: str, text: str) -> None:
    shelf = Shelf()
    tree = shelf.tree({"config.yaml": text})
    assert image_at(CONFIG, key, tree, shelf.read) == image_of(tree[CONFIG])
    assert image_at(CONFIG, key, shelf.tree({}), shelf.read) == "-"
