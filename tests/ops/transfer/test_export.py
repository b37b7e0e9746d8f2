"""Export and import: as if a profile had never moved, and without its secrets."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from story import BOT, FIRST, GO, Story, contents, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.profiles.lifecycle import NEW_ENV
from hermes_dist.errors import Cancelled, DistError, Invalid, Refused
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package import resolve as settling
from hermes_dist.ops.package import update as updating
from hermes_dist.ops.transfer.export import Exported, Packing, export, target_of
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.voice.notes import sentences

POWERS = {
    "hooks/greet/HOOK.yaml": "name: greet\nevents: [session:start]\n",
    "hooks/greet/handler.py": "def handle(*_):\n    pass\n",
    "mcp.json": '{"mcpServers": {"files": {"command": "npx", "args": ["-y", "files-mcp"]}}}\n',
    "cron/daily.yaml": "name: daily\nprompt: Say hello.\nschedule: 0 9 * * 1\n",
}

KEY = "ghp_" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5"


class Elsewhere:
    """Another machine."""

    def __init__(self, tmp: Path) -> None:
        self.root = tmp / "elsewhere" / ".hermes"
        self.root.mkdir(parents=True)
        self.ctx = Context(HERMES, Layout(HERMES, self.root, self.root.parent), dict(os.environ))

    def home(self, name: str = "bot") -> Path:
        return self.root / "profiles" / name

    def bring(self, path: Path, request: Request | None = None, **more: str) -> Outcome:
        return import_(self.ctx, path, request or Request(), yes, passphrase=never, **more)

    def update(self, request: Request = GO) -> Outcome:
        return updating.update(self.ctx, BOT, request, yes)

    def lock(self, name: str = "bot") -> Lock:
        lock = open_home(self.ctx, ProfileName(name)).lock
        assert lock is not None
        return lock


def never() -> str:
    raise AssertionError("nobody is asked for a passphrase")


def packed(story: Story, name: str = "bot.tar.gz", **more: object) -> Path:
    path = story.root.parent / name
    export(story.ctx, BOT, Packing(**more), path)  # type: ignore[arg-type]  # the fields of Packing
    return path


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.fixture
def there(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path)


def test_the_same_home_gives_the_same_bytes(story: Story) -> None:
    story.install()
    story.edit("SOUL.md", "Rule 3 stands.", "Rule 3 falls.")
    one = packed(story, "one.tar.gz").read_bytes()
    for path in story.home.rglob("*"):
        os.utime(path, (1, 1))
    assert packed(story, "two.tar.gz").read_bytes() == one


def test_a_file_is_not_called_like_another_kind_of_archive(tmp_path: Path) -> None:
    for name in ("bot.zip", "bot.ZIP", "bot.tar", "bot.tar.xz"):
        with pytest.raises(DistError, match="what is written is not a") as caught:
            target_of(BOT, str(tmp_path / name), encrypted=False)
        assert caught.value.hint == "end its name as in bot.tar.gz"
    for name in ("bot.tar.gz", "bot.tgz", "bot", "bot.tar.gz.age", "v1.2"):
        assert target_of(BOT, str(tmp_path / name), encrypted=False) == tmp_path / name


def test_the_file_is_private_and_never_overwritten(story: Story) -> None:
    story.install()
    path = packed(story)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(DistError, match="exists already"):
        packed(story)
    with pytest.raises(DistError, match="exists already"):
        target_of(BOT, str(path), encrypted=False)
    assert path.read_bytes() == before


def test_an_untouched_profile_moves_as_it_is(story: Story, there: Elsewhere) -> None:
    story.install()
    outcome = there.bring(packed(story))
    assert outcome.done
    assert contents(there.home()) == story.files()
    assert there.lock() == replace(story.lock, approved=frozenset())
    assert not there.update().done


def edited(story: Story) -> None:
    story.edit("SOUL.md", "Rule 7 stands.", "Rule 7 is mine.")
    story.edit("config.yaml", "default: small", "default: large  # better")
    story.write("skills/own/SKILL.md", "---\nname: own\n---\nMine.\n")
    (story.home / "skills/bye/SKILL.md").unlink()


def ship_second(story: Story) -> None:
    story.ship(
        {
            "distribution.yaml": "name: bot\nversion: 2.0.0\n",
            "SOUL.md": FIRST["SOUL.md"].replace("Rule 20 stands.", "Rule 20 is new."),
            "config.yaml": FIRST["config.yaml"].replace("max_tokens: 1", "max_tokens: 0"),
            "skills/new/SKILL.md": "---\nname: new\n---\nNew.\n",
        }
    )


def test_export_import_update_is_as_if_it_never_moved(tmp_path: Path, there: Elsewhere) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    edited(story)
    there.bring(packed(story), GO)
    ship_second(story)
    story.update()
    there.update()
    assert contents(there.home()) == story.files()
    assert there.lock() == replace(story.lock, approved=there.lock().approved, generation=2)
    assert there.lock().base == story.lock.base
    assert not there.update().done


def test_without_a_yes_everything_that_acts_waits_and_approve_brings_it(
    tmp_path: Path, there: Elsewhere
) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    edited(story)
    there.bring(packed(story))
    assert not (there.home() / "hooks").exists()
    assert "enabled: false" in (there.home() / "config.yaml").read_text()
    assert [
        job["enabled"] for job in json.loads((there.home() / "cron/jobs.json").read_text())["jobs"]
    ] == [False]
    assert {str(e.path) for e in there.lock().parked} == {
        "hooks/greet",
        "config.yaml",
        "cron/jobs.json",
    }
    settling.approve(there.ctx, BOT, Request(), yes)
    ours, theirs = contents(there.home()), story.files()
    assert {k: v for k, v in ours.items() if k != "cron/jobs.json"} == {
        k: v for k, v in theirs.items() if k != "cron/jobs.json"
    }
    ship_second(story)
    story.update()
    there.update()
    assert (there.home() / "hooks/greet/handler.py").exists()
    assert there.lock().base == story.lock.base


def test_what_was_switched_off_stays_off_even_with_every_yes(
    tmp_path: Path, there: Elsewhere
) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    story.edit("config.yaml", "enabled: true", "enabled: false")
    there.bring(packed(story), GO)
    assert "enabled: false" in (there.home() / "config.yaml").read_text()
    assert json.loads((there.home() / "cron/jobs.json").read_text())["jobs"][0]["enabled"] is True


def test_run_state_stays_behind(tmp_path: Path, there: Elsewhere) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    jobs = json.loads(story.read("cron/jobs.json"))
    jobs["jobs"][0].update(
        last_run_at="2031-01-01T00:00:00", last_error="boom at 10.0.0.7", origin={"chat_id": "4711"}
    )
    jobs["jobs"][0]["repeat"]["completed"] = 9
    story.write("cron/jobs.json", json.dumps(jobs))
    data = gzip.decompress(packed(story).read_bytes())
    assert b"10.0.0.7" not in data
    assert b"4711" not in data
    there.bring(packed(story, "again.tar.gz"), GO)
    job = json.loads((there.home() / "cron/jobs.json").read_text())["jobs"][0]
    assert job["last_run_at"] is None
    assert job["repeat"]["completed"] == 0


def test_the_users_own_hooks_are_left_out_until_everything_has_its_yes(
    story: Story, there: Elsewhere
) -> None:
    story.install()
    story.write("hooks/own/HOOK.yaml", "name: own\n")
    story.write("hooks/own/handler.py", "print(1)\n")
    outcome = there.bring(packed(story))
    assert not (there.home() / "hooks").exists()
    assert outcome.proposal is not None
    assert any(
        "hooks/own" in note and "--allow-effects" in note
        for note in sentences(outcome.proposal.notes)
    )
    there.bring(story.root.parent / "bot.tar.gz", GO)
    assert (there.home() / "hooks/own/handler.py").read_text() == "print(1)\n"
    ship_second(story)
    there.update()
    assert (there.home() / "hooks/own/handler.py").exists()


def test_an_import_remembers_the_code_that_ran_before_as_an_update_does(
    story: Story, there: Elsewhere
) -> None:
    story.install()
    there.bring(packed(story), GO)
    hook = there.home() / "hooks/own"
    hook.mkdir(parents=True)
    (hook / "HOOK.yaml").write_text("name: own\n")
    (hook / "handler.py").write_text("print('there')\n")
    story.write("hooks/own/HOOK.yaml", "name: own\n")
    story.write("hooks/own/handler.py", "print('here')\n")
    before = there.lock()
    there.bring(
        packed(story, "later.tar.gz"),
        Request(choices=Choices(allow_effects=True, default=Side.THEIRS)),
    )
    assert (hook / "handler.py").read_text() == "print('here')\n"
    assert {a.path for a in set(there.lock().approved) - set(before.approved)} == {"hooks/own"}


def test_open_conflicts_move_along(story: Story, there: Elsewhere) -> None:
    story.install()
    story.edit("config.yaml", "default: small", "default: large")
    story.ship({"config.yaml": FIRST["config.yaml"].replace("default: small", "default: tiny")})
    story.update()
    assert [c.place for c in story.lock.conflicts] == ["config.yaml: model.default"]
    there.bring(packed(story))
    assert there.lock().conflicts == story.lock.conflicts
    settling.resolve(there.ctx, BOT, Side.THEIRS, Request(), yes)
    assert "default: tiny" in (there.home() / "config.yaml").read_text()


def test_a_profile_without_a_package_moves_with_its_comments(
    story: Story, there: Elsewhere
) -> None:
    story.home.mkdir(parents=True)
    story.write("config.yaml", "# mine\nmodel:   # the model\n  default: small\n")
    story.write("SOUL.md", "I am mine.\n")
    there.bring(packed(story), name="mine")
    assert contents(there.home("mine")) == {**story.files(), ".env": NEW_ENV.encode()}


def test_a_secret_in_the_name_of_a_file_stops_an_export(story: Story) -> None:
    story.install()
    story.write(".env", "DOOR_KEY=open-sesame-please\n")
    story.write(f"skills/{KEY}/SKILL.md", "---\nname: own\n---\nMine.\n")
    story.write("skills/notes/open-sesame-please.md", "Mine.\n")
    places = (
        rf"skills/{KEY}/SKILL\.md:0: GitHub token, in its name; "
        r"skills/notes/open-sesame-please\.md:0: a secret of this machine, in its name$"
    )
    # Contents can be redacted, names can't.
    for redact in (False, True):
        with pytest.raises(Refused, match=places) as refused:
            packed(story, redact=redact)
        assert refused.value.hint == "give each file with a secret in its name another name"
    assert not (story.root.parent / "bot.tar.gz").exists()
    packed(story, full=True, passphrase="open")


def test_a_secret_in_the_name_of_a_memory_stops_an_export(story: Story) -> None:
    story.install()
    story.write(f"memories/{KEY}.md", f"Mine: {KEY}\n")
    packed(story)
    with pytest.raises(Refused, match="in its name") as refused:
        packed(story, "two.tar.gz", carried=frozenset(["memories"]))
    assert "--redact" in refused.value.hint
    assert "another name" in refused.value.hint


def test_import_into_a_profile_merges_what_was_done_there(story: Story, there: Elsewhere) -> None:
    story.install()
    there.bring(packed(story))
    edited(story)
    (there.home() / "SOUL.md").write_text(
        FIRST["SOUL.md"].replace("Rule 25 stands.", "Rule 25 is different here.")
    )
    asked = []
    import_(
        there.ctx,
        packed(story, "later.tar.gz"),
        Request(),
        lambda p: bool(asked.append(p)) or True,
        passphrase=never,
    )
    assert len(asked) == 1
    soul = (there.home() / "SOUL.md").read_text()
    assert "Rule 7 is mine." in soul
    assert "Rule 25 is different here." in soul
    assert "default: large" in (there.home() / "config.yaml").read_text()
    assert not (there.home() / "skills/bye").exists()
    assert (there.home() / "skills/own/SKILL.md").exists()
    assert there.lock().base == story.lock.base


def test_import_over_an_older_or_newer_package_brings_the_edits_alone(
    story: Story, there: Elsewhere
) -> None:
    story.install()
    there.bring(packed(story))
    ship_second(story)
    story.update()
    story.edit("SOUL.md", "Rule 7 stands.", "Rule 7 is mine.")
    there.bring(packed(story, "newer.tar.gz"))
    assert "Rule 7 is mine." in (there.home() / "SOUL.md").read_text()
    assert "Rule 20 is new." not in (there.home() / "SOUL.md").read_text()
    assert there.lock().pin.version == "1.0.0"
    there.update()
    assert contents(there.home()) == story.files()


def test_a_conflict_of_an_import_keeps_ours_and_says_how_to_take_theirs(
    story: Story, there: Elsewhere
) -> None:
    story.install()
    there.bring(packed(story))
    story.edit("config.yaml", "default: small", "default: large")
    config = there.home() / "config.yaml"
    config.write_text(config.read_text().replace("default: small", "default: tiny"))
    path = packed(story, "later.tar.gz")
    outcome = there.bring(path)
    assert outcome.proposal is not None
    assert [c.place for c in outcome.proposal.plan.conflicts] == ["config.yaml: model.default"]
    assert any("--conflict theirs" in note for note in sentences(outcome.proposal.notes))
    assert "default: tiny" in config.read_text()
    there.bring(path, Request(choices=Choices(default=Side.THEIRS)))
    assert "default: large" in config.read_text()


def test_another_package_is_not_merged_in(tmp_path: Path, there: Elsewhere) -> None:
    story, other = Story(tmp_path / "a"), Story(tmp_path / "b")
    story.install()
    other.install()
    there.bring(packed(story))
    with pytest.raises(DistError, match="another package"):
        there.bring(packed(other))


def test_parts_alone(tmp_path: Path, there: Elsewhere) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    edited(story)
    skills = packed(story, "skills.tar.gz", only=frozenset({"skills"}))
    there.bring(skills, name="fresh")
    assert set(contents(there.home("fresh"))) == {
        ".env",
        "distribution.yaml",
        "skills/hello/SKILL.md",
        "skills/own/SKILL.md",
    }
    assert open_home(there.ctx, ProfileName("fresh")).lock is None
    there.bring(packed(story, "all.tar.gz", without=frozenset({"soul"})), name="soulless")
    assert not (there.home("soulless") / "SOUL.md").exists()


def test_parts_into_a_profile_leave_the_others_alone(tmp_path: Path, there: Elsewhere) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    there.bring(packed(story), GO)
    edited(story)
    there.bring(packed(story, "skills.tar.gz", only=frozenset({"skills"})), GO)
    assert (there.home() / "skills/own/SKILL.md").exists()
    assert "Rule 7 stands." in (there.home() / "SOUL.md").read_text()
    assert "default: small" in (there.home() / "config.yaml").read_text()


def test_servers_alone(tmp_path: Path, there: Elsewhere) -> None:
    story = Story(tmp_path, {**FIRST, **POWERS})
    story.install()
    there.bring(packed(story), GO)
    story.edit("config.yaml", "files-mcp", "files-mcp@2")
    story.edit("config.yaml", "default: small", "default: large")
    path = packed(story, "mcp.tar.gz", only=frozenset({"mcp"}))
    assert b"default" not in gzip.decompress(path.read_bytes()).split(b".dist/base/")[0]
    there.bring(path, GO)
    config = (there.home() / "config.yaml").read_text()
    assert "files-mcp@2" in config
    assert "default: small" in config


def test_memories_come_along_when_asked_for(story: Story, there: Elsewhere) -> None:
    story.install()
    story.write("memories/MEMORY.md", "I remember.\n")
    story.write("sessions/s1.json", '{"messages": []}\n')
    there.bring(packed(story))
    assert not list((there.home() / "memories").iterdir())
    path = packed(story, "with.tar.gz", carried=frozenset({"memories", "sessions"}))
    there.bring(path, name="full")
    assert (there.home("full") / "memories/MEMORY.md").read_text() == "I remember.\n"
    assert stat.S_IMODE((there.home("full") / "memories/MEMORY.md").stat().st_mode) == 0o600
    assert (there.home("full") / "sessions/s1.json").exists()
    there.bring(path)
    assert (there.home() / "memories/MEMORY.md").read_text() == "I remember.\n"
    (there.home() / "memories/MEMORY.md").write_text("I remember more.\n")
    there.bring(path)
    assert (there.home() / "memories/MEMORY.md").read_text() == "I remember more.\n"


def test_memories_with_hidden_characters_stay_out(story: Story, there: Elsewhere) -> None:
    story.install()
    story.write("memories/MEMORY.md", "I \u202eremember.\n")
    outcome = there.bring(packed(story, carried=frozenset({"memories"})))
    assert not list((there.home() / "memories").iterdir())
    assert outcome.proposal is not None
    assert any("hidden" in left.why for left in outcome.proposal.offer.left_out)


def test_an_unknown_name_at_the_root_is_the_machines(story: Story) -> None:
    story.install()
    story.write("my-notes.txt", "note to self")
    story.write("drawer/x.txt", "note to self")
    done = export(story.ctx, BOT, Packing(), story.root.parent / "x.tar.gz")
    assert b"note to self" not in gzip.decompress(done.path.read_bytes())
    assert {"my-notes.txt", "drawer/"} <= set(done.left_out)


def test_a_folder_without_a_file_is_not_left_out(story: Story, tmp_path: Path) -> None:
    story.install()
    for place in ("sessions", "empty/in/empty", "linked"):
        (story.home / place).mkdir(parents=True, exist_ok=True)
    (story.home / "linked" / "away").symlink_to(tmp_path)
    story.write("memories/m.md", "Mine.\n")
    packing = Packing(carried=frozenset({"sessions"}))
    done = export(story.ctx, BOT, packing, tmp_path / "a.tar.gz")
    left = set(done.left_out)
    assert {"linked/", "memories/"} <= left
    assert not {"sessions/", "empty/"} & left


def test_what_the_manifest_lists_goes_along(tmp_path: Path, there: Elsewhere) -> None:
    story = Story(
        tmp_path,
        {
            **FIRST,
            "distribution.yaml": "name: bot\nversion: 1.0.0\ndistribution_owned: [SOUL.md, drawer]\n",
        },
    )
    story.install()
    story.write("drawer/x.txt", "of the agent\n")
    there.bring(packed(story))
    assert (there.home() / "drawer/x.txt").read_text() == "of the agent\n"


def test_paths_too_long_for_a_header_move(story: Story, there: Elsewhere) -> None:
    story.install()
    long = "skills/" + "/".join(["漢字" * 8] * 3) + "/" + "名" * 60 + ".md"
    story.write(long, "long\n")
    story.write("memories/" + "名" * 60 + ".md", "long, too\n")
    there.bring(packed(story, carried=frozenset({"memories"})))
    assert (there.home() / long).read_text() == "long\n"
    assert (there.home() / ("memories/" + "名" * 60 + ".md")).read_text() == "long, too\n"


def test_links_are_told_and_left(story: Story) -> None:
    story.install()
    (story.home / "skills/link").symlink_to("/etc")
    done = export(story.ctx, BOT, Packing(), story.root.parent / "x.tar.gz")
    assert any("skills/link" in note for note in sentences(done.notes))


def test_lost_contents_of_a_package_do_not_stop_it(story: Story, there: Elsewhere) -> None:
    story.install()
    edited(story)
    entry = story.lock.base[next(p for p in story.lock.base if p == "SOUL.md")]
    story.ctx.store.path(entry.digest).unlink()
    (story.repo.path / "HEAD").rename(story.repo.path / "HEAD.away")
    path = packed(story)
    there.bring(path)
    assert "Rule 7 is mine." in (there.home() / "SOUL.md").read_text()


@pytest.fixture
def whole(story: Story) -> Story:
    story.install()
    for path, text in {
        ".env": "KEY=sk-ant-REAL-0123456789abcdef0123456789abcdef\n",
        "auth.json": "{}",
        "memories/MEMORY.md": "m\n",
        "my-notes.txt": "n\n",
        "logs/agent.log": "log\n",
        "gateway.pid": "1",
        "cache/x": "c",
    }.items():
        story.write(path, text)
    (story.home / ".env").chmod(0o600)
    return story


def test_a_whole_backup_comes_back_whole(whole: Story, there: Elsewhere) -> None:
    path = packed(whole, "x.tar.gz.age", full=True, passphrase="open sesame")
    assert path.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    import_(there.ctx, path, GO, yes, passphrase=lambda: "open sesame")
    kept = {p: d for p, d in whole.files().items() if p not in ("gateway.pid", "cache/x")}
    assert contents(there.home()) == kept
    assert stat.S_IMODE((there.home() / ".env").stat().st_mode) == 0o600
    assert not there.update().done


def test_a_whole_backup_names_the_variables_it_sets_before_it_is_unpacked(
    whole: Story, there: Elsewhere
) -> None:
    """It may come from somebody else, and a variable can say who commands the agent."""
    names = ["GATEWAY_ALLOW_ALL_USERS", "KEY", "LD_PRELOAD", *(f"NAME_{n}" for n in range(40))]
    whole.write(".env", "".join(f"{name}=v{n}-secret\n" for n, name in enumerate(names)))
    path = packed(whole, "x.tar.gz.age", full=True, passphrase="p")
    shown: list[Proposal] = []
    with pytest.raises(Cancelled):
        import_(
            there.ctx,
            path,
            Request(),
            lambda seen: shown.append(seen) is not None,
            passphrase=lambda: "p",
        )
    assert not there.home().exists()
    (line,) = (note for note in sentences(shown[0].notes) if ".env" in note)
    assert all(name in line for name in names)
    assert "secret" not in line


def test_another_passphrase_brings_nothing(whole: Story, there: Elsewhere) -> None:
    path = packed(whole, "x.tar.gz.age", full=True, passphrase="open sesame")
    with pytest.raises(Invalid, match="does not open"):
        import_(there.ctx, path, GO, yes, passphrase=lambda: "open barley")
    assert not there.home().exists()


def test_an_archive_that_only_says_it_is_whole_brings_no_keys(
    story: Story, there: Elsewhere
) -> None:
    from tars import ours

    path = story.root.parent / "evil.tar.gz"
    path.write_bytes(
        ours(
            {
                ".dist/archive.json": b'{"format": 1, "full": true}',
                "SOUL.md": b"x",
                ".env": b"LD_PRELOAD=/x",
                "shell-hooks-allowlist.json": b"{}",
                "platforms/pairing/x.json": b"{}",
                "home/.ssh/id": b"k",
            }
        )
    )
    there.bring(path, GO)
    assert set(contents(there.home())) == {".env", "SOUL.md"}
    assert (there.home() / ".env").read_text() == NEW_ENV


def test_allow_lists_of_a_backup_need_their_yes(whole: Story, there: Elsewhere) -> None:
    whole.write("shell-hooks-allowlist.json", "{}")
    path = packed(whole, "x.tar.gz.age", full=True, passphrase="p")
    import_(there.ctx, path, Request(), yes, passphrase=lambda: "p")
    assert not (there.home() / "shell-hooks-allowlist.json").exists()


def test_a_whole_backup_does_not_touch_the_keys_of_a_profile_that_exists(
    whole: Story, there: Elsewhere
) -> None:
    there.bring(packed(whole))
    (there.home() / ".env").write_text("KEY=mine\n")
    path = packed(whole, "x.tar.gz.age", full=True, passphrase="p")
    import_(there.ctx, path, GO, yes, passphrase=lambda: "p")
    assert (there.home() / ".env").read_text() == "KEY=mine\n"
    assert not (there.home() / "auth.json").exists()


def test_the_default_profile_moves_under_a_name(story: Story, there: Elsewhere) -> None:
    (story.root / "SOUL.md").write_text("the root\n")
    (story.root / "profiles" / "x").mkdir(parents=True)
    path = story.root.parent / "d.tar.gz"
    done: Exported = export(story.ctx, ProfileName("default"), Packing(), path)
    assert done.files >= 1
    with pytest.raises(DistError, match="needs a name") as caught:
        there.bring(path)
    assert "--name" in caught.value.hint
    there.bring(path, name="root2")
    assert (there.home("root2") / "SOUL.md").read_text() == "the root\n"


def test_an_export_changes_nothing_in_the_home(story: Story) -> None:
    story.install()
    with closing(sqlite3.connect(story.home / "state.db")) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
    database.close()
    before = {
        p: (p.lstat().st_mtime_ns, p.lstat().st_ino) for p in story.home.rglob("*") if p.is_file()
    }
    packed(story, carried=frozenset({"memories", "sessions"}))
    assert {
        p: (p.lstat().st_mtime_ns, p.lstat().st_ino) for p in story.home.rglob("*") if p.is_file()
    } == before


def test_a_backup_brings_back_payload_of_any_name_and_large_files(
    tmp_path: Path, there: Elsewhere
) -> None:
    story = Story(tmp_path, {**FIRST, "lore/x.txt": "of the package\n"})
    story.install()
    story.edit("lore/x.txt", "package", "package, and mine")
    large = os.urandom(33 << 20)
    (story.home / "film.bin").write_bytes(large)
    path = packed(story, "x.tar.gz.age", full=True, passphrase="p")
    import_(there.ctx, path, GO, yes, passphrase=lambda: "p")
    assert (there.home() / "film.bin").read_bytes() == large
    assert (there.home() / "lore/x.txt").read_text() == "of the package, and mine\n"
    assert "lore/x.txt" in there.lock().base
    story.ship({"lore/x.txt": "of the package\nand more\n"})
    story.update()
    there.update()
    assert contents(there.home()) == story.files()
    assert not any(
        blob.stat().st_size == len(large)
        for blob in (there.root / "distributions/store").rglob("*")
    )


def test_an_import_leaves_a_private_file_of_keys_that_sets_nothing(
    story: Story, there: Elsewhere
) -> None:
    story.install()
    story.write(".env", "KEY=1\n")
    path = packed(story)
    there.bring(path)
    assert (there.home() / ".env").read_text() == NEW_ENV
    assert stat.S_IMODE((there.home() / ".env").stat().st_mode) == 0o600


def test_a_whole_backup_of_a_home_without_keys_gets_a_file_for_them(
    whole: Story, there: Elsewhere
) -> None:
    (whole.home / ".env").unlink()
    path = packed(whole, "x.tar.gz.age", full=True, passphrase="p")
    import_(there.ctx, path, GO, yes, passphrase=lambda: "p")
    assert (there.home() / ".env").read_text() == NEW_ENV
    assert stat.S_IMODE((there.home() / ".env").stat().st_mode) == 0o600
