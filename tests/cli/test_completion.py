"""Completion in real shells."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from every_verb import every_verb
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from story import FIRST, Story, yes

from hermes_dist.brand import HERMES, Layout
from hermes_dist.cli.entry import candidates
from hermes_dist.cli.entry.main import options_of
from hermes_dist.decide.profiles.completion import FILES, Facts, Word, agent_commands, complete
from hermes_dist.decide.profiles.completion_scripts import SHELLS, script
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.conflicts.merge_tool import TOOLS
from hermes_dist.ops.front_door import launcher as front_door
from hermes_dist.ops.package.install import install
from hermes_dist.ops.profiles import aliases

AGENT = """\
#!/bin/sh
case "$1" in
  --help) echo "usage: hermes [-h] [--version]"; echo "              {chat,gateway,zap-it,profile}" ;;
  gateway) echo "usage: hermes gateway {start,stop}" ;;
esac
"""


@pytest.fixture
def layout(home: Path) -> Layout:
    layout = Layout(HERMES, home / ".hermes", home)
    for name in ("coder", "writer"):
        layout.home(ProfileName(name)).mkdir(parents=True)
    front_door.install(layout)
    agent = home / "opt" / "hermes"
    agent.parent.mkdir()
    agent.write_text(AGENT)
    agent.chmod(0o755)
    (agent.parent / "notes.tar").touch()
    return layout


def env(layout: Layout) -> dict[str, str]:
    folders = [layout.commands, layout.user_home / "opt", Path(sys.executable).parent]
    return {
        "HOME": str(layout.user_home),
        "PATH": os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
    }


def shell(layout: Layout, words: list[str], text: str = "") -> str:
    done = subprocess.run(
        words,
        env=env(layout),
        cwd=layout.user_home / "opt",
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


CASES = [
    (["hermes", "-p", ""], ["default", "coder", "writer"]),
    (["hermes", "chat", "-p", "w"], ["writer"]),
    (["hermes", "--profile", "c"], ["coder"]),
    (["hermes", "zap"], ["zap-it"]),
    (["hermes", "gateway", "st"], ["start", "stop"]),
    (["hermes", "gateway", "r"], ["route"]),
    (["hermes", "gatew"], ["gateway", "gateways"]),
    (["hermes", "profile", "-p", "coder", "dele"], ["delete"]),
    (["hermes", "profile", "del"], ["delete"]),
    (["hermes", "profile", "show", "w"], ["writer"]),
    (["hermes", "profile", "create", "x", "--clone-from", "c"], ["coder"]),
    (["hermes", "profile", "create", "--with"], ["--with-channel-tokens"]),
    (["hermes", "completion", "f"], ["fish"]),
    (["hermes-dist", "resto"], ["restore"]),
    (["hermes-dist", "gateway", "route", "te"], ["test"]),
    (["hermes-dist", "update", "coder", "--conflict", "th"], ["theirs"]),
    (["hermes-dist", "help", "unho"], ["unhold"]),
    (["hermes-dist", "rename", "wr"], ["writer"]),
    (["coder", "cha"], ["chat"]),
    (["hermes-dist", "restore", ""], []),
    (["hermes-dist", "list", ""], []),
    (["hermes-dist", "backup", "--output", "no"], ["notes.tar"]),
    (["hermes-dist", "import", "no"], ["notes.tar"]),
    (["hermes-dist", "resolve", "coder", "--tool", "me"], ["meld"]),
]


def test_descriptions_are_shown_where_a_shell_can(layout: Layout) -> None:
    shown = "Show what would ship, what stays home, and why."
    for name, asks in (("zsh", True), ("fish", True), ("bash", False), ("powershell", False)):
        assert ("HERMES_DIST_ABOUT=1" in shell(layout, ["hermes", "completion", name])) == asks
    asked = ["hermes-dist", "completion", "words", "ours", "--", "pack", "--li"]
    assert shell(layout, asked) == "--list\n"
    assert shell(layout, ["env", "HERMES_DIST_ABOUT=1", *asked]) == f"--list\t{shown}\n"


def test_bash_completes(layout: Layout) -> None:
    aliases.write(layout, aliases.plan(layout, ProfileName("coder"), env=env(layout)))
    lines = [
        'eval "$(hermes completion bash)"',
        'one() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hermes_dist_complete; echo "${COMPREPLY[@]}"; }',
        *(" ".join(["one", *(f"'{word}'" for word in words)]) for words, _ in CASES),
        "one hermes --profile = w",
        "one hermes-dist update --conflict =",
        "complete -p coder >/dev/null && echo registered",
    ]
    found = shell(layout, ["bash", "--norc", "-e"], "\n".join(lines)).splitlines()
    assert [line.split() for line in found[:-3]] == [wanted for _, wanted in CASES]
    assert found[-3:] == ["writer", "keep theirs ask abort", "registered"]


def test_bash_completes_files_on_a_real_tab_only_where_one_is_meant(layout: Layout) -> None:
    lines = [
        "bind 'set bell-style none'; PS1=",
        'eval "$(hermes completion bash)"; complete -F _hermes_dist_complete echo',
        "echo import not\t>&2; echo restore not\t>&2; exit",
    ]
    child, terminal = pty.fork()
    if not child:
        os.chdir(layout.user_home / "opt")
        os.execve("/bin/bash", ["bash", "--norc", "-i"], env(layout))
    os.write(terminal, "".join(f"{line}\n" for line in lines).encode())
    said = b""
    while part := _read(terminal):
        said += part
    os.waitpid(child, 0)
    assert b"\nimport notes.tar" in said.replace(b"\r", b"")
    assert b"\nrestore not\r" in said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the shell ended
        return b""


@pytest.mark.needs("fish")
def test_fish_completes(layout: Layout) -> None:
    aliases.write(layout, aliases.plan(layout, ProfileName("coder"), env=env(layout)))
    asked = [f"complete -C '{' '.join(words)}'; echo ==" for words, _ in CASES]
    found = shell(
        layout,
        ["fish", "--no-config", "-c", "\n".join(["hermes completion fish | source", *asked])],
    )
    # Behind a tab, fish shows what a candidate is.
    answers = [
        [line.partition("\t")[0] for line in part.splitlines()] for part in found.split("==\n")[:-1]
    ]
    # fish puts its answers in an order of its own, and completes a dash itself
    assert [sorted(answer) for answer in answers] == [sorted(wanted) for _, wanted in CASES]


@pytest.mark.needs("zsh")
def test_zsh_completes(layout: Layout) -> None:
    aliases.write(layout, aliases.plan(layout, ProfileName("coder"), env=env(layout)))
    lines = [
        'eval "$(hermes completion zsh)"',
        'compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -r -- "$@"; }',
        "_files() { print -r -- ${words[CURRENT]}*(N); }",
        'one() { local -a words=("$@"); local CURRENT=$#; print -r -- "$(_hermes_dist_complete)"; }',
        *(" ".join(["one", *(f"'{word}'" for word in words)]) for words, _ in CASES),
        "print -r -- ${_comps[coder]} ${_comps[hermes-dist]}",
    ]
    found = shell(layout, ["zsh", "-f", "-e"], "\n".join(lines)).splitlines()
    assert [line.split() for line in found[:-1]] == [wanted for _, wanted in CASES]
    assert found[-1] == "_hermes_dist_complete _hermes_dist_complete"


@pytest.mark.needs("zsh")
def test_zsh_completes_on_a_real_tab(layout: Layout) -> None:
    script = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=">"; eval "$(hermes completion zsh)"; echo rea"dy"'
zpty -r shell out '*ready*'
zpty -w -n shell $'echo hermes >/dev/null; hermes profile show wri\\t\\t'
sleep 3
zpty -r -t shell out '*writer*' && print found
zpty -d shell
"""
    assert "found" in shell(layout, ["zsh", "-f"], script)


