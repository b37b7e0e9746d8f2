"""Signing a tag and letting a key follow another, for authors whose git is not set up for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gitrepo import Repo
from msgspec.structs import replace
from sshkeys import Key, make
from story import BOT, FIRST, GO, Story, yes

from hermes_dist.errors import DistError, Invalid
from hermes_dist.ops.authoring.sign import rotate, sign
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import install as installing
from hermes_dist.voice.notes import sentence
from hermes_dist.world.keys.signatures import tag_signature


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return make(tmp_path, "release")


def tag_of(repo: Repo, name: str) -> tuple[bytes, str]:
    raw = repo.git("cat-file", "tag", f"refs/tags/{name}").encode() + b"\n"
    return raw, repo.git("rev-parse", f"refs/tags/{name}^{{commit}}")


def verified_by_git(repo: Repo, name: str, key: Key, tmp: Path) -> None:
    (tmp / "signers").write_text(f"ada@example.org {key.pub.read_text()}")
    repo.git(
        "-c",
        "gpg.format=ssh",
        "-c",
        f"gpg.ssh.allowedSignersFile={tmp / 'signers'}",
        "verify-tag",
        name,
    )
    repo.git("fsck", "--strict")


@pytest.mark.needs("ssh-keygen")
def test_a_lightweight_tag_becomes_a_signed_one_that_git_verifies(
    story: Story, key: Key, tmp_path: Path
) -> None:
    story.repo.tag("v1.0.0")
    done = sign(story.ctx, story.repo.path, key=str(key.path))
    assert (done.tag, done.fingerprint, done.changed) == ("v1.0.0", key.fingerprint, True)
    verified_by_git(story.repo, "v1.0.0", key, tmp_path)
    raw, commit = tag_of(story.repo, "v1.0.0")
    found = tag_signature(raw, commit, "v1.0.0")
    assert found is not None
    assert found.signer == key.fingerprint
    outcome = installing.install(story.ctx, f"{story.url}#v1.0.0", GO, yes, name=BOT)
    assert outcome.proposal is not None
    assert outcome.proposal.offer.trust is not None
    assert sentence(outcome.proposal.offer.trust) == f"signed by {key.fingerprint} (first use)"


@pytest.mark.needs("ssh-keygen")
def test_the_message_of_an_annotated_tag_stays_and_a_second_time_changes_nothing(
    story: Story, key: Key, tmp_path: Path
) -> None:
    story.repo.git("tag", "-a", "-m", "The first.\n\nWith -----BEGIN words-----.", "v1.0.0", "main")
    before, _ = tag_of(story.repo, "v1.0.0")
    done = sign(story.ctx, story.repo.path, tag="v1.0.0", key=str(key.pub))
    after, _ = tag_of(story.repo, "v1.0.0")
    assert after.startswith(before)
    verified_by_git(story.repo, "v1.0.0", key, tmp_path)
    again = sign(story.ctx, story.repo.path, tag="v1.0.0", key=str(key.path))
    assert again == replace(done, changed=False)
    other = make(tmp_path, "other", "ecdsa256")
    assert sign(story.ctx, story.repo.path, tag="v1.0.0", key=str(other.path)).changed
    assert tag_of(story.repo, "v1.0.0")[0].startswith(before)
    verified_by_git(story.repo, "v1.0.0", other, tmp_path)


def test_the_tag_is_the_newest_version_here_and_the_key_that_of_git_or_the_usual_one(
    story: Story, key: Key, home: Path, tmp_path: Path
) -> None:
    repo = story.repo
    for tag in ("v1.9.0", "v1.10.0", "nightly"):
        repo.tag(tag)
    with pytest.raises(DistError, match="no key to sign with") as caught:
        sign(story.ctx, repo.path)
    assert "ssh-keygen -t ed25519" in caught.value.hint
    (tmp_path / ".ssh").mkdir()
    usual = make(tmp_path / ".ssh", "id_ed25519")
    done = sign(story.ctx, repo.path)
    assert (done.tag, done.fingerprint) == ("v1.10.0", usual.fingerprint)
    repo.git("config", "user.signingkey", str(key.pub))
    assert sign(story.ctx, repo.path).fingerprint == key.fingerprint
    repo.git("config", "user.signingkey", "ABCDEF0123456789")
    assert sign(story.ctx, repo.path).fingerprint == usual.fingerprint


def test_without_a_tag_nothing_is_signed(story: Story, key: Key, tmp_path: Path) -> None:
    with pytest.raises(DistError, match="no version tag names the commit") as caught:
        sign(story.ctx, story.repo.path, key=str(key.path))
    assert "git tag v1.0.0" in caught.value.hint
    story.repo.tag("one")
    story.repo.tag("two")
    with pytest.raises(DistError, match="it has one, two"):
        sign(story.ctx, story.repo.path, key=str(key.path))
    with pytest.raises(DistError):
        sign(story.ctx, story.repo.path, tag="-d", key=str(key.path))
    with pytest.raises(DistError):
        sign(story.ctx, story.repo.path, tag="v9", key=str(key.path))
    with pytest.raises(DistError, match="git says: not a git repository"):
        sign(story.ctx, tmp_path, key=str(key.path))
    assert story.repo.git("tag", "-l").split() == ["one", "two"]


def test_no_hook_of_the_repository_runs(story: Story, key: Key, tmp_path: Path) -> None:
    story.repo.tag("v1.0.0")
    for name in ("reference-transaction", "update", "post-index-change"):
        hook = story.repo.gitdir / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    assert sign(story.ctx, story.repo.path, key=str(key.path)).changed
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A real ssh agent that holds nothing yet."""
    socket = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert process.poll() is None
        yield {**os.environ, "SSH_AUTH_SOCK": str(socket)}
    finally:
        process.terminate()
        process.wait()


