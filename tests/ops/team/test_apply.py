"""A machine is brought to what a file says, again changes nothing, and what somebody edited is merged."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from budget import moments
from gitrepo import Repo
from killing import changes_of, killed
from story import contents
from teams import SERVER, apply, ends, failed, machine, package

from hermes_dist.errors import Busy, DistError, ExitCode
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.layers import own
from hermes_dist.ops.profiles import aliases, lifecycle, profile_moves
from hermes_dist.ops.profiles.trash_and_archive import empty_trash, stored_profiles
from hermes_dist.ops.team import apply as ops
from hermes_dist.ops.team.apply import Options, Planned, State, carry_out, prepare
from hermes_dist.ops.team.snapshot import snapshot, write
from hermes_dist.voice.team.lines import step_words
from hermes_dist.world.disk.locks import flock


class Fleet:
    """Twenty profiles from six repositories, and a file that names them."""

    def __init__(self, tmp: Path) -> None:
        self.repos = [Repo(tmp / f"source{n}", bare=True) for n in range(6)]
        for number, repo in enumerate(self.repos):
            repo.commit(
                {
                    f"bot{each}/{path}": text
                    for each in range(4)
                    for path, text in {
                        "distribution.yaml": f"name: bot{number}-{each}\nversion: 1.0.0\n",
                        "SOUL.md": "# Bot\nBe kind.\nBe brief.\nBe right.\nBe on time.\n",
                        "config.yaml": "model: {default: small}\n",
                        "mcp.json": SERVER,
                    }.items()
                }
            )
        self.file = tmp / "team.toml"
        self.write()

    def write(self, more: str = "") -> None:
        rows = [
            f'[[profiles]]\nname = "bot{n}"\nsource = "file://{self.repos[n % 6].path}//bot{n // 6}"\n'
            f'aliases = ["b{n}"]\n'
            for n in range(20)
        ]
        self.file.write_text("format = 1\n" + "\n".join(rows) + more)


def test_twenty_profiles_from_six_sources(tmp_path: Path) -> None:
    fleet, ctx = Fleet(tmp_path), machine(tmp_path / "one")
    done = apply(ctx, fleet.file)
    assert failed(done) == []
    assert len(done.steps) == 40
    assert len(list(ctx.names())) == 21
    # What runs waits: the file approves nothing.
    assert len(ops.left_open(ctx, done.team)) == 20

    ctx = machine(tmp_path / "one")
    again = apply(ctx, fleet.file)
    assert (again.steps, again.code) == ((), ExitCode.DONE)

    # The agent learns something, and upstream changes another line of the same file.
    soul = ctx.layout.home(ProfileName("bot0")) / "SOUL.md"
    soul.write_text(soul.read_text() + "I learned to ask first.\n")
    fleet.repos[0].commit(
        {"bot0/SOUL.md": "# Bot\nBe very kind.\nBe brief.\nBe right.\nBe on time.\n"}
    )
    changed = apply(machine(tmp_path / "one"), fleet.file)
    # The others of that repository only note its new commit.
    assert ends(changed) == [(f"bot{n}", "update", "done") for n in (0, 6, 12, 18)]
    files = [
        len(s.outcome.proposal.steps) for s in changed.steps if s.outcome and s.outcome.proposal
    ]
    assert files == [1, 0, 0, 0]
    assert "Be very kind." in soul.read_text()
    assert "I learned to ask first." in soul.read_text()

    # One more profile in the file is one step more.
    fleet.write('\n[[profiles]]\nname = "lab"\n')
    assert ends(apply(machine(tmp_path / "one"), fleet.file)) == [("lab", "create", "done")]

    # The snapshot of this machine makes another one the same, and this one needs nothing.
    found = snapshot(machine(tmp_path / "one"))
    write(tmp_path / "snapshot.toml", found.text)
    assert apply(machine(tmp_path / "one"), tmp_path / "snapshot.toml").steps == ()
    other = machine(tmp_path / "two")
    assert failed(apply(other, tmp_path / "snapshot.toml")) == []
    assert snapshot(machine(tmp_path / "two")).text == found.text


def test_what_the_file_approves_runs_and_anything_else_waits(tmp_path: Path) -> None:
    source = package(tmp_path / "bot", "bot", **{"mcp.json": SERVER})
    file = tmp_path / "team.toml"
    file.write_text('format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n')
    one = machine(tmp_path / "one")
    apply(one, file)
    home = one.layout.home(ProfileName("bot"))
    settings = yaml.safe_load((home / "config.yaml").read_text())
    assert settings["mcp_servers"]["web"]["enabled"] is False
    assert snapshot(one).team.profiles[0].approve == ()

    lock = look_into(one, ProfileName("bot")).lock
    assert lock is not None
    digests = "".join(f'{{ at = "{e.place}", digest = "{e.digest}" }}, ' for e in lock.parked)
    approving = file.read_text() + f"approve = [{digests}]\n"
    file.write_text(approving)
    assert ends(apply(one, file)) == [("bot", "approve", "done")]
    assert apply(one, file).steps == ()

    two = machine(tmp_path / "two")
    assert failed(apply(two, file)) == []
    lock = look_into(two, ProfileName("bot")).lock
    assert lock is not None
    assert lock.parked == ()
    assert snapshot(two).text == snapshot(one).text

    # Another command has another digest: the approval in the file does not cover it.
    (source / "mcp.json").write_text(SERVER.replace("npx", "curl"))
    (step,) = apply(two, file).steps
    assert step.state is State.DONE
    lock = look_into(two, ProfileName("bot")).lock
    assert lock is not None
    assert "mcp_servers.web.command" in {effect.key for effect in lock.parked}


def test_one_profile_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    package(tmp_path / "bot", "bot")
    file = tmp_path / "team.toml"
    file.write_text(
        'format = 1\n[[profiles]]\nname = "bad"\nsource = "./nowhere"\naliases = ["bad"]\n'
        '[[profiles]]\nname = "bot"\nsource = "./bot"\nkeep = ["no/such"]\naliases = ["b"]\n'
        '[[profiles]]\nname = "good"\nsource = "./bot"\naliases = ["g"]\n'
    )
    ctx = machine(tmp_path / "one")
    done = apply(ctx, file)
    assert ends(done) == [
        ("bad", "install", "failed"),
        ("bot", "install", "done"),
        ("good", "install", "done"),
        ("bot", "keep", "failed"),
        ("bad", "alias", "skipped"),
        ("bot", "alias", "skipped"),
        ("good", "alias", "done"),
    ]
    assert done.code == ExitCode.ERROR
    assert [each.name for each in aliases.listed(ctx.layout)] == ["g"]


def test_a_profile_that_somebody_made_is_merged_into_and_nothing_of_it_is_lost(
    tmp_path: Path,
) -> None:
    package(tmp_path / "bot", "bot")
    file = tmp_path / "team.toml"
    file.write_text('format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n')
    ctx = machine(tmp_path / "one")
    home = lifecycle.create(ctx, "bot", alias=False).path
    (home / "SOUL.md").write_text("Mine.\n")
    (home / "skills" / "mine").mkdir(parents=True)
    (home / "skills" / "mine" / "SKILL.md").write_text("---\nname: mine\n---\nLearned.\n")
    done = apply(ctx, file)
    assert ends(done) == [("bot", "follow", "done")]
    assert (home / "SOUL.md").read_text() == "Mine.\n"
    assert (home / "skills/mine/SKILL.md").exists()
    assert [one.conflicts for one in ops.left_open(ctx, done.team)] == [("SOUL.md",)]
    assert apply(ctx, file).steps == ()


def test_layers_come_change_and_go(tmp_path: Path) -> None:
    package(tmp_path / "bot", "bot")
    skill = {"skills/find/SKILL.md": "---\nname: find\n---\nFind.\n"}
    package(tmp_path / "tools", "tools", **skill)
    other = {"skills/count/SKILL.md": "---\nname: count\n---\nCount.\n"}
    package(tmp_path / "more", "more", **other)
    for place in ("tools", "more"):
        (tmp_path / place / "SOUL.md").unlink()
    file = tmp_path / "team.toml"
    start = 'format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n'
    file.write_text(f'{start}layers = [{{ source = "./tools" }}]\n')
    ctx = machine(tmp_path / "one")
    home = ctx.layout.home(ProfileName("bot"))
    assert failed(apply(ctx, file)) == []
    assert (home / "skills/find/SKILL.md").exists()
    assert apply(ctx, file).steps == ()

    file.write_text(f'{start}layers = [{{ source = "./more", only = ["skills"] }}]\n')
    assert ends(apply(ctx, file)) == [("bot", "layers", "done")]
    assert not (home / "skills/find/SKILL.md").exists()
    assert (home / "skills/count/SKILL.md").exists()
    assert apply(ctx, file).steps == ()
    assert [str(one.source) for one in own.listed(ctx, ProfileName("bot")).packs] == [
        str(tmp_path / "more")
    ]
    text = snapshot(ctx).text
    (tmp_path / "snapshot.toml").write_bytes(text)
    assert apply(ctx, tmp_path / "snapshot.toml").steps == ()
    two = machine(tmp_path / "two")
    assert failed(apply(two, tmp_path / "snapshot.toml")) == []
    assert snapshot(two).text == text


def test_layers_under_a_blank_profile_come_in_the_run_that_creates_it(tmp_path: Path) -> None:
    package(
        tmp_path / "tools", "tools", **{"skills/find/SKILL.md": "---\nname: find\n---\nFind.\n"}
    )
    package(tmp_path / "base", "base")
    file = tmp_path / "team.toml"
    layers = '{ source = "./tools" }, { source = "./base", base = true }'
    file.write_text(f'format = 1\n[[profiles]]\nname = "lab"\nlayers = [{layers}]\n')
    ctx = machine(tmp_path / "one")
    done = apply(ctx, file)
    assert ends(done) == [("lab", "create", "done"), ("lab", "layers", "done")]
    assert (ctx.layout.home(ProfileName("lab")) / "skills/find/SKILL.md").exists()
    assert apply(ctx, file).steps == ()


def test_news_and_other_layers_come_in_one_run(tmp_path: Path) -> None:
    bot, tools = (Repo(tmp_path / name, bare=True) for name in ("bot", "tools"))
    bot.commit({"distribution.yaml": "name: bot\nversion: 1\n", "SOUL.md": "One.\n"})
    skill = "---\nname: find\n---\nFind.\n"
    tools.commit({"distribution.yaml": "name: tools\nversion: 1\n", "skills/find/SKILL.md": skill})
    file = tmp_path / "team.toml"
    start = f'format = 1\n[[profiles]]\nname = "bot"\nsource = "file://{bot.path}"\n'
    file.write_text(start)
    assert failed(apply(machine(tmp_path / "one"), file)) == []
    bot.commit({"SOUL.md": "Two.\n"})
    file.write_text(f'{start}layers = [{{ source = "file://{tools.path}" }}]\n')
    done = apply(machine(tmp_path / "one"), file)
    assert ends(done) == [("bot", "update", "done"), ("bot", "layers", "done")]
    home = machine(tmp_path / "one").layout.home(ProfileName("bot"))
    assert (home / "SOUL.md").read_text() == "Two.\n"
    assert (home / "skills/find/SKILL.md").exists()
    assert apply(machine(tmp_path / "one"), file).steps == ()


def test_a_held_profile_moves_only_when_the_file_releases_it(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "source", bare=True)
    first = repo.commit({"distribution.yaml": "name: bot\nversion: 1\n", "SOUL.md": "One.\n"})
    file = tmp_path / "team.toml"
    start = f'format = 1\n[[profiles]]\nname = "bot"\nsource = "file://{repo.path}"\n'
    file.write_text(f"{start}held = true\n")
    ctx = machine(tmp_path / "one")
    assert ends(apply(ctx, file)) == [("bot", "install", "done"), ("bot", "hold", "done")]
    repo.commit({"SOUL.md": "Two.\n"})
    ctx = machine(tmp_path / "one")
    assert apply(ctx, file).steps == ()
    # Another machine gets the commit that is held, and this one needs nothing for it.
    (tmp_path / "snapshot.toml").write_bytes(snapshot(ctx).text)
    assert first in (tmp_path / "snapshot.toml").read_text()
    assert apply(ctx, tmp_path / "snapshot.toml").steps == ()
    two = machine(tmp_path / "two")
    apply(two, tmp_path / "snapshot.toml")
    assert (two.layout.home(ProfileName("bot")) / "SOUL.md").read_text() == "One.\n"

    file.write_text(f"{start}held = false\n")
    assert ends(apply(ctx, file)) == [("bot", "unhold", "done"), ("bot", "update", "done")]
    assert (ctx.layout.home(ProfileName("bot")) / "SOUL.md").read_text() == "Two.\n"


def test_prune_moves_the_others_into_the_trash(tmp_path: Path) -> None:
    package(tmp_path / "bot", "bot")
    file = tmp_path / "team.toml"
    file.write_text('format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n')
    ctx = machine(tmp_path / "one")
    lifecycle.create(ctx, "old", alias=True)
    assert ends(apply(ctx, file)) == [("bot", "install", "done")]
    assert ends(apply(ctx, file, prune=True)) == [("old", "trash", "done")]
    assert [str(each.name) for each in stored_profiles(ctx)] == ["old"]
    assert apply(ctx, file, prune=True).steps == ()


def test_prune_says_before_which_profiles_leave_the_trash_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "team.toml"
    file.write_text("format = 1\n")
    ctx = machine(tmp_path / "one")
    for days, names in enumerate([["first", "second"], [], ["third", "fourth"]]):
        for name in names:
            lifecycle.create(ctx, name, alias=False)
        later = datetime.now(UTC) + timedelta(days=31 * days)
        monkeypatch.setattr(type(ctx), "now", lambda _, at=later: at)
        planned = prepare(ctx, file, Options(prune=True))
        if days < 2:
            assert {step.action.expired for step in planned.steps} <= {0}
            carry_out(ctx, planned, Options(prune=True), lambda _: None)
        if days == 1:
            # The first look notes that they are over age.
            with profile_moves.all_homes_locked(ctx) as fs:
                assert empty_trash(ctx, fs) == 0
    assert len(stored_profiles(ctx)) == 2
    erased = "move to the trash, for 30 days, and erase 2 older profiles there for good"
    words = [erased, "move to the trash, for 30 days"]
    assert [step_words(step) for step in planned.steps] == words
    carry_out(ctx, planned, Options(prune=True), lambda _: None)
    assert {str(each.name) for each in stored_profiles(ctx)} == {"third", "fourth"}


TOOL = "#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >> {log}\nprintf 'from-{name}\\nnotes\\n'\n"


def tools(folder: Path) -> str:
    """Stand-ins for the tools of users, on a PATH of their own."""
    folder.mkdir()
    for name in ("op", "pass"):
        path = folder / name
        path.write_text(TOOL.format(name=name, log=folder / "log"))
        path.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_values_come_from_where_the_file_says_and_stay_where_they_are(tmp_path: Path) -> None:
    path = tools(tmp_path / "tools")
    (tmp_path / "tools" / "op").write_text("#!/bin/sh\nprintf from-op\n")
    (tmp_path / "key").write_text("from-file\n")
    file = tmp_path / "team.toml"
    file.write_text(
        'format = 1\n[[profiles]]\nname = "lab"\n[profiles.variables]\n'
        'A = "env:SHELL_KEY"\nB = "file:key"\nC = "op://Team/Bots/key"\nD = "pass:bots/$(key)"\nE = ""\n'
    )
    ctx = machine(tmp_path / "one", SHELL_KEY="from-shell", PATH=path)
    done = apply(ctx, file)
    assert failed(done) == []
    assert done.missing == (("lab", "E"),)
    env = ctx.layout.home(ProfileName("lab")) / ".env"
    text = env.read_text()
    for line in ("A=from-shell", "B=from-file", "C=from-op", "D=from-pass"):
        assert line in text
    assert env.stat().st_mode & 0o077 == 0
    assert "$(key)" in (tmp_path / "tools" / "log").read_text()
    # A value that is there stays, until somebody asks for the others again.
    env.write_text(text.replace("from-shell", "mine"))
    assert apply(ctx, file).steps == ()
    assert ends(apply(ctx, file, set_again=True)) == [("lab", "variables", "done")]
    assert "A=from-shell" in env.read_text()
    # No value is anywhere but in that file.
    assert "from-" not in snapshot(ctx).text.decode()
    others = [p for p in ctx.layout.root.rglob("*") if p.is_file() and p != env]
    assert not [p for p in others if b"from-pass" in p.read_bytes()]


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("env:NOT_THERE", "not set in this shell"),
        ("file:nowhere", "can't be read"),
        ("op://a/b/c", "ended with code 3"),
        ("pass:x", "not on PATH"),
    ],
)
def test_a_value_that_cannot_be_had_says_why_and_shows_nothing(
    tmp_path: Path, reference: str, what: str
) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "op").write_text("#!/bin/sh\necho sk-secret; echo sk-secret >&2; exit 3\n")
    (folder / "op").chmod(0o755)
    file = tmp_path / "team.toml"
    file.write_text(
        f'format = 1\n[[profiles]]\nname = "lab"\n[profiles.variables]\nKEY = "{reference}"\n'
    )
    ctx = machine(tmp_path / "one", PATH=str(folder))
    done = apply(ctx, file)
    assert ends(done) == [("lab", "create", "done"), ("lab", "variables", "failed")]
    error = done.steps[-1].error
    assert error is not None
    assert what in str(error)
    assert "sk-secret" not in f"{error} {error.hint}"


def test_two_at_once_wait_for_each_other_or_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "team.toml"
    file.write_text('format = 1\n[[profiles]]\nname = "lab"\n')
    ctx = machine(tmp_path / "one")
    free = threading.Event()
    taken = threading.Event()

    def hold() -> None:
        with flock(ctx.layout.shared / "apply.lock"):
            taken.set()
            free.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    taken.wait(20)
    monkeypatch.setattr(ops, "PATIENCE", 0.05)
    with pytest.raises(Busy, match="another apply is running"):
        apply(ctx, file)
    monkeypatch.setattr(ops, "PATIENCE", 20.0)
    threading.Timer(0.1, free.set).start()
    assert ends(apply(ctx, file)) == [("lab", "create", "done")]
    other.join()


def test_a_change_between_the_look_and_the_yes_is_not_carried_out_unseen(tmp_path: Path) -> None:
    source = package(tmp_path / "bot", "bot")
    file = tmp_path / "team.toml"
    file.write_text('format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\n')
    ctx = machine(tmp_path / "one")
    planned = ops.prepare(ctx, file, Options())
    (source / "SOUL.md").write_text("Something else.\n")
    done = ops.carry_out(machine(tmp_path / "one"), planned, Options(), lambda _: None)
    assert ends(done) == [("bot", "install", "failed")]
    assert done.code == ExitCode.BUSY
    assert not ctx.layout.home(ProfileName("bot")).exists()


def test_a_registry_that_is_elsewhere_is_not_replaced(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "registry.json").write_text('{"format": 1, "name": "shelf"}\n')
    file = tmp_path / "team.toml"
    file.write_text(f'format = 1\n[[registries]]\nname = "team"\nplace = "{shelf}"\n')
    ctx = machine(tmp_path / "one")
    done = apply(ctx, file)
    if failed(done):
        pytest.fail(str(failed(done)))
    assert apply(ctx, file).steps == ()
    file.write_text(f'format = 1\n[[registries]]\nname = "team"\nplace = "{tmp_path}/other"\n')
    done = apply(ctx, file)
    assert "is at" in str(done.steps[0].error)


def _swept(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {path: data for path, data in files.items() if not path.endswith(".tmp")}


def state(ctx: Context) -> Mapping[str, object]:
    """What users see of a machine, but for the numbers of generations and what the next write sweeps away."""
    found: dict[str, object] = {
        str(name): _swept(contents(ctx.layout.home(name)))
        for name in ctx.names()
        if name != "default"
    }
    found["aliases"] = [(each.name, each.profile) for each in aliases.listed(ctx.layout)]
    found["team"] = snapshot(ctx).text
    return found


def test_killed_at_any_change_the_next_run_completes_it(tmp_path: Path) -> None:
    asks = "name: bot\nversion: 1.0.0\ninputs:\n  team: {}\n  token: {secret: true, env: TOKEN}\n"
    config = "model: {default: small}\ntitle: ${input:team}\n"
    package(tmp_path / "bot", "bot", **{"config.yaml": config, "distribution.yaml": asks})
    skill = {"skills/find/SKILL.md": "---\nname: find\n---\nFind.\n"}
    package(tmp_path / "tools", "tools", **skill)
    (tmp_path / "tools" / "SOUL.md").unlink()
    file = tmp_path / "team.toml"
    file.write_text(
        f'format = 1\n[[trusted]]\nname = "Acme"\nfingerprint = "SHA256:{"a" * 43}"\n'
        f'[[policies]]\nname = "acme"\nsources = ["{tmp_path}/*"]\n'
        '[[profiles]]\nname = "bot"\nsource = "./bot"\nkeep = ["SOUL.md"]\nheld = true\n'
        'inputs = { team = "search", token = "env:SHELL_KEY" }\n'
        'aliases = ["b"]\nvariables = { KEY = "env:SHELL_KEY" }\nlayers = [{ source = "./tools" }]\n'
        '[[profiles]]\nname = "lab"\n[[routes]]\nprofile = "bot"\nchannel = "1"\n'
    )
    start = tmp_path / "start"
    before = machine(start)
    lifecycle.create(before, "old", alias=True)
    (start / ".hermes" / "config.yaml").write_text("# mine\nmodel: {default: x}\n")
    place = tmp_path / "now"

    def fresh() -> Context:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(start, place, symlinks=True)
        return machine(place, SHELL_KEY="value")

    def run() -> Planned:
        return apply(machine(place, SHELL_KEY="value"), file, prune=True)

    fresh()
    assert failed(run()) == []
    wanted = state(machine(place))
    fresh()
    for at in moments(changes_of(run), most=8):
        fresh()
        assert killed(run, at), at
        done = run()
        assert failed(done) == [], at
        assert state(machine(place)) == wanted, at
        assert run().steps == (), at


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text("mine")
    with pytest.raises(DistError, match="not overwritten"):
        write(file, b"other")
    assert file.read_text() == "mine"