def test_every_shell_gets_a_script_and_any_other_a_sentence(layout: Layout) -> None:
    for name in SHELLS:
        text = shell(layout, ["hermes", "completion", name])
        assert text.startswith("# completion for ")
        assert "zap-it" in text
    done = subprocess.run(
        ["hermes", "completion", "tcsh"],
        env=env(layout),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, "bash, zsh, fish, powershell" in done.stderr) == (2, True)


def test_powershell_is_quoted_in_its_own_way(layout: Layout) -> None:
    text = shell(layout, ["hermes-dist", "completion", "powershell"])
    assert "Register-ArgumentCompleter -Native -CommandName 'hermes', 'hermes-dist'" in text
    assert "'--front-door=hermes' 'completion' 'words' $door -- @rest" in text


FACTS = Facts(
    verbs={"show": "", "front-door": "", "front-door install": ""},
    agent=("chat",),
    profiles=(Word("default"), Word("coder")),
)


@given(st.lists(st.text(max_size=8), max_size=5), st.booleans())
def test_whatever_was_typed_candidates_begin_as_the_word_does(words: list[str], ours: bool) -> None:
    for each in complete(words, FACTS, ours=ours):
        assert each is FILES or each.word.startswith(words[-1] if words else "")


FREE = frozenset(
    [
        "--state",
        "--name",
        "--machine",
        "--set",
        "--port",
        "--at",
        "--jitter",
        "--as",
        "--description",
        "--text",
        "--author",
        "--license",
        "--requires",
        "--version",
        "--reason",
        "--branch",
        "-m",
        "--env",
        "--set",
        "--set-file",
        "--guild",
        "--channel",
        "--thread",
        "--user",
        "--limit",
        "--keep",
        "--older-than",
        "--jobs",
        "--wait",
        "--grace",
        "--lines",
        "--tag",
        "--allow-finding",
        "--fingerprint",
    ]
)
"""Options whose value nobody knows beforehand."""
FREE_ARGUMENTS = {
    "create": 1,  # a new name
    "rename": 1,  # the new name
    "trust add": 1,  # a name for the key
    "yank": 1,  # a version of a package of one's own
    "search": 1,
    "watch owner add": 1,  # the id of a person
    "watch owner remove": 1,
    "watch code": 1,  # the id of a plan, as a chat shows it
    "backup restore": 1,  # what is in an encrypted file
    "sync accept": 1,
    "sync forget": 1,  # a machine, which its repository knows
}


