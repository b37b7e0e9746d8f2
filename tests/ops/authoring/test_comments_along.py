"""What the user wrote beside the settings is published and packed, and the preview says so."""

from __future__ import annotations

import tarfile
from pathlib import Path

from gitrepo import Repo
from machines import BOT, LIVE, Machine

from hermes_dist.ops.authoring import author
from hermes_dist.voice.notes import sentences


def test_comments_that_stand_apart_are_published_and_counted(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "srv" / "bot.git", bare=True)
    ada = Machine(tmp_path / "ada")
    ada.fill()
    ada.init()
    first = ada.publish(f"file://{repo.path}").publication
    assert "config.yaml: 1 comment of yours goes along" in sentences(first.notes)
    here = (
        "# head\n\n" + LIVE["config.yaml"].replace("max_tokens: 1", "max_tokens: 2") + "\n# foot\n"
    )
    ada.write("config.yaml", here)
    said = "config.yaml: 2 comments of yours go along"
    assert said in sentences(author.shipping(ada.ctx, BOT).notes)
    packed = author.pack(ada.ctx, BOT, tmp_path / "one.tar.gz")
    assert said in sentences(packed.notes)
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        names = [name for name in tar.getnames() if name.endswith("config.yaml")]
        file = tar.extractfile(names[0])
        assert file is not None
        assert file.read().decode() == here
    second = ada.publish(bump="patch").publication
    assert said in sentences(second.notes)
    assert repo.git("cat-file", "blob", "main:config.yaml") + "\n" == here
    third = ada.publish().publication
    assert not third.is_new
    assert [note for note in sentences(third.notes) if "along" in note] == []
    assert ada.read("config.yaml") == here