@pytest.mark.needs("ssh-keygen")
def test_a_locked_key_signs_by_the_ssh_agent_and_never_asks(
    story: Story, tmp_path: Path, agent: dict[str, str]
) -> None:
    locked = make(tmp_path, "locked", passphrase="many words")
    story.repo.tag("v1.0.0")
    ctx = Context(story.ctx.brand, story.ctx.layout, agent)
    with pytest.raises(Invalid, match="locked with a passphrase") as caught:
        sign(ctx, story.repo.path, key=str(locked.path))
    assert f"ssh-add {locked.path}" in caught.value.hint
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho many words\n")
    ask.chmod(0o755)
    add = {**agent, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    subprocess.run(
        ["ssh-add", "-q", str(locked.path)], env=add, check=True, stdin=subprocess.DEVNULL
    )
    assert sign(ctx, story.repo.path, key=str(locked.path)).fingerprint == locked.fingerprint
    verified_by_git(story.repo, "v1.0.0", locked, tmp_path)


def test_rotations_are_added_once_and_the_rest_of_the_file_stays(
    story: Story, key: Key, tmp_path: Path
) -> None:
    new, newer = make(tmp_path, "new"), make(tmp_path, "newer", "ecdsa256")
    folder = tmp_path / "package"
    folder.mkdir()
    with pytest.raises(DistError, match=r"no distribution\.yaml"):
        rotate(story.ctx, folder, new.pub, key=str(key.path))
    (folder / "distribution.yaml").write_text(FIRST["distribution.yaml"])
    for _ in range(2):
        done = rotate(story.ctx, folder, new.pub, key=str(key.path))
        assert done.file.read_text().count("[[succession]]") == 1
    rotate(story.ctx, folder, newer.pub, key=str(new.path))
    assert done.file.read_text().count("[[succession]]") == 2
    assert done.file.stat().st_mode & 0o777 == 0o644
    with pytest.raises(Invalid, match="the new key is the old one"):
        rotate(story.ctx, folder, key.pub, key=str(key.path))
    with pytest.raises(DistError, match="can't be read"):
        rotate(story.ctx, folder, tmp_path / "nothing.pub", key=str(key.path))
    with pytest.raises(DistError, match="can't be read"):
        rotate(story.ctx, folder, new.pub, key=str(tmp_path / "nothing"))