def test_whatever_has_a_known_set_of_words_is_completed() -> None:
    for verb, found in every_verb().items():
        facts = replace(
            FACTS, verbs={verb: ""}, values=lambda kind, _: [Word(kind)], profiles=[Word("p")]
        )
        facts = replace(facts, options=lambda verb: options_of(verb.split()))
        _check(verb, found, facts)


def _check(verb: str, command: click.Command, facts: Facts) -> None:
    given = verb.split()
    free = FREE_ARGUMENTS.get(verb, 0)
    for param in command.params:
        if isinstance(param, click.Argument):
            if complete([*given, ""], facts, ours=True):
                given.append("p")
                continue
            assert free, f"{verb}: {param.name}"
            free -= 1
            given.append("p")
        elif not (param.is_flag or param.count) and FREE.isdisjoint(param.opts):
            asked = [*verb.split(), param.opts[-1], ""]
            assert complete(asked, facts, ours=True), f"{verb} {param.opts}"


def test_the_tools_that_are_offered_are_those_that_can_be_opened() -> None:
    found = complete(["resolve", "--tool", ""], FACTS, ours=True)
    assert [each.word for each in found] == [*TOOLS, "git"]


def test_a_name_from_a_package_that_a_shell_would_act_on_is_not_offered(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # bash puts a candidate into the line without quoting, and Enter would run what is in it.
    names = ("$(touch ran)", "`touch ran`", "x;touch ran", "x & touch ran", "good one")
    Story(home, {**FIRST, **{f"skills/{name}/SKILL.md": "x\n" for name in names}}).install()
    capsys.readouterr()
    assert candidates.words(HERMES, ["ours", "--", "keep", "bot", "skills/"]) == 0
    offered = capsys.readouterr().out
    assert "skills/good one/SKILL.md" in offered
    assert "touch ran" not in offered


def test_jobs_that_wait_are_offered_by_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    when = {"kind": "cron", "expr": "0 7 * * *"}
    names = {"a" * 12: "Morning brief", "b" * 12: "twin", "c" * 12: "twin"}
    jobs = [{"id": i, "name": n, "prompt": "hi", "schedule": when} for i, n in names.items()]
    story = Story(home, {**FIRST, "cron/jobs.json": json.dumps({"jobs": jobs})})
    install(story.ctx, story.url, Request(), yes, name="bot")
    capsys.readouterr()
    assert candidates.words(HERMES, ["ours", "--", "approve", "bot", ""]) == 0
    offered = capsys.readouterr().out.splitlines()
    assert "Morning brief" in offered
    assert {f"jobs[id={each}]" for each in names} <= set(offered)
    assert "twin" not in offered  # a name of two jobs does not tell which


def test_bash_keeps_a_candidate_with_a_space_one_word() -> None:
    text = script("bash", ["printf", "good one\n"], ["x"], [], "")
    lines = [text, "COMP_WORDS=(x 'good\\ o'); COMP_CWORD=1; _hermes_dist_complete"]
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join([*lines, 'echo "${#COMPREPLY[@]} ${COMPREPLY[0]}"'])],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "1 good\\ one\n"


def test_verbs_below_verbs_are_completed() -> None:
    assert complete(["front-door", ""], FACTS, ours=True) == [Word("install")]
    assert complete(["profile", "front-door", ""], FACTS, ours=False) == [Word("install")]
    assert complete(["--profile=c"], FACTS, ours=False) == [Word("--profile=coder")]


def test_the_agents_commands_are_read_from_its_help() -> None:
    assert agent_commands("usage: x [-h] {a,b-c}\n  {a,b-c} ...") == ["a", "b-c"]
    assert agent_commands("usage: x") == []
    rows = "usage: x <command> ...\n\n  <command>   Command to run\n    a           One {b}\n                more\n    b-c (d)     Two\n\n  -h  help\n"
    assert agent_commands(rows) == ["a", "b-c"]
