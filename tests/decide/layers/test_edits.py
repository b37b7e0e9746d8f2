"""Whose an edit is, and a layer with the edits in it: what `contribute --layer` sends."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.decide.layers.compose import compose
from hermes_dist.decide.layers.edits import Edit, edits, with_edits
from hermes_dist.decide.layers.stack import Layer, Rank
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together

SETTINGS = "# team\nagent:\n  max_turns: 10  # enough\n  tone: kind\nweb: {on: true}\n"
BASE = {"SOUL.md": "Be kind.\n", "config.yaml": SETTINGS}
TOOLS = {
    "config.yaml": "agent: {max_turns: 20}\n",
    "mcp.json": '{"mcpServers": {"web": {"command": "npx"}}}\n',
    "skills/find/SKILL.md": "Find it.\n",
}
OWN = {"config.yaml": "own: {a: 1}\n"}


class Shelf:
    """Layers with their contents, and a package that somebody edited."""

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.stack = (
            Layer(name="base", rank=Rank.BASE, tree=self.tree(BASE)),
            Layer(name="tools", rank=Rank.PACK, tree=self.tree(TOOLS)),
            Layer(name="bot", rank=Rank.OWN, tree=self.tree(OWN)),
        )
        made = compose(self.stack, self.blobs.__getitem__)
        self.blobs |= made.blobs
        self.received = made.tree

    @property
    def read(self) -> Read:
        return self.blobs.__getitem__

    def tree(self, files: Mapping[str, str]) -> Tree:
        entries = {}
        for path, text in files.items():
            digest = Digest.of(text.encode())
            self.blobs[digest] = text.encode()
            entries[RelPath(path)] = Entry(digest)
        return Tree(entries)

    def edited(self, files: Mapping[str, str | None]) -> Tree:
        new = self.tree({path: text for path, text in files.items() if text is not None})
        return self.received.with_entries({RelPath(path): new.get(RelPath(path)) for path in files})

    def settings(self) -> str:
        return self.read(self.received[RelPath("config.yaml")].digest).decode()

    def edits(self, now: Tree) -> dict[str, Edit]:
        return {one.place: one for one in edits(self.stack, self.received, now, self.read)}

    def sent(self, name: str, now: Tree) -> dict[str, str]:
        """The files of a layer that its own edits change."""
        tree = next(layer.tree for layer in self.stack if layer.name == name)
        mine = [one for one in self.edits(now).values() if one.near == name]
        made = with_edits(tree, now, mine, self.read)
        read = together(made.blobs, self.read)
        return {
            str(path): read(made.tree[path].digest).decode() if path in made.tree else "(gone)"
            for path in made.tree.differing(tree)
        }


def test_an_edit_is_of_the_layer_whose_value_counts_there() -> None:
    shelf = Shelf()
    text = shelf.settings().replace("20", "30").replace("kind", "dry").replace("a: 1", "a: 2")
    now = shelf.edited(
        {"config.yaml": text, "SOUL.md": "Be brief.\n", "skills/find/SKILL.md": None}
    )
    assert {place: one.owner for place, one in shelf.edits(now).items()} == {
        "SOUL.md": "base",
        "config.yaml: agent.max_turns": "tools",
        "config.yaml: agent.tone": "base",
        "config.yaml: own.a": "bot",
        "skills/find/SKILL.md": "tools",
    }
    kept = "agent:\n  max_turns: 10  # enough\n  tone: dry\n"
    assert shelf.sent("base", now) == {
        "SOUL.md": "Be brief.\n",
        "config.yaml": f"# team\n{kept}web: {{on: true}}\n",
    }
    assert shelf.sent("tools", now) == {
        "config.yaml": "agent: {max_turns: 30}\n",
        "skills/find/SKILL.md": "(gone)",
    }


def test_what_nobody_has_is_of_the_only_layer_around_it_or_of_nobody() -> None:
    shelf = Shelf()
    now = shelf.edited(
        {
            "config.yaml": shelf.settings() + "mine: 1\n",
            "mcp.json": '{"mcpServers": {"web": {"command": "npx", "args": ["x"]}}}\n',
            "skills/find/more.md": "More.\n",
            "skills/mine/SKILL.md": "Mine.\n",
        }
    )
    assert {place: (one.owner, one.near) for place, one in shelf.edits(now).items()} == {
        "config.yaml: mine": ("", ""),
        "mcp.json: mcpServers.web.args": ("", "tools"),
        "skills/find/more.md": ("", "tools"),
        "skills/mine/SKILL.md": ("", ""),
    }


def test_a_map_of_which_nothing_stays_goes_too_and_nothing_of_others_comes_along() -> None:
    shelf = Shelf()
    now = shelf.edited({"config.yaml": "own: {a: 1}\nagent: {mine: 1, tone: kind}\n"})
    assert shelf.sent("base", now) == {
        "config.yaml": "# team\nagent:\n  max_turns: 10  # enough\n  tone: kind\n"
    }
    assert "agent" not in shelf.sent("tools", now)["config.yaml"]


def test_a_document_that_a_layer_does_not_have_yet_is_made_for_what_the_user_names() -> None:
    shelf = Shelf()
    server = '{"mcpServers": {"web": {"command": "npx"}, "mine": {"command": "me"}}}\n'
    now = shelf.edited({"mcp.json": server})
    base = shelf.stack[0].tree
    made = with_edits(base, now, edits(shelf.stack, shelf.received, now, shelf.read), shelf.read)
    text = together(made.blobs, shelf.read)(made.tree[RelPath("mcp.json")].digest).decode()
    assert "mine" in text
    assert "npx" not in text
