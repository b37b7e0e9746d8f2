from __future__ import annotations

from shelf import Shelf

from hermes_dist.decide.leaving.comments import comments_along
from hermes_dist.voice.notes import sentences


def test_each_file_that_was_received_says_how_many_comments_are_the_users() -> None:
    shelf = Shelf()
    received = shelf.tree(
        {
            "config.yaml": "# author\na: 1\n",
            "cron/a.yaml": "prompt: p\n",
            "skills/x/data.yaml": "# x\nx: 1\n",
            "broken.yaml": "a: [\n",
            "distribution.yaml": "name: bot\n",
            "SOUL.md": "soul\n",
        }
    )
    tree = shelf.tree(
        {
            "config.yaml": "# author\na: 2 # mine\n\n# mine, too\n",
            "cron/a.yaml": "prompt: p # mine\n",
            "skills/x/data.yaml": "# x\nx: 2\n",
            "broken.yaml": "a: [ # mine\n",
            "distribution.yaml": "name: bot # mine\n",
            "SOUL.md": "# mine\n",
            "skills/own/data.yaml": "# all of it is mine\nx: 1\n",
        }
    )
    assert sentences(comments_along(tree, received, shelf.read)) == (
        "config.yaml: 2 comments of yours go along",
        "cron/a.yaml: 1 comment of yours goes along",
    )
