"""Every way in which an author's value could reach somebody's environment: none is live, and harmless ones are offered."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import yaml
from env_matrix import DANGEROUS, HARMLESS
from story import BOT, GO, Story

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.environment.example import MARK
from hermes_dist.decide.ownership import ENV_EXAMPLES
from hermes_dist.decide.profiles.lifecycle import NEW_ENV
from hermes_dist.ops.authoring import capture as captures
from hermes_dist.ops.change import review
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.variables import gather
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.voice.notes import sentences

VALUES = {**dict.fromkeys(DANGEROUS, "1"), **HARMLESS}
FILE = "".join(f"{name}={dotenv.quote(value)}\n" for name, value in VALUES.items())
WANTS = yaml.safe_dump(
    {"name": "bot", "env_requires": [{"name": n, "default": v} for n, v in VALUES.items()]}
)


def installed(tmp_path: Path, files: dict[str, str]) -> tuple[Story, Proposal]:
    story = Story(tmp_path, files)
    outcome: Outcome = installing.install(story.ctx, story.url, GO, lambda _: True, name="bot")
    assert outcome.proposal is not None
    return story, outcome.proposal


def live(story: Story) -> dict[str, str]:
    assert dotenv.read((story.home / ".env").read_bytes()) == {}
    return dotenv.read((story.home / ".env.EXAMPLE").read_bytes())


def test_the_defaults_of_a_manifest(tmp_path: Path) -> None:
    story, proposal = installed(tmp_path, {"distribution.yaml": WANTS})
    assert live(story) == HARMLESS
    assert {
        w.var.name: default for w in proposal.wanted if (default := review.default_of(w.var))
    } == HARMLESS


@pytest.mark.parametrize("name", ENV_EXAMPLES)
def test_a_shipped_example_under_each_of_its_names(tmp_path: Path, name: str) -> None:
    story, proposal = installed(tmp_path, {"distribution.yaml": "name: bot\n", name: FILE})
    assert live(story) == HARMLESS
    note = next(note for note in sentences(proposal.notes) if "held back" in note)
    assert all(dangerous in note for dangerous in DANGEROUS)


@pytest.mark.parametrize(
    "name", [".env.EXAMPLE", ".ENV.example", ".env.Sample", ".env", ".env.local"]
)
def test_no_such_file_is_placed_because_its_author_owns_it(tmp_path: Path, name: str) -> None:
    story, _ = installed(
        tmp_path,
        {
            "distribution.yaml": f"name: bot\ndistribution_owned: [{name}, SOUL.md]\n",
            name: FILE,
            "SOUL.md": "Hi\n",
        },
    )
    for path in story.home.iterdir():
        if path.name.lower().startswith(".env"):
            assert dotenv.read(path.read_bytes()) == ({} if path.name == ".env" else HARMLESS)


def test_an_update_that_adds_defaults_or_an_example(tmp_path: Path) -> None:
    story, _ = installed(tmp_path, {"distribution.yaml": "name: bot\n"})
    story.ship({"distribution.yaml": WANTS})
    outcome = story.update()
    assert outcome.proposal is not None
    assert {w.var.name for w in outcome.proposal.wanted if review.default_of(w.var)} == set(
        HARMLESS
    )
    assert live(story) == HARMLESS
    story.ship({".env.example": FILE + "EVIL_URL=x\n"})
    outcome = story.update()
    assert outcome.proposal is not None
    assert any("EVIL_URL" in note for note in sentences(outcome.proposal.notes))
    assert live(story) == HARMLESS


def test_a_file_that_the_user_passes(tmp_path: Path) -> None:
    story = Story(tmp_path, {"distribution.yaml": "name: bot\n"})
    (tmp_path / "template").write_text(FILE)
    given = gather(story.ctx, [], str(tmp_path / "template"))
    assert HARMLESS.items() <= given.values.items()
    left = set(DANGEROUS) - given.values.keys()
    assert len(left) >= 150
    assert all(any(f" {name} is skipped" in warning for warning in given.warnings) for name in left)


def test_what_leaves_the_home_again_has_the_authors_own_bytes(tmp_path: Path) -> None:
    story, _ = installed(tmp_path, {"distribution.yaml": "name: bot\n", ".env.EXAMPLE": FILE})
    assert MARK in story.read(".env.EXAMPLE")
    found = captures.leaving(story.ctx, BOT, own=True)
    for tree in (found.tree, found.received):
        assert (
            found.read(next(e for p, e in tree.items() if str(p) == ".env.EXAMPLE").digest)
            == FILE.encode()
        )


def test_an_example_below_a_folder_is_its_authors_and_named(tmp_path: Path) -> None:
    deep = {
        "skills/x/.env.example": "TZ=UTC\nLD_PRELOAD=x.so\n",
        "templates/env.sample": "OPENAI_BASE_URL=http://x\n",
        "docs/examples.md": "A=1\n",
    }
    story, proposal = installed(tmp_path, {"distribution.yaml": "name: bot\n", **deep})
    assert story.read("skills/x/.env.example") == deep["skills/x/.env.example"]
    assert [note for note in sentences(proposal.notes) if "before you copy" in note] == [
        "skills/x/.env.example: check these lines before you copy them to .env: LD_PRELOAD",
        "templates/env.sample: check these lines before you copy them to .env: OPENAI_BASE_URL",
    ]


def test_an_archive_of_somebody_has_its_example_held_back_and_named(tmp_path: Path) -> None:
    archive = tmp_path / "bot.tar.gz"
    files = {
        "SOUL.md": "Hi\n",
        ".env.EXAMPLE": FILE,
        "skills/x/SKILL.md": "Hi\n",
        "skills/x/.env.example": "LD_PRELOAD=x.so\n",
    }
    write_tar(archive, {f"bot/{path}": text for path, text in files.items()})
    root = tmp_path / ".hermes"
    root.mkdir()
    ctx = Context(HERMES, Layout(HERMES, root, tmp_path), {})
    outcome = import_(ctx, archive, Request(), lambda _: True, passphrase=lambda _: "")
    home = ctx.layout.home(BOT)
    assert dotenv.read((home / ".env.EXAMPLE").read_bytes()) == HARMLESS
    assert outcome.proposal is not None
    notes = "\n".join(sentences(outcome.proposal.notes))
    assert ".env.EXAMPLE: held back" in notes
    assert (
        "skills/x/.env.example: check these lines before you copy them to .env: LD_PRELOAD" in notes
    )


@pytest.mark.parametrize("name", [".env.example", ".env.template", ".ENV.sample"])
def test_an_example_of_another_name_in_an_archive_stays_out(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "bot.tar.gz"
    write_tar(archive, {"bot/SOUL.md": "Hi\n", f"bot/{name}": FILE})
    root = tmp_path / ".hermes"
    root.mkdir()
    ctx = Context(HERMES, Layout(HERMES, root, tmp_path), {})
    import_(ctx, archive, Request(), lambda _: True, passphrase=lambda _: "")
    assert [
        path.name for path in ctx.layout.home(BOT).iterdir() if path.name.lower().startswith(".env")
    ] == [".env"]
    assert (ctx.layout.home(BOT) / ".env").read_text() == NEW_ENV


def write_tar(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
