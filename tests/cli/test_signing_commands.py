"""sign and trust as commands, and what install, update, info and verify say of signatures."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import forked
import pytest
from gitrepo import Repo
from sshkeys import Key, make
from story import FIRST

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start as run


class Shell:
    """Our command, run in process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> tuple[str, str]:
        self.capsys.readouterr()
        got = run(HERMES, list(words), prog="hermes-dist", profile=None)
        out, err = self.capsys.readouterr()
        assert got == code, (words, got, out, err)
        return out, err

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code)[0])


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return make(tmp_path, "release")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "bot.git", bare=True)
    repo.commit(FIRST)
    repo.tag("v1.0.0")
    return repo


def test_from_a_signed_tag_to_a_profile_that_expects_its_key(
    shell: Shell, key: Key, repo: Repo, tmp_path: Path
) -> None:
    out, err = shell("sign", str(repo.path), "--key", str(key.path))
    assert out == f"v1.0.0 is signed by {key.fingerprint} ({key.path}).\n"
    assert "git push origin refs/tags/v1.0.0" in err
    assert "was signed already" in shell("sign", str(repo.path), "--key", str(key.path))[0]
    assert shell.json("sign", str(repo.path), "--key", str(key.path))["changed"] is False
    out, err = shell(
        "install", f"file://{repo.path}@^1", "-y", "--name", "bot", "--require-signature"
    )
    assert f"  trust  signed by {key.fingerprint} (first use)\n" in err
    assert (
        shell("trust", "add", "Ada", str(key.pub))[0] == f"{key.fingerprint} is trusted as Ada.\n"
    )
    assert f"Signer:      {key.fingerprint} (Ada)\n" in shell("info", "bot")[0]
    assert f"  signer  {key.fingerprint} (Ada)\n" in shell("verify", "bot")[0]
    assert (
        shell.json("info", "bot")["signer"]
        == shell.json("verify", "bot")["signer"]
        == key.fingerprint
    )

    repo.commit({"SOUL.md": "Two."})
    repo.tag("v1.1.0", annotated=True)
    _, err = shell("update", "bot", "-y", code=4)
    assert "it is unsigned, and the previous release was signed by" in err
    assert "--accept-unsigned" in err
    _, err = shell("update", "bot", "-y", "--accept-unsigned")
    assert (
        f"  trust  unsigned (accepted; {key.fingerprint} (Ada) is expected again next time)\n"
        in err
    )
    repo.commit({"SOUL.md": "Three."})
    repo.tag("v1.2.0")
    eve = make(tmp_path, "eve")
    shell("sign", str(repo.path), "--key", str(eve.path), "--tag", "v1.2.0")
    error = shell.json("update", "bot", "-y", code=4)["error"]
    assert error["message"].startswith(
        f"the key changed: it is signed by {eve.fingerprint}, and the previous release by"
    )
    shell("update", "bot", "-y", "--accept-new-key")
    repo.tag("v1.2.0", "v1.0.0")
    assert "--accept-moved-tag" in shell("update", "bot", "-y", code=4)[1]


def test_the_keyring_in_words_and_as_data(shell: Shell, key: Key, repo: Repo, home: Path) -> None:
    assert (
        shell("trust", "list")[0]
        == "No key is known. Trust one with: hermes-dist trust add NAME KEY\n"
    )
    shell("trust", "add", "Ada", key.pub.read_text())
    out, _ = shell("trust", "list")
    assert out.splitlines()[1].split() == ["Ada", key.fingerprint, "trusted"]
    assert shell.json("trust", "list")["keys"][0]["state"] == "trusted"
    assert "is revoked" in shell("trust", "remove", "Ada", "--revoke", "--reason", "lost")[0]
    assert shell("trust", "list")[0].splitlines()[1].split() == [
        "Ada",
        key.fingerprint,
        "revoked",
        "lost",
    ]
    shell("trust", "add", "Ada", str(key.pub), code=1)
    shell("trust", "remove", key.fingerprint)
    shell("trust", "remove", key.fingerprint, code=1)
    shell("trust", "remove", "Ada", "--reason", "x", code=2)
    policy = home / ".hermes/distributions/policy.toml"
    policy.write_text('sources = ["github.com/acme/*"]\nrequire = ["signature"]\n')
    out, _ = shell("trust", "list")
    assert f"{policy}: allows github.com/acme/*; required: signature" in out
    assert shell.json("trust", "list")["policies"][0]["require"] == ["signature"]
    _, err = shell("install", f"file://{repo.path}", "-y", code=4)
    assert "the policy does not allow this source" in err
    assert str(policy) in err


