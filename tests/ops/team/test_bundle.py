"""A bundle brings a team to a machine without a network, the same as online; it is checked, and holds no secret."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import forked
import pytest
from fleet import PROGRAM
from gitrepo import Repo
from teams import SERVER, apply, ends, failed, machine, package

from hermes_dist.errors import DistError, Invalid, Refused
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.team import apply as ops
from hermes_dist.ops.team import bundle as bundles
from hermes_dist.ops.team.apply import Planned
from hermes_dist.ops.team.snapshot import snapshot
from hermes_dist.world.bundled import record
from hermes_dist.world.bundled.file import opened_bundle


def made(ctx: Context, file: Path, path: Path) -> bundles.Made:
    return bundles.make(ctx, ops.read_team(file), file.parent, path)


def supplied(ctx: Context, file: Path, bundle: Path) -> Planned:
    with bundles.supplied(ctx, bundle, file.resolve().parent) as there:
        return apply(there, file)


class Sources:
    """Repositories with layers of layers, a signed-like tag, a folder and a name; all can be taken away."""

    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp
        tmp.mkdir(exist_ok=True)
        self.base, self.bots = (Repo(tmp / name, bare=True) for name in ("base", "bots"))
        for version in ("1.0.0", "1.1.0"):
            self.base.commit(
                {
                    "distribution.yaml": f"name: base\nversion: {version}\n",
                    "config.yaml": f"model: {{default: m{version}}}\n",
                }
            )
            self.base.tag(f"v{version}")
        self.bots.commit(
            {
                "one/distribution.yaml": f"name: one\nversion: 1.0.0\nextends: file://{self.base.path}#^1\n",
                "one/SOUL.md": "One.\n",
                "one/mcp.json": SERVER,
            }
        )
        package(tmp / "here" / "local", "local")
        self.file = tmp / "here" / "team.toml"
        self.file.write_text(
            f'format = 1\n[[profiles]]\nname = "one"\nsource = "file://{self.bots.path}//one"\n'
            f'[[profiles]]\nname = "local"\nsource = "./local"\n'
            f'layers = [{{ source = "file://{self.base.path}#^1" }}]\n'
        )

    def gone(self) -> None:
        """Nothing is where it was; only the file of the team is taken along, to another folder."""
        (self.tmp / "there").mkdir()
        self.file = Path(shutil.copy(self.file, self.tmp / "there"))
        for path in (self.base.path, self.bots.path):
            Path(path).rename(f"{path}-away")
        (self.tmp / "here").rename(self.tmp / "here-away")


def state(ctx: Context) -> dict[str, dict[str, str]]:
    return {
        name: {
            path: (ctx.layout.home(ProfileName(name)) / path).read_text()
            for path in ("SOUL.md", "config.yaml")
        }
        for name in ("one", "local")
    }


@pytest.mark.parametrize("git", [True, False], ids=["git", "no git"])
def test_a_machine_without_a_network_becomes_the_same(tmp_path: Path, *, git: bool) -> None:
    sources = Sources(tmp_path / "s")
    online = machine(tmp_path / "online")
    assert failed(apply(online, sources.file)) == []
    bundle = tmp_path / "team.bundle"
    result = made(machine(tmp_path / "maker"), sources.file, bundle)
    assert result.size == bundle.stat().st_size
    assert len(result.repositories) == 2
    assert len(result.folders) == 1
    sources.gone()

    # The program git is not needed there.
    path = {} if git else {"PATH": str(tmp_path)}
    offline = machine(tmp_path / "offline", **path)
    done = supplied(offline, sources.file, bundle)
    assert failed(done) == []
    assert state(offline) == state(online)
    assert supplied(machine(tmp_path / "offline", **path), sources.file, bundle).steps == ()
    # What it was installed from is the real source, so that it goes on from there.
    assert f"file://{sources.bots.path}//one" in snapshot(offline).text.decode()


def test_a_newer_bundle_brings_what_is_new_and_what_the_agent_learned_stays(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "s")
    first, second = tmp_path / "1.bundle", tmp_path / "2.bundle"
    made(machine(tmp_path / "maker"), sources.file, first)
    for number in range(3):
        sources.bots.commit({"one/SOUL.md": f"# {number}\nOne.\n"})
    made(machine(tmp_path / "maker"), sources.file, second)
    sources.gone()
    ctx = machine(tmp_path / "offline")
    assert failed(supplied(ctx, sources.file, first)) == []
    soul = ctx.layout.home(ProfileName("one")) / "SOUL.md"
    soul.write_text(soul.read_text() + "I learned to ask.\n")
    ctx = machine(tmp_path / "offline")
    assert ends(supplied(ctx, sources.file, second)) == [("one", "update", "done")]
    assert soul.read_text() == "# 2\nOne.\nI learned to ask.\n"
    # An older one takes nothing back unasked.
    back = supplied(machine(tmp_path / "offline"), sources.file, first)
    assert [str(step.state) for step in back.steps] == ["failed"]
    assert soul.read_text() == "# 2\nOne.\nI learned to ask.\n"


def test_a_long_history_is_cut_and_works_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "HISTORY", 2)
    sources = Sources(tmp_path / "s")
    for number in range(4):
        sources.bots.commit({"one/SOUL.md": f"# {number}\nOne.\n"})
    first, second = tmp_path / "1.bundle", tmp_path / "2.bundle"
    made(machine(tmp_path / "maker"), sources.file, first)
    with opened_bundle(first, "", "") as found:
        assert any(one.shallow for one in found.index.repositories.values())
    sources.bots.commit({"one/SOUL.md": "# 4\nOne.\n"})
    made(machine(tmp_path / "maker"), sources.file, second)
    sources.gone()
    assert failed(supplied(machine(tmp_path / "offline"), sources.file, first)) == []
    ctx = machine(tmp_path / "offline")
    assert ends(supplied(ctx, sources.file, second)) == [("one", "update", "done")]
    assert (ctx.layout.home(ProfileName("one")) / "SOUL.md").read_text() == "# 4\nOne.\n"


def test_what_the_bundle_lacks_is_not_fetched(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "s")
    bundle = tmp_path / "team.bundle"
    made(machine(tmp_path / "maker"), sources.file, bundle)
    sources.file.write_text(
        'format = 1\n[[profiles]]\nname = "x"\nsource = "https://git.example/x/y"\n'
    )
    done = supplied(machine(tmp_path / "offline"), sources.file, bundle)
    assert "the bundle does not hold it" in str(done.steps[0].error)


def test_a_name_in_a_registry_is_taken_from_the_bundle(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "s")
    shelf = Repo(tmp_path / "shelf", bare=True)
    entry = {
        "format": 1,
        "name": "one",
        "description": "One.",
        "source": f"file://{sources.bots.path}//one",
        "versions": [],
    }
    shelf.commit(
        {"registry.json": '{"format": 1}\n', "packages/on/one.json": json.dumps(entry) + "\n"}
    )
    sources.file.write_text(
        f'format = 1\n[[registries]]\nname = "shelf"\nplace = "file://{shelf.path}"\n'
        '[[profiles]]\nname = "one"\nsource = "one"\n'
    )
    bundle = tmp_path / "team.bundle"
    assert made(machine(tmp_path / "maker"), sources.file, bundle).names == ("one",)
    sources.gone()
    Path(shelf.path).rename(f"{shelf.path}-away")
    ctx = machine(tmp_path / "offline")
    assert failed(supplied(ctx, sources.file, bundle)) == []
    assert [one.name for one in ctx.registries.all()][-1] == "shelf"
    assert supplied(machine(tmp_path / "offline"), sources.file, bundle).steps == ()


def test_a_damaged_bundle_is_refused_before_anything_is_used(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "s")
    bundle = tmp_path / "team.bundle"
    made(machine(tmp_path / "maker"), sources.file, bundle)
    whole = bundle.read_bytes()
    ctx = machine(tmp_path / "offline")
    for damaged in (
        b"",
        b"format = 1\n",
        whole[: len(whole) // 2],
        whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
        whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:],
    ):
        bundle.write_bytes(damaged)
        with pytest.raises(Invalid, match=r"bundle|archive"):
            supplied(ctx, sources.file, bundle)
    assert list(ctx.names()) == ["default"]
    with pytest.raises(DistError, match="not overwritten"):
        made(ctx, sources.file, bundle)


def test_no_secret_gets_into_a_bundle(tmp_path: Path) -> None:
    folder = package(tmp_path / "bot", "bot")
    (folder / ".env").write_text("KEY=do-not-pack-this\n")
    file = tmp_path / "team.toml"
    file.write_text(
        'format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n'
        'variables = { KEY = "env:SHELL_KEY" }\n'
    )
    ctx = machine(tmp_path / "maker", SHELL_KEY="do-not-pack-that")
    bundle = tmp_path / "team.bundle"
    made(ctx, file, bundle)
    with opened_bundle(bundle, str(tmp_path), "") as found:
        files = [path for path in found.place.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if b"do-not-pack" in path.read_bytes()]
    (folder / "notes").mkdir()
    (folder / "notes" / "key.md").write_text("ghp_16C7e42F292c6912E7710c838347Ae178B4b\n")
    with pytest.raises(Refused, match="looks like a secret") as caught:
        made(ctx, file, tmp_path / "other.bundle")
    assert "ghp_" not in str(caught.value)
    assert not (tmp_path / "other.bundle").exists()


def test_the_commands_make_and_use_it(tmp_path: Path) -> None:
    sources = Sources(tmp_path / "s")

    def run(home: str, *words: str, code: int = 0) -> str:
        (tmp_path / home).mkdir(exist_ok=True)
        env = {**os.environ, "HOME": str(tmp_path / home), "NO_COLOR": "1"}
        done = forked.said([str(PROGRAM), *words], env, tmp_path / home)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    bundle = str(tmp_path / "team.bundle")
    said = run("maker", "snapshot", "--from", str(sources.file), "--bundle", bundle)
    assert "holds 2 repositories, 1 folder" in said
    sources.gone()
    run("offline", "apply", str(sources.file), "--bundle", bundle, "-n", "--exit-code", code=10)
    assert "3 done." in run("offline", "apply", str(sources.file), "--bundle", bundle, "-y")
    assert "Nothing to do" in run("offline", "apply", str(sources.file), "--bundle", bundle)
    found = json.loads(run("offline", "snapshot", "--json"))
    assert found["bundle"] is None
    run("offline", "snapshot", "--from", str(sources.file), code=2)
