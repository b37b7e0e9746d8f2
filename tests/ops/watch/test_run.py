"""The daily check: each release is told once, to each owner, and nothing is changed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from chatting import BOT, Chatting
from flatdisk import flatten
from story import GO, yes

from hermes_dist.decide.watch.news import Mark
from hermes_dist.errors import Busy, DistError, Refused
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers import own
from hermes_dist.ops.package import inspect
from hermes_dist.ops.package.history import hold
from hermes_dist.ops.profiles.lifecycle import create
from hermes_dist.ops.watch import run as watch
from hermes_dist.ops.watch.owners import add_owner, owners_of, remember_chat
from hermes_dist.ops.watch.state import changing
from hermes_dist.voice.watch.chat_text import for_chat
from hermes_dist.voice.watch.news import news_text
from hermes_dist.world.disk.locks import flock

WORDS = partial(news_text, command="hermes-dist")
SERVER = "mcp_servers:\n  fetch:\n    command: npx\n    args: [fetch]\n"


@pytest.fixture
def machine(home: Path) -> Chatting:
    return Chatting(home)


def run(ctx: Context) -> tuple[watch.Ran, list[str]]:
    said: list[str] = []
    return watch.run(ctx, WORDS, for_chat, said.append), said


def tree(machine: Chatting) -> dict[str, bytes]:
    home = machine.ctx.layout.home(BOT)
    return {str(p): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def test_nothing_new_is_quiet(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    ran, said = run(machine.ctx)
    assert (ran, said, machine.sent()) == (watch.Ran(), [], [])


def test_a_release_is_told_once_and_nothing_is_changed(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    before = tree(machine)
    machine.release({"config.yaml": SERVER, "CHANGELOG.md": "# 1.2.0\n\n- Fetches pages.\n"})
    ran, said = run(machine.ctx)
    (text,) = said
    assert "bot 1.2.0 (here 1.1.0) is out, for: bot" in text
    assert "- Fetches pages." in text
    assert "would wait for your approval: mcp_servers.fetch" in text
    ((words, message),) = machine.sent()
    assert words[:1] == ["send"]
    assert "--to=telegram:7" in words
    # The stand-in is no Python program, so the copy for the model can't be switched off: no word of the author goes.
    assert "Fetches pages" not in message
    assert "fetch" not in message
    assert "1 line of release notes: /dist update shows them" in message
    assert "1 thing would wait for your approval" in message
    assert [d.sent for d in ran.deliveries] == [True]
    assert run(machine.ctx) == (watch.Ran(), [])
    assert len(machine.sent()) == 1
    assert tree(machine) == before
    assert text in (machine.ctx.layout.watch / "watch.log").read_text()
    assert not list(machine.ctx.layout.watch.glob("message-*"))


def test_an_agent_in_python_gets_the_authors_words_without_the_copy_for_the_model(
    machine: Chatting,
) -> None:
    """Its own ``send`` keeps a copy in the conversation, as if the model had said it."""
    site = machine.home / "agent" / "site"
    for name, text in {
        "gateway/__init__.py": "",
        "gateway/mirror.py": "def mirror_to_session(*args, **named):\n    return True\n",
        "hermes_cli/__init__.py": "",
        "hermes_cli/main.py": (
            "import os, sys\n"
            "def main():\n"
            "    if 'send' not in sys.argv:\n"
            "        print('v0.19.0')\n"
            "        return 0\n"
            "    from gateway.mirror import mirror_to_session\n"
            "    text = open(sys.argv[-1].partition('=')[2]).read()\n"
            "    out = os.path.join(os.environ['HOME'], 'heard')\n"
            "    open(out, 'w').write(f'{mirror_to_session(1)} {sys.argv[1:-1]} {text}')\n"
            "    return 0\n"
        ),
    }.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    launcher = Path(machine.env["HERMES_AGENT_BIN"])
    launcher.write_text(
        f"#!{sys.executable}\nimport sys\nfrom hermes_cli.main import main\nsys.exit(main())\n"
    )
    machine.env["PYTHONPATH"] = str(site)
    add_owner(machine.ctx, "telegram", "7")
    machine.release({"CHANGELOG.md": "# 1.2.0\n\n- Fetches pages.\n"})
    ran, said = run(machine.ctx)
    assert [d.sent for d in ran.deliveries] == [True]
    heard = (machine.home / "heard").read_text()
    assert heard == f"False ['send', '--to=telegram:7'] {for_chat(said[0])}"
    assert "Fetches pages" in heard
    # A later agent keeps its copy elsewhere: then no word of the author goes.
    (site / "gateway/mirror.py").write_text("def mirror_to_session2():\n    pass\n")
    (site / "hermes_cli/main.py").write_text(
        (site / "hermes_cli/main.py")
        .read_text()
        .replace("mirror_to_session", "mirror_to_session2")
        .replace("2(1)", "2()")
    )
    machine.release({"CHANGELOG.md": "# 1.3.0\n\n- Fetches more.\n"})
    run(machine.ctx)
    heard = (machine.home / "heard").read_text()
    assert "bot 1.3.0" in heard
    assert "Fetches more" not in heard


def test_a_newer_layer_is_told_as_a_layer(machine: Chatting, home: Path) -> None:
    folder = home / "pack"
    folder.mkdir()
    (folder / "distribution.yaml").write_text("name: pack\n")
    (folder / "config.yaml").write_text("agent: {max_turns: 20}\n")
    lab = create(machine.ctx, "lab", alias=False, skills=False).name
    own.add(machine.ctx, lab, str(folder), GO, yes)
    (folder / "config.yaml").write_text("agent: {max_turns: 30}\n")
    (text,) = run(machine.ctx)[1]
    assert text.startswith("a newer layer of lab (pack) is out, for: lab\n")


def test_the_next_release_is_told_again(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    for number in (2, 3):
        machine.release({"SOUL.md": f"{number}\n"})
        run(machine.ctx)
    assert [
        f"bot 1.{number}.0" in text
        for number, (_, text) in zip((2, 3), machine.sent(), strict=True)
    ]


def test_a_source_that_does_not_answer_is_quiet_and_told_later(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    machine.release({"SOUL.md": "two\n"})
    offline = machine.ctx.with_options(offline=True)
    # Over file:// nothing is contacted, so the repository goes away instead.
    away = machine.repo.path.rename(machine.home / "away")
    ran, said = run(offline)
    assert (said, machine.sent()) == ([], [])
    assert ran.unreachable == (BOT,)
    away.rename(machine.repo.path)
    assert len(run(machine.ctx)[1]) == 1


def test_each_owner_is_told_in_the_chat_of_that_person(machine: Chatting) -> None:
    ctx = machine.ctx
    add_owner(ctx, "telegram", "7")
    add_owner(ctx, "discord", "8")
    add_owner(ctx, "slack", "9")
    discord = owners_of(ctx).find("discord", "8")
    assert discord is not None
    remember_chat(ctx, discord, "-800", "bot")
    machine.release({"SOUL.md": "two\n"})
    run(ctx)
    calls = [words for words, _ in machine.sent()]
    assert [word for words in calls for word in words if word.startswith("--to")] == [
        "--to=telegram:7",
        "--to=discord:-800",
    ]
    assert calls[1][:2] == ["-p", "bot"]
    slack = owners_of(ctx).find("slack", "9")
    assert slack is not None
    remember_chat(ctx, slack, "D9", "gone")
    run(ctx)
    assert machine.sent()[2][0][-2:][0] == "--to=slack:D9"


def test_what_the_agent_could_not_send_is_sent_the_next_time(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    machine.release({"SOUL.md": "two\n"})
    (machine.home / "fails").touch()
    ran, said = run(machine.ctx)
    assert [(d.sent, d.why) for d in ran.deliveries] == [(False, "hermes send: no such chat")]
    assert len(said) == 1
    (machine.home / "fails").unlink()
    ran, said = run(machine.ctx)
    assert [d.sent for d in ran.deliveries] == [True]
    assert said == []
    run(machine.ctx)
    assert len(machine.sent()) == 2


def test_killed_while_it_sends_it_sends_no_second_time(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    machine.release({"SOUL.md": "two\n"})
    (machine.home / "dies").touch()
    code = (
        "from hermes_dist.cli.entry.start import hermes; import sys;"
        "sys.argv = ['hermes-dist', 'watch', 'run']; hermes()"
    )
    env = {**os.environ, **machine.env}
    ended = subprocess.run([sys.executable, "-c", code], env=env, check=False, capture_output=True)
    assert ended.returncode == -9
    (machine.home / "dies").unlink()
    (lost,) = watch.last_run(machine.ctx).uncertain
    assert (lost.to, lost.mark) == ("telegram:7", Mark.BEGUN)
    assert run(machine.ctx)[0].deliveries == ()
    assert len(machine.sent()) == 1


def test_one_message_for_all_profiles_of_a_package(machine: Chatting) -> None:
    from hermes_dist.ops.change.request import Request
    from hermes_dist.ops.package.install import install

    install(machine.ctx, f"file://{machine.repo.path}", Request(), lambda _: True, name="twin")
    add_owner(machine.ctx, "telegram", "7")
    machine.release({"SOUL.md": "two\n"})
    _, (text,) = run(machine.ctx)
    assert "for: bot, twin" in text
    assert len(machine.sent()) == 1


def test_a_held_profile_hears_nothing_and_a_pinned_one_of_newer_versions(
    machine: Chatting,
) -> None:
    from hermes_dist.ops.change.request import Request
    from hermes_dist.ops.package.install import install

    source = f"file://{machine.repo.path}#v1.1.0"
    install(machine.ctx, source, Request(), lambda _: True, name="pinned")
    hold(machine.ctx, BOT, on=True)
    machine.release({"SOUL.md": "two\n"})
    _, (text,) = run(machine.ctx)
    assert "bot 1.2.0 (here 1.1.0) is out, for: pinned" in text
    assert "update pinned --to v1.2.0 -n" in text
    assert run(machine.ctx)[1] == []


def test_what_would_be_refused_is_said(machine: Chatting) -> None:
    machine.release({"distribution.yaml": "name: [bot\n"})
    _, said = run(machine.ctx)
    assert "an update is refused" in said[0]
    assert run(machine.ctx)[1] == []


def test_a_message_holds_no_secret_and_no_escape_code(machine: Chatting) -> None:
    secret = "tok-9f8e7d6c5b4a39281706"
    (machine.ctx.layout.home(BOT) / ".env").write_text(f"FETCH_API_KEY={secret}\n")
    notes = f"# 1.2.0\n\n- \x1b[31mred\x1b[0m MEDIA:/etc/passwd ```{secret} ![x](http://e/x.png)\n"
    add_owner(machine.ctx, "telegram", "7")
    machine.release({"CHANGELOG.md": notes})
    _, said = run(machine.ctx)
    for text in (*said, machine.sent()[0][1], (machine.ctx.layout.watch / "watch.log").read_text()):
        assert secret not in text
        assert "\x1b" not in text
    message = machine.sent()[0][1]
    for mark in ("MEDIA:", "](", "red"):
        assert mark not in message
    assert message.count("```") == 2


def test_two_checks_do_not_run_at_once(machine: Chatting) -> None:
    with changing(machine.ctx.layout):
        pass
    with flock(machine.ctx.layout.watch / "run.lock"), pytest.raises(Busy, match="another check"):
        run(machine.ctx)


def test_owners_that_others_could_have_written_do_not_count(
    machine: Chatting, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_owner(machine.ctx, "telegram", "7")
    path = machine.ctx.layout.watch / "owners.json"
    path.chmod(0o666)
    with pytest.raises(Refused, match="others can write it"):
        owners_of(machine.ctx)
    path.chmod(0o600)
    assert len(owners_of(machine.ctx).owners) == 1
    with monkeypatch.context() as changed:
        flatten(changed)
        with pytest.raises(Refused) as caught:
            owners_of(machine.ctx)
    assert caught.value.hint.endswith("move it to another disk; this one keeps no permissions")
    real = path.rename(path.with_suffix(".real"))
    path.symlink_to(real)
    with pytest.raises(DistError):
        owners_of(machine.ctx)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1, "owners": [{"platform": 1}]}', "\xff"]
)
def test_a_damaged_file_is_named(machine: Chatting, text: str) -> None:
    add_owner(machine.ctx, "telegram", "7")
    path = machine.ctx.layout.watch / "owners.json"
    path.write_text(text, "latin-1")
    with pytest.raises(DistError, match=r"owners\.json"):
        owners_of(machine.ctx)


def test_a_newer_format_is_named(machine: Chatting) -> None:
    add_owner(machine.ctx, "telegram", "7")
    path = machine.ctx.layout.watch / "owners.json"
    path.write_text('{"format": 2, "owners": []}')
    with pytest.raises(DistError, match="newer hermes-dist"):
        owners_of(machine.ctx)


def test_the_log_does_not_grow_for_ever(machine: Chatting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_LARGEST_LOG", 10)
    for number in (2, 3, 4):
        machine.release({"SOUL.md": f"{number}\n"})
        run(machine.ctx)
    folder = machine.ctx.layout.watch
    assert "bot 1.4.0" in (folder / "watch.log").read_text()
    assert "bot 1.3.0" not in (folder / "watch.log").read_text()
    assert "bot 1.3.0" in (folder / "watch.log.1").read_text()
    assert inspect.info(machine.ctx, BOT).lock is not None