def test_a_key_is_followed_by_another(shell: Shell, key: Key, tmp_path: Path) -> None:
    new = make(tmp_path, "new")
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "distribution.yaml").write_text("name: bot\n")
    out, _ = shell("sign", str(folder), "--rotate", str(new.pub), "--key", str(key.path))
    assert (
        out
        == f"{new.fingerprint} follows {key.fingerprint}, as stated in {folder}/distribution.keys.\n"
    )
    shell("sign", str(folder), "--rotate", str(new.pub), "--tag", "v1", code=2)


def test_what_a_profile_demands_is_shown_chosen_and_never_loosened_by_the_way(
    tmp_path: Path,
) -> None:
    source = Repo(tmp_path / "repo", bare=True)
    source.commit({"distribution.yaml": "name: bot\nversion: 1.0.0\n"})
    env = {**os.environ, "PATH": "/usr/bin:/bin"}

    def ours(*words: str) -> tuple[int, str, str]:
        done = forked.run(["hermes-dist", *words], env, tmp_path)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    assert ours("install", f"file://{source.path}", "-y")[0] == 0
    assert (
        ours("trust", "require", "bot")[1]
        == "bot demands no signature until a release is signed.\n"
    )
    # Stricter than before: no question.
    assert ours("trust", "require", "bot", "commits") == (
        0,
        "bot demands a signature on every update.\n",
        "",
    )
    code, _, said = ours("trust", "require", "bot", "none")
    assert (code, "whoever can write to the source" in said) == (6, True)
    assert "--accept-unsigned" in said
    assert '"demands": "commits"' in ours("status", "bot", "--json")[1]
    assert re.search(r"Demands: +a signature on every update", ours("status", "bot")[1])
    assert "a signature on every update" in ours("show", "bot")[1]
    source.commit({"SOUL.md": "New.\n"})
    code, _, said = ours("update", "bot", "-y")
    assert (code, "trust require bot releases" in said) == (4, True)
    assert ours("trust", "require", "bot", "none", "--accept-unsigned")[0] == 0
    assert ours("update", "bot", "-y")[0] == 0
    assert ours("trust", "require", "bot", "some")[0] == 2
    assert ours("trust", "require", "nobody", "none")[0] == 1


def test_no_byte_of_a_private_key_is_shown_wherever_it_was_typed(
    shell: Shell, key: Key, tmp_path: Path
) -> None:
    text = key.path.read_text()
    inner = [line for line in text.splitlines() if not line.startswith("-")]
    typed = [text, inner[0], "".join(inner), f"ssh-ed25519 {inner[0]}", str(key.path)]
    for words in [
        *(["trust", "add", "Ada", "--", each] for each in typed),
        *(["trust", "remove", "--", each] for each in typed[:3]),
        *(["trust", "remove", "--revoke", "--", each] for each in typed),
        ["trust", "add", "Ada", text],
        ["trust", "add", "--", text, "Ada"],
        ["sign", str(tmp_path), "--rotate", text],
        ["install", text],
        ["install", "--", text],
        ["update", "--", text],
        ["search", "--", text],
    ]:
        got = run(HERMES, words, prog="hermes-dist", profile=None)
        out, err = shell.capsys.readouterr()
        assert (got == 0) == (words[0] == "search"), (words[:3], err)
        for line in inner:
            assert line[:12] not in out + err, words[:3]
