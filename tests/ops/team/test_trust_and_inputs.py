"""Keys, policies and answers to inputs come with the file, are judged as they will be, and are never overwritten unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repo
from teams import apply, ends, failed, machine, package

from hermes_dist.errors import ExitCode, Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.team import apply as ops
from hermes_dist.ops.team.apply import Options, Planned, State
from hermes_dist.ops.team.snapshot import snapshot
from hermes_dist.ops.trust import trusted_keys
from hermes_dist.voice.team.data import apply_data
from hermes_dist.voice.team.lines import step_words

KEY = "SHA256:" + "a" * 43
OTHER = "SHA256:" + "b" * 43
TRUST = f"""
[[trusted]]
name = "Acme releases"
fingerprint = "{KEY}"

[[revoked]]
name = "Mallory"
fingerprint = "{OTHER}"
reason = "left"
"""
POLICY = """
[[policies]]
name = "acme"
sources = ["{folder}/*"]
require = []
"""
ASKS = """\
name: desk
version: 1.0.0
inputs:
  team:
    description: The team
  turns:
    type: integer
    default: 40
  token:
    secret: true
    env: DESK_TOKEN
"""


def desk(folder: Path) -> None:
    package(
        folder,
        "desk",
        **{
            "distribution.yaml": ASKS,
            "SOUL.md": "You work for ${input:team}.\n",
            "config.yaml": "agent:\n  max_turns: ${input:turns}\n",
        },
    )


def test_keys_and_policies_come_and_make_the_same_snapshot(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text(f"format = 1\n{TRUST}{POLICY.format(folder=tmp_path)}")
    ctx = machine(tmp_path / "one")
    done = apply(ctx, file)
    assert failed(done) == []
    assert [step_words(step) for step in done.steps] == [
        f"refuse the key {OTHER} (Mallory) from now on",
        f"trust the key {KEY} (Acme releases)",
        f"put the policy acme into force: sources {tmp_path}/*",
    ]
    assert apply(ctx, file).steps == ()
    text = snapshot(ctx).text
    (tmp_path / "snapshot.toml").write_bytes(text)
    assert apply(ctx, tmp_path / "snapshot.toml").steps == ()
    other = machine(tmp_path / "two")
    assert failed(apply(other, tmp_path / "snapshot.toml")) == []
    assert snapshot(other).text == text
    assert trusted_keys.trusted(other).keyring.name_of(KEY) == "Acme releases"
    # Another policy of that name takes its place, and that is said.
    file.write_text('format = 1\n[[policies]]\nname = "acme"\nrequire = ["signature"]\n')
    (step,) = apply(other, file).steps
    assert step_words(step) == "replace the policy acme by: require signature"
    assert [one.sources for one in trusted_keys.trusted(other).policies] == [None]


def test_what_the_user_decided_about_keys_and_policies_stays(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text(f"format = 1\n{TRUST}{POLICY.format(folder=tmp_path)}")
    ctx = machine(tmp_path / "one")
    own = ctx.layout.policies[1]
    own.parent.mkdir(parents=True)
    own.write_text('# mine\nrequire = ["signature"]\n')
    trusted_keys.remove(ctx, KEY, revoke=True, reason="mine")
    planned = ops.prepare(ctx, file, Options())
    assert [step.state for step in planned.steps] == [State.PLANNED, State.FAILED, State.PLANNED]
    done = apply(ctx, file)
    assert "was revoked on this machine" in str(done.steps[1].error)
    assert own.read_text().startswith("# mine")
    assert trusted_keys.trusted(ctx).keyring.revocation(KEY) is not None
    names = [one.place for one in snapshot(ctx).team.policies]
    assert names == ["acme", "own"]


def _hint(planned: ops.Planned) -> str:
    error = planned.steps[-1].error
    assert error is not None
    return error.hint


def test_a_policy_of_the_file_already_counts_for_what_it_brings(tmp_path: Path) -> None:
    package(tmp_path / "good" / "bot", "bot")
    package(tmp_path / "bad" / "bot", "bot")
    file = tmp_path / "team.toml"
    file.write_text(
        f"format = 1\n{POLICY.format(folder=tmp_path / 'good')}"
        '[[profiles]]\nname = "a"\nsource = "./good/bot"\n'
        '[[profiles]]\nname = "b"\nsource = "./bad/bot"\n'
    )
    ctx = machine(tmp_path / "one")
    planned = ops.prepare(ctx, file, Options())
    assert not ctx.layout.team_policies.exists()
    assert [step.state for step in planned.steps] == [State.PLANNED, State.PLANNED, State.FAILED]
    assert f"see sources in {file.resolve()}" in _hint(planned)
    done = apply(ctx, file)
    assert done.code == ExitCode.REFUSED
    # What is on this machine already is in a file of its own.
    file.write_text(
        f"format = 1\n{POLICY.format(folder=tmp_path / 'good')}{TRUST}"
        '[[profiles]]\nname = "b"\nsource = "./bad/bot"\n'
    )
    own = ctx.layout.team_policies / "acme.toml"
    assert f"see sources in {own}" in _hint(ops.prepare(ctx, file, Options()))
    assert ends(done)[1:] == [("a", "install", "done"), ("b", "install", "failed")]


def test_answers_come_with_the_file_and_change_with_it(tmp_path: Path) -> None:
    desk(tmp_path / "desk")
    (tmp_path / "token").write_text("tick-4711-secret\n")
    file = tmp_path / "team.toml"
    start = 'format = 1\n[[profiles]]\nname = "desk"\nsource = "./desk"\n'
    file.write_text(
        f'{start}inputs = {{ team = "search and rescue", turns = 50, token = "file:token" }}\n'
    )
    ctx = machine(tmp_path / "one")
    done = apply(ctx, file)
    assert failed(done) == []
    home = ctx.layout.home(ProfileName("desk"))
    assert (home / "SOUL.md").read_text() == "You work for search and rescue.\n"
    assert "max_turns: 50" in (home / "config.yaml").read_text()
    assert "DESK_TOKEN=tick-4711-secret" in (home / ".env").read_text()
    assert "tick-4711" not in json.dumps(apply_data("f", done, [], dry_run=False, spelled=str))
    assert "tick-4711" not in f"{done!r}"
    assert apply(ctx, file).steps == ()

    file.write_text(f'{start}inputs = {{ team = "text:env:X", turns = 50 }}\n')
    again = apply(ctx, file)
    assert failed(again) == []
    assert step_words(again.steps[0]).startswith("update, and answer team")
    assert (home / "SOUL.md").read_text() == "You work for env:X.\n"
    assert apply(ctx, file).steps == ()

    found = snapshot(ctx)
    (tmp_path / "snapshot.toml").write_bytes(found.text)
    assert dict(found.team.profiles[0].inputs) == {"team": "text:env:X", "turns": "50", "token": ""}
    assert dict(found.team.profiles[0].variables) == {}
    assert apply(ctx, tmp_path / "snapshot.toml").steps == ()
    # Nobody says where the token is: that is told before anything is done, and not by halves.
    two = machine(tmp_path / "two")
    (step,) = ops.prepare(two, tmp_path / "snapshot.toml", Options()).steps
    assert step.error is not None
    assert step.error.where == "desk: input token"
    assert "in inputs" in step.error.hint


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ('{ team = "a", token = "tick" }', "is a secret"),
        ('{ team = "a", token = "env:TOKEN", tem = "b" }', "no input 'tem'"),
        ('{ team = "a", token = "env:NOT_SET" }', "not set in this shell"),
        ('{ team = "a", turns = "many", token = "env:TOKEN" }', "does not fit"),
    ],
)
def test_an_answer_that_does_not_fit_is_said_before_anything_is_done(
    tmp_path: Path, inputs: str, what: str
) -> None:
    desk(tmp_path / "desk")
    file = tmp_path / "team.toml"
    file.write_text(
        f'format = 1\n[[profiles]]\nname = "desk"\nsource = "./desk"\ninputs = {inputs}\n'
    )
    ctx = machine(tmp_path / "one", TOKEN="x")
    (step,) = ops.prepare(ctx, file, Options()).steps
    assert step.state is State.FAILED
    assert what in str(step.error)
    assert not ctx.layout.home(ProfileName("desk")).exists()


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4b", "looks like a secret"),
        ("op:/a/b", "not a valid reference"),
        ("pass:-rf", "not a valid reference"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(
    tmp_path: Path, word: str, what: str
) -> None:
    file = tmp_path / "team.toml"
    file.write_text(
        f'format = 1\n[[profiles]]\nname = "a"\nsource = "x/y"\ninputs = {{ k = "{word}" }}\n'
    )
    with pytest.raises(Invalid, match=what) as caught:
        ops.read_team(file)
    assert word not in f"{caught.value} {caught.value.hint}"
    assert (caught.value.where or "").endswith("team.toml:5: profiles[0].inputs.k")


def test_answers_reach_the_layers_that_ask(tmp_path: Path) -> None:
    package(tmp_path / "bot", "bot")
    desk(tmp_path / "desk")
    (tmp_path / "desk" / "SOUL.md").unlink()
    (tmp_path / "desk" / "config.yaml").write_text("agent:\n  max_turns: ${input:turns}\n")
    file = tmp_path / "team.toml"
    file.write_text(
        'format = 1\n[[profiles]]\nname = "bot"\nsource = "./bot"\nlayers = [{ source = "./desk" }]\n'
        'inputs = { team = "a", turns = 7, token = "env:TOKEN" }\n'
    )
    ctx = machine(tmp_path / "one", TOKEN="tick")
    done = apply(ctx, file)
    assert failed(done) == []
    home = ctx.layout.home(ProfileName("bot"))
    assert "max_turns: 7" in (home / "config.yaml").read_text()
    assert "DESK_TOKEN=tick" in (home / ".env").read_text()
    assert apply(ctx, file).steps == ()


def test_a_held_profile_on_layers_of_its_users_is_held_at_the_same_commits(tmp_path: Path) -> None:
    bot, tools = (Repo(tmp_path / name, bare=True) for name in ("bot", "tools"))
    bot.commit({"distribution.yaml": "name: bot\nversion: 1\n", "SOUL.md": "One.\n"})
    skill = "---\nname: find\n---\n{}\n"
    tools.commit(
        {
            "distribution.yaml": "name: tools\nversion: 1\n",
            "skills/find/SKILL.md": skill.format("One."),
        }
    )
    file = tmp_path / "team.toml"
    file.write_text(
        f'format = 1\n[[profiles]]\nname = "bot"\nsource = "file://{bot.path}"\nheld = true\n'
        f'layers = [{{ source = "file://{tools.path}" }}]\n'
    )
    one = machine(tmp_path / "one")
    assert failed(apply(one, file)) == []
    found = snapshot(one)
    (tmp_path / "snapshot.toml").write_bytes(found.text)
    bot.commit({"SOUL.md": "Two.\n"})
    tools.commit({"skills/find/SKILL.md": skill.format("Two.")})
    assert apply(machine(tmp_path / "one"), tmp_path / "snapshot.toml").steps == ()
    two = machine(tmp_path / "two")
    assert failed(apply(two, tmp_path / "snapshot.toml")) == []
    home = two.layout.home(ProfileName("bot"))
    assert (home / "SOUL.md").read_text() == "One.\n"
    assert "One." in (home / "skills/find/SKILL.md").read_text()
    lock = look_into(two, ProfileName("bot")).lock
    assert lock is not None
    assert lock.held
    assert apply(machine(tmp_path / "two"), tmp_path / "snapshot.toml").steps == ()


def test_an_insecure_source_needs_the_option_as_install_does(tmp_path: Path) -> None:
    file = tmp_path / "team.toml"
    file.write_text('format = 1\n[[profiles]]\nname = "a"\nsource = "http://git.example/x/y"\n')
    with pytest.raises(Invalid, match="not secure"):
        ops.read_team(file)
    team = ops.read_team(file, allow_insecure=True)
    assert team.profiles[0].source == "http://git.example/x/y"


def test_only_what_differs_is_set_again_and_versions_may_stay(tmp_path: Path) -> None:
    desk(tmp_path / "desk")
    file = tmp_path / "team.toml"
    file.write_text(
        'format = 1\n[[profiles]]\nname = "desk"\nsource = "./desk"\n'
        'inputs = { team = "env:TEAM", token = "env:TOKEN" }\nvariables = { A = "env:A", B = "env:B" }\n'
    )

    def run(**env: str) -> Planned:
        ctx = machine(tmp_path / "one", **{"TEAM": "rescue", "TOKEN": "tick", "A": "1", **env})
        return apply(ctx, file, set_again=True, updates=False)

    assert failed(run(B="2")) == []
    assert run(B="2").steps == ()
    changed = run(B="3")
    assert [(one.action.kind, one.action.things) for one in changed.steps] == [
        ("variables", ("B",))
    ]
    changed = run(B="3", TOKEN="tock")
    assert [(one.action.kind, one.action.answers) for one in changed.steps] == [
        ("update", ("token",))
    ]
    env = machine(tmp_path / "one").layout.home(ProfileName("desk")) / ".env"
    assert "DESK_TOKEN=tock\n" in env.read_text()
    assert run(B="3", TOKEN="tock").steps == ()

    # What is new in the source waits until updates are wanted.
    soul = tmp_path / "desk" / "SOUL.md"
    soul.write_text(soul.read_text() + "Be brief.\n")
    assert run(B="3", TOKEN="tock").steps == ()
    assert ends(apply(machine(tmp_path / "one"), file)) == [("desk", "update", "done")]
