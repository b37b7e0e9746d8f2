"""Layers are judged like any package: their addresses, their signatures, and what the user demands."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from gitrepo import Repo
from msgspec.structs import replace
from sshkeys import Key, make
from story import BOT, GO, Story, yes

from hermes_dist.decide.layers.wanted import source_of_layer
from hermes_dist.errors import DistError, Invalid, Refused
from hermes_dist.model.lock_head import Demand
from hermes_dist.ops.layers import own
from hermes_dist.ops.package import install as installing
from hermes_dist.ops.package.update import update
from hermes_dist.ops.trust import demands
from hermes_dist.ops.trust.judge_release import Accept


@pytest.mark.parametrize(
    "address",
    [
        "ssh://git@localhost/x",
        "git@localhost:x/y.git",
        "https://[::1]/x.git",
        "https://[::ffff:127.0.0.1]/x.git",
        "https://127.1/x.git",
        "https://0.0.0.0/x.git",
        "https://2130706433/x.git",
        "https://0x7f000001/x.git",
        "https://0177.0.0.1/x.git",
        "https://localhost./x.git",
        "https://you.localhost/x.git",
    ],
)
def test_no_spelling_of_this_machine_is_the_source_of_a_layer_from_elsewhere(address: str) -> None:
    with pytest.raises(Invalid, match="can't be a layer"):
        source_of_layer(address, local=False)


@pytest.mark.parametrize("address", ["git@github.com:you/x.git", "https://10.example.org/x.git"])
def test_other_machines_may_be(address: str) -> None:
    assert source_of_layer(address, local=False).location == address


def signed(repo: Repo, tag: str, key: Key | None, commit: str = "main") -> None:
    words = key.for_git if key else ()
    repo.git(*words, "tag", "-f", "-s" if key else "-a", "-m", tag, tag, commit)


class Signed(Story):
    """A package over a base of a repository of its own, both with signed tags."""

    def __init__(self, tmp: Path) -> None:
        super().__init__(tmp, {})
        self.ada, self.eve = make(tmp, "ada"), make(tmp, "eve")
        self.base = Repo(tmp / "base", bare=True)
        self.base.commit({"distribution.yaml": "name: base\nversion: 1.0.0\n", "SOUL.md": "One.\n"})
        signed(self.base, "v1.0.0", self.ada)
        self.repo.commit(
            {
                "distribution.yaml": f"name: bot\nversion: 1.0.0\nextends: file://{self.base.path}#^1\n"
            }
        )
        signed(self.repo, "v1.0.0", self.ada)
        self.url += "#^1"

    def base_moves(self, key: Key | None, version: str = "1.1.0") -> None:
        self.base.commit({"SOUL.md": f"{version}.\n"})
        signed(self.base, f"v{version}", key)

    def policy(self, text: str) -> None:
        file = self.ctx.layout.shared / "policy.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def story(tmp_path: Path) -> Signed:
    return Signed(tmp_path)


def test_the_key_of_a_layer_is_pinned_and_another_one_is_refused_until_it_is_accepted(
    story: Signed,
) -> None:
    story.install()
    assert story.lock.layers[0].signer == story.ada.fingerprint
    story.base_moves(story.eve)
    with pytest.raises(Refused, match="signed"):
        story.update()
    assert story.read("SOUL.md") == "One.\n"
    update(story.ctx, BOT, replace(GO, accept=Accept(new_key=True)), yes)
    assert story.lock.layers[0].signer == story.eve.fingerprint
    story.base_moves(None, "1.2.0")
    with pytest.raises(Refused, match="is unsigned, and the previous release was signed"):
        story.update()


def test_a_policy_that_wants_signatures_wants_them_of_layers(story: Signed) -> None:
    story.policy('require = ["signature"]\n')
    story.base_moves(None)
    with pytest.raises(Refused, match="requires a signature") as caught:
        story.install()
    assert "base" in str(caught.value)
    assert not story.home.exists()


def test_a_policy_of_sources_is_about_layers_too(story: Signed) -> None:
    story.policy(f'sources = ["file://{story.repo.path}"]\n')
    with pytest.raises(Refused, match="policy"):
        story.install()


def test_a_folder_beside_a_signed_package_is_signed_by_the_same_tag(story: Signed) -> None:
    story.repo.commit(
        {
            "agents/one/distribution.yaml": "name: bot\nversion: 1.0.0\nextends: //base\n",
            "base/distribution.yaml": "name: base\nversion: 1.0.0\n",
            "base/SOUL.md": "Beside.\n",
        }
    )
    signed(story.repo, "v1.1.0", story.ada)
    story.policy('require = ["signature"]\n')
    story.url = f"file://{story.repo.path}//agents/one#^1"
    story.install()
    assert story.read("SOUL.md") == "Beside.\n"
    assert story.lock.layers[0].signer == story.ada.fingerprint


def test_what_the_user_demands_of_a_profile_is_demanded_of_its_new_layers(story: Signed) -> None:
    story.install()
    demands.require(story.ctx, BOT, Demand.RELEASES, lambda _: True)
    pack = Repo(story.root.parent / "pack", bare=True)
    pack.commit({"distribution.yaml": "name: pack\nversion: 1.0.0\n", "skills/x/SKILL.md": "x\n"})
    signed(pack, "v1.0.0", None)
    asked = f"name: bot\nversion: 1.1.0\ndependencies: ['file://{pack.path}#^1']\n"
    story.repo.commit({"distribution.yaml": asked})
    signed(story.repo, "v1.1.0", story.ada)
    with pytest.raises(Refused, match="demands that releases are signed"):
        story.update()


def test_a_demand_outlives_a_layer_put_under_the_profile(story: Signed) -> None:
    story.install()
    demands.require(story.ctx, BOT, Demand.RELEASES, lambda _: True)
    pack = Repo(story.root.parent / "pack", bare=True)
    pack.commit({"distribution.yaml": "name: pack\nversion: 1.0.0\n", "skills/x/SKILL.md": "x\n"})
    own.add(story.ctx, BOT, f"file://{pack.path}", GO, yes)
    held = {one.name: (one.demands, one.signer) for one in story.lock.packages}
    assert held["bot-2"] == (Demand.RELEASES, story.ada.fingerprint)
    story.repo.commit({"SOUL.md": "Unsigned.\n"})
    signed(story.repo, "v1.2.0", None)
    with pytest.raises(Refused, match="demands that releases are signed"):
        story.update()
    asked: list[demands.Change] = []
    demands.require(story.ctx, BOT, Demand.NONE, lambda change: not asked.append(change))
    assert len(asked) == 1
    story.update()
    assert story.read("SOUL.md") == "Unsigned.\n"


def test_an_archive_that_somebody_sent_names_no_folder_of_this_machine(
    tmp_path: Path, home: Path
) -> None:
    place = tmp_path / "sent"
    place.mkdir()
    (place / "distribution.yaml").write_text(
        f"name: bot\nversion: 1.0.0\nextends: {tmp_path / 'private'}\n"
    )
    file = tmp_path / "bot.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(place, "bot")
    story = Story(tmp_path, {})
    with pytest.raises(DistError, match="can't be a layer"):
        installing.install(story.ctx, str(file), GO, yes, name="bot")


def test_a_path_in_a_manifest_begins_at_that_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, more in (("base", ""), ("agents/one", "extends: ../../base\n")):
        (tmp_path / "team" / name).mkdir(parents=True)
        (tmp_path / "team" / name / "distribution.yaml").write_text(
            f"name: {Path(name).name}\nversion: 1.0.0\n{more}"
        )
    (tmp_path / "team/base/SOUL.md").write_text("Shared.\n")
    story = Story(tmp_path, {})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for source in ("team//agents/one", "team/agents/one"):
        name = "one" if "//" in source else "two"
        installing.install(story.ctx, str(tmp_path / source), GO, yes, name=name)
        assert (story.root / "profiles" / name / "SOUL.md").read_text() == "Shared.\n"
