"""An edit of what a layer brings goes to that layer's own repository, and nothing of others goes along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from gitrepo import GIT, Repo
from stacked import Stack, manifest
from story import BOT, GO, Story, yes

from hermes_dist.errors import Cancelled, DistError, Refused, UsageError
from hermes_dist.ops.authoring.contribute import Contributed, Gift, contribute
from hermes_dist.ops.layers import own
from hermes_dist.voice.notes import sentences


def send(
    story: Story, layer: str, *places: str, dry_run: bool = True, **more: object
) -> Contributed:
    gift = Gift(layer=layer, places=places, **more)  # type: ignore[arg-type]
    return contribute(story.ctx, BOT, gift, lambda _made: True, dry_run=dry_run)


def sent(story: Story, layer: str, *places: str) -> dict[str, str]:
    made = send(story, layer, *places).contribution
    return {
        str(path): made.read(entry.digest).decode() if entry else "(gone)"
        for path, entry in made.changes.items()
    }


@pytest.fixture
def story(tmp_path: Path) -> Stack:
    story = Stack(tmp_path, {"config.yaml": "display: {compact: true}\n"})
    story.install()
    story.edit("SOUL.md", "Be kind.", "Be kind and brief.")
    story.edit("config.yaml", "small", "large")
    story.edit("config.yaml", "max_turns: 20", "max_turns: 30")
    story.edit("skills/find/SKILL.md", "Find it.", "Find it twice.")
    story.write("skills/find/notes.md", "Mine.\n")
    return story


def test_each_layer_gets_its_own_edits_alone(story: Stack) -> None:
    assert sent(story, "base") == {
        "SOUL.md": "# Team\nBe kind and brief.\n",
        "config.yaml": "# team\nmodel: {default: large}\nagent: {max_turns: 10}\n",
    }
    assert sent(story, "tools") == {
        "config.yaml": "agent: {max_turns: 30}\n",
        "skills/find/SKILL.md": "---\nname: find\n---\nFind it twice.\n",
    }
    assert sent(story, "tools", "skills/find/notes.md") == {"skills/find/notes.md": "Mine.\n"}
    assert sent(story, "base", "model.default").keys() == {"config.yaml"}


def test_what_was_changed_of_layers_stays_out_of_the_package_and_each_is_named(
    story: Stack,
) -> None:
    story.edit("config.yaml", "compact: true", "compact: false")
    assert sent(story, "") == {"config.yaml": "display: {compact: false}\n"}
    notes = send(story, "").contribution.notes
    assert list(sentences(notes)) == [
        f"2 changes are of the layer {one}; send them to its author: hermes-dist contribute bot --layer {one}"
        for one in ("base", "tools")
    ]
    assert sent(story, "", "skills/find/notes.md") == {"skills/find/notes.md": "Mine.\n"}
    assert send(story, "", "display.compact").contribution.notes == ()


def test_a_patch_applies_in_the_clone_of_the_layers_author(story: Stack, tmp_path: Path) -> None:
    patch, clone = tmp_path / "x.patch", tmp_path / "clone"
    story.release(story.base, "2.0.0", {"AGENTS.md": "Later.\n"})
    done = send(story, "base", "SOUL.md:1", dry_run=False, out=patch)
    assert done.contribution.base == story.lock.layers[0].pin.commit
    subprocess.run([GIT, "clone", "-q", str(story.base.path), str(clone)], check=True)
    subprocess.run([GIT, "-C", str(clone), "am", "-q", str(patch)], check=True)
    assert (clone / "SOUL.md").read_text() == "# Team\nBe kind and brief.\n"


def test_a_no_sends_nothing_and_a_yes_a_branch(story: Stack, tmp_path: Path) -> None:
    fork = tmp_path / "fork"
    subprocess.run([GIT, "clone", "-q", "--bare", str(story.base.path), str(fork)], check=True)
    gift = Gift(layer="base", to=f"file://{fork}", branch="mine")
    with pytest.raises(Cancelled):
        contribute(story.ctx, BOT, gift, lambda _made: False)
    heads = [GIT, "-C", str(fork), "for-each-ref", "--format=%(refname:short)", "refs/heads"]
    before = subprocess.run(heads, check=True, capture_output=True, text=True).stdout
    assert "mine" not in before
    contribute(story.ctx, BOT, gift, lambda _made: True)
    after = subprocess.run(heads, check=True, capture_output=True, text=True).stdout
    assert "mine" in after.split()


@pytest.mark.parametrize(
    ("layer", "place", "says", "way"),
    [
        ("tools", "SOUL.md", "SOUL.md is of base, and not of tools", "SOUL.md --layer base"),
        ("base", "agent.max_turns", "is of tools, and not of base", "--layer tools"),
        ("base", "display.compact", "is of bot itself, and not of base", "compact'"),
        ("nope", "SOUL.md", "no layer of bot is called 'nope'", "its layers are base, tools"),
        (
            "",
            "SOUL.md",
            "SOUL.md is of base, and not of bot",
            "contribute bot SOUL.md --layer base",
        ),
        (
            "",
            "model.default",
            "is of base, and not of bot",
            "'config.yaml: model.default' --layer base",
        ),
        ("bot", "SOUL.md", "bot is the package itself and no layer", "leave --layer out"),
    ],
)
def test_a_place_of_another_is_refused_with_the_command_that_sends_it(
    story: Stack, layer: str, place: str, says: str, way: str
) -> None:
    story.edit("config.yaml", "compact: true", "compact: false")
    with pytest.raises(UsageError, match=says) as caught:
        send(story, layer, place)
    assert way in (caught.value.hint or "")


def test_a_secret_does_not_leave_with_a_layer(story: Stack) -> None:
    story.write(".env", "TOKEN=a-long-secret-of-mine-1234\n")
    story.edit("SOUL.md", "brief", "brief: a-long-secret-of-mine-1234")
    with pytest.raises(Refused, match=r"must not leave the machine: SOUL\.md:2"):
        send(story, "base")
    assert sent(story, "tools")


def test_an_answer_goes_back_into_its_placeholder(tmp_path: Path) -> None:
    asks = {"inputs": {"city": {"description": "Where?", "type": "string", "default": "Bielefeld"}}}
    story = Stack(tmp_path)
    Stack.release(
        story.tools,
        "1.1.0",
        {
            "distribution.yaml": manifest("tools", **asks),
            "skills/find/SKILL.md": "---\nname: find\n---\nFind ${input:city}.\n\n\nFast.\n",
        },
    )
    story.install()
    assert "Bielefeld" in story.read("skills/find/SKILL.md")
    story.edit("skills/find/SKILL.md", "Fast.", "Slowly.")
    assert sent(story, "tools") == {
        "skills/find/SKILL.md": "---\nname: find\n---\nFind ${input:city}.\n\n\nSlowly.\n"
    }


def test_a_layer_under_ones_own_profile_and_one_in_a_folder_of_the_same_repository(
    tmp_path: Path,
) -> None:
    story = Story(tmp_path, {})
    story.repo.commit(
        {"packs/a/distribution.yaml": manifest("a"), "packs/a/SOUL.md": "One.\nTwo.\n"}
    )
    story.home.mkdir(parents=True)
    with pytest.raises(DistError):
        send(story, "a")
    own.add(story.ctx, BOT, f"{story.url}//packs/a", GO, yes)
    story.edit("SOUL.md", "Two.", "Three.")
    with pytest.raises(DistError, match="installed from a folder") as caught:
        send(story, "")
    assert "hermes-dist contribute bot --layer NAME" in (caught.value.hint or "")
    made = send(story, "a").contribution
    assert (str(made.spec), list(made.changes)) == (f"{story.url}//packs/a", ["SOUL.md"])
    folder = Repo(tmp_path / "plain").path
    (folder / "distribution.yaml").write_text("name: plain\n")
    (folder / "skills/x").mkdir(parents=True)
    (folder / "skills/x/SKILL.md").write_text("---\nname: x\n---\nX.\n")
    own.add(story.ctx, BOT, str(folder), GO, yes)
    story.edit("skills/x/SKILL.md", "X.", "Y.")
    with pytest.raises(DistError, match="layer plain was installed from a folder"):
        send(story, "plain")
