"""A file of the package whose content its source no longer holds is no file that the author removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import BOT, FIRST, Story

from hermes_dist.ops.package.status import status

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
FILE = "skills/hello/table.csv"


def lacking(story: Story, how: str) -> None:
    """Upstream puts something without a content in the place of the file."""
    if how == "pointer":
        story.ship({FILE: POINTER})
        return
    story.ship({FILE: None})
    entry = {"link": f"120000 {story.repo.blob('/etc/hosts')}", "module": f"160000 {'1' * 40}"}[how]
    story.repo.git("read-tree", "main")
    story.repo.git("update-index", "--index-info", data=f"{entry}\t{FILE}\n".encode())
    tree = story.repo.git("write-tree")
    story.repo.commit_tree(tree, story.repo.git("rev-parse", "main"))


@pytest.mark.parametrize("how", ["pointer", "link", "module"])
@pytest.mark.parametrize("edited", [False, True])
def test_it_stays_as_it_is_until_its_content_is_there_again(
    tmp_path: Path, how: str, edited: bool
) -> None:
    lines = "".join(f"{n},x\n" for n in range(20))
    story = Story(tmp_path, {**FIRST, FILE: lines})
    story.install()
    if edited:
        story.edit(FILE, "17,x", "17,mine")
    before = story.read(FILE)
    lacking(story, how)
    done = story.update()
    assert done.proposal is not None
    assert FILE in {left.path for left in done.proposal.offer.left_out}
    assert story.read(FILE) == before
    assert story.lock.conflicts == ()
    assert [str(change.path) for change in status(story.ctx, BOT).edited] == [FILE] * edited
    files = story.files()
    story.update()
    assert story.files() == files
    story.repo.commit({FILE: lines.replace("3,x", "3,new")})
    story.update()
    assert story.read(FILE) == before.replace("3,x", "3,new")
