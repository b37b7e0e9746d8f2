"""Where code begins to run: what of a setting, a job, a hook or a skill is a command, and where it runs."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach, SkillNames, Start
from hermes_dist.decide.consent.starts import (
    inline_skills,
    job_start,
    running,
    setting_starts,
    unit_start,
)
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest

NOWHERE = Names()


def starts(config: object, *paths: str, idle: bool = False) -> dict[KeyPath, Start]:
    found = setting_starts(config, Names(Shelf().tree(dict.fromkeys(paths, ""))))
    return found if idle else running(found, config)


def server(**entry: object) -> Start:
    return setting_starts({"mcp_servers": {"s": entry}}, NOWHERE)["mcp_servers", "s"]


@pytest.mark.parametrize(
    ("entry", "process"),
    [
        ({"command": "npx"}, True),
        ({"url": "https://x.example"}, False),
        ({"url": "https://x.example", "command": "npx"}, True),
        ({"args": ["x"]}, True),
        ({}, True),
    ],
)
def test_a_server_runs_here_unless_it_has_an_address_and_no_command(
    entry: dict[str, object], process: bool
) -> None:
    assert server(**entry).process is process


@pytest.mark.parametrize(
    "entry", [["sh", "x.sh"], "sh x.sh", [{"command": "sh", "args": ["x.sh"]}]]
)
def test_a_hook_of_the_settings_runs_here_whatever_its_form(entry: object) -> None:
    start = setting_starts({"hooks": {"pre_tool": entry}}, NOWHERE)["hooks", "pre_tool"]
    assert start.process
    assert start.lines
    assert "x.sh" in " ".join(start.words)


@pytest.mark.parametrize(
    "name",
    [
        "cwd",
        "workdir",
        "work_dir",
        "workingdir",
        "working_directory",
        "workingDirectory",
        "directory",
        "folder",
        "dir",
        "root",
        "CWD",
    ],
)
def test_a_field_that_names_a_folder_says_where_a_command_runs(name: str) -> None:
    start = server(command="npx", **{name: "tools"})
    assert start.folders == ("tools",)
    assert start.words == ("npx",)


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH",
        "NODE_PATH",
        "PATH",
        "LD_LIB",
        "JAVA_HOME",
        "CONFIG_DIR",
        "PROJECT_ROOT",
        "DATA_FOLDER",
        "NPM_CONFIG_PREFIX",
        "LIB64_X",
    ],
)
def test_a_variable_that_names_a_folder_says_where_a_command_loads_from(name: str) -> None:
    start = server(command="npx", env={name: "tools"})
    assert start.folders == ("tools",)
    # An address in it is none of this machine's folders.
    far = server(command="npx", env={name: "https://x.example/tools"})
    assert far.folders == ()
    assert far.words == ("npx", "https://x.example/tools")


@pytest.mark.parametrize("name", ["API_TOKEN", "path", "Pathology", "MODE", "cwdx", "args"])
def test_any_other_field_is_a_word_of_the_command(name: str) -> None:
    start = server(command="npx", env={name: "tools"})
    assert start.folders == ()
    assert start.words == ("npx", "tools")


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        ({"mcp_servers": {"x": {"command": "a"}}}, False),
        ({"quick_commands": {"x": {"command": "a"}}}, True),
        ({"gateway": {"quick_commands": {"x": {"command": "a"}}}}, True),
        ({"lsp": {"servers": {"x": {"command": ["a"]}}}}, True),
        ({"hooks": {"x": [{"command": "a"}]}}, True),
    ],
)
def test_each_map_of_commands_starts_its_entries_and_all_but_servers_are_lines_of_a_shell(
    config: dict[str, object], lines: bool
) -> None:
    ((key, start),) = starts(config).items()
    assert key[-1] == "x"
    assert start.words == ("a",)
    assert start.lines is lines


def test_a_server_that_is_off_starts_only_where_the_idle_ones_are_asked_for() -> None:
    config = {"mcp_servers": {"s": {"command": "npx", "enabled": False}}}
    assert starts(config) == {}
    assert list(starts(config, idle=True)) == [("mcp_servers", "s")]
    # No other map of commands has such a switch.
    assert list(starts({"quick_commands": {"q": {"command": "x", "enabled": False}}})) == [
        ("quick_commands", "q")
    ]


@pytest.mark.parametrize(
    "name",
    [
        "command",
        "commands",
        "stt_cmd",
        "extra_args",
        "argv",
        "exec",
        "script",
        "my_scripts",
        "binary",
        "bin",
        "launcher",
        "shell_init_files",
        "program",
        "interpreter",
    ],
)
def test_a_setting_that_is_called_a_command_is_one_wherever_it_stands(name: str) -> None:
    assert starts({"deep": {"down": {name: ["sh", "x"]}}})["deep", "down", name].words == (
        "sh",
        "x",
    )


@pytest.mark.parametrize("name", ["commander", "scripted", "note", "args_of"])
def test_a_setting_that_is_not_called_one_starts_nothing(name: str) -> None:
    assert starts({"deep": {name: "sh x"}}) == {}


def test_a_setting_that_holds_the_path_of_a_file_starts_it_and_a_sentence_starts_nothing() -> None:
    paths = ("tools/data", "run.py")
    assert starts({"a": {"b": "tools/data"}}, *paths)["a", "b"].words == ("tools/data",)
    assert starts({"a": {"b": ["x", "run.py"]}}, *paths)["a", "b"].words == ("run.py",)
    for text in ("data", "please run.py", "elsewhere/data", "x" * 401 + "/run.py", ""):
        assert starts({"a": {"b": text}}, *paths) == {}, text
    # Just short enough to be looked at.
    assert starts({"a": {"b": "x/" * 197 + "run.py"}}, *paths) != {}


def job(files: dict[str, str | bytes | object], *jobs: dict[str, object]) -> Start:
    """What the first job starts."""
    shelf = Shelf()
    reach = Reach(Names(shelf.tree(files)), shelf.read)
    return job_start(jobs[0], {str(each["id"]): each for each in jobs}, reach)


SKILLS: dict[str, str | bytes | object] = {
    "skills/plain/SKILL.md": "text",
    "skills/group/deep/SKILL.md": "---\nname: 'Called Other'\n---\ntext",
    "plugins/p/skills/in-plugin/SKILL.md": "text",
}


@pytest.mark.parametrize(
    ("wanted", "seeds"),
    [
        ("plain", {"skills/plain"}),
        ("/plain/", {"skills/plain"}),
        (" Plain ", {"skills/plain"}),
        (["plain", "deep"], {"skills/plain", "skills/group/deep"}),
        ("called other", {"skills/group/deep"}),
        ("group/deep", {"skills/group/deep"}),
        ("p:in-plugin", {"plugins/p", "plugins/p/skills/in-plugin"}),
        ("../x:plain", {"plugins", "skills/plain"}),
        ("nobody", set()),
    ],
)
@pytest.mark.parametrize("field", ["skill", "skills"])
def test_a_job_starts_the_skills_that_it_names(wanted: object, seeds: set[str], field: str) -> None:
    start = job(SKILLS, {"id": "a", field: wanted})
    # The name may also be that of a bundle of skills.
    assert set(start.seeds) == {*seeds, "skill-bundles"}


def test_a_job_without_a_skill_starts_none() -> None:
    assert job(SKILLS, {"id": "a", "skill": None, "skills": 7}).seeds == ()


def test_the_text_of_a_skill_tells_a_model_what_to_run() -> None:
    start = job(SKILLS, {"id": "a", "skill": "plain", "prompt": "do it"})
    assert start.prose == ("do it", "text")


def test_a_job_starts_what_the_jobs_before_it_start_however_they_are_chained() -> None:
    chain: list[dict[str, object]] = [
        {"id": "a", "context_from": "b", "script": "a.py"},
        {"id": "b", "context_from": ["c", "gone"], "monitor_script": "x/b.py", "workdir": "w"},
        {"id": "c", "context_from": "a", "interpreter": "node", "prompt": "c's"},
        {"id": "d", "script": "d.py"},
    ]
    start = job({}, *chain)
    assert set(start.seeds) == {"scripts/a.py", "scripts", "scripts/x/b.py", "scripts/x"}
    assert start.folders == ("w",)
    assert start.words == ("node",)
    assert set(start.prose) == {"", "c's"}


def test_commands_inside_a_skill_are_what_it_runs() -> None:
    shelf = Shelf()
    tree = shelf.tree(
        {
            "skills/runs/SKILL.md": "see !`sh x.sh` and !`id`",
            "skills/quotes/SKILL.md": "see `sh x.sh` and ! `id` and !`a\nb`",
            "skills/runs/other.md": "!`no`",
            "SKILL.md": "!`no`",
        }
    )
    reach = Reach(Names(tree), shelf.read)
    assert list(inline_skills(reach)) == ["skills/runs"]
    start = unit_start(RelPath("skills/runs"), reach)
    assert start.words == ("sh x.sh", "id")
    assert start.lines
    assert start.seeds == ("skills/runs",)


@pytest.mark.parametrize(
    "name", ["command", "pre_command", "commands", "x_args", "bin", "my_program"]
)
def test_a_setting_whose_name_is_that_of_a_command_starts_what_it_says(name: str) -> None:
    assert [start.words for start in starts({"theme": {name: "look"}}).values()] == [("look",)]


@pytest.mark.parametrize(
    "name", ["recommand", "robin", "subargs", "command_name", "bins_", "Xcmds"]
)
def test_a_setting_whose_name_only_ends_or_begins_like_that_starts_nothing(name: str) -> None:
    assert starts({"theme": {name: "look"}}) == {}


def test_skills_are_read_once_however_many_jobs_name_some() -> None:
    shelf = Shelf()
    tree = shelf.tree({f"skills/s{n}/SKILL.md": f"---\nname: inner-{n}\n---\n" for n in range(50)})
    read: list[str] = []

    def reading(digest: Digest) -> bytes:
        read.append(digest)
        return shelf.read(digest)

    reach = Reach(Names(tree), reading)
    for number in range(40):
        start = job_start({"skills": [f"inner-{number}", f"s{number + 1}"]}, {}, reach)
        named = [RelPath(f"skills/s{n}") for n in (number, number + 1)]
        assert {*named} <= {*start.seeds}
    assert len(read) < 50 + 3 * 40


_NAMES = st.sampled_from(["plain", "'Quoted'", "  ", "STRASSE", "straße", "a b # c", ""])
_TEXTS = st.builds(
    lambda before, name, after: f"{before}name:{name}\n{after}".encode(),
    st.sampled_from(["---\n", "", "x", "---\n" + "description: long\n" * 300]),
    _NAMES,
    st.sampled_from(["", "---\ntext", "name: other\n"]),
)


@settings(max_examples=examples(100))
@given(
    st.lists(_TEXTS | st.sampled_from([b"text", b"\xff\nname: odd\xff\n"]), max_size=5),
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_law_skills_are_called_alike_whatever_names_were_known(
    skills: list[bytes], known: list[bool]
) -> None:
    shelf = Shelf()
    tree = shelf.tree({f"skills/s{n}/SKILL.md": text for n, text in enumerate(skills)})
    first = SkillNames()
    plain = dict(Reach(Names(tree), shelf.read, first).skills.by_name)
    assert first.met.keys() == {entry.digest for entry in tree.values()}
    record = {at: name for (at, name), keep in zip(first.met.items(), known, strict=False) if keep}
    read: set[Digest] = set()

    def reading(digest: Digest) -> bytes:
        read.add(digest)
        return shelf.read(digest)

    second = SkillNames(record)
    assert dict(Reach(Names(tree), reading, second).skills.by_name) == plain
    assert read == first.met.keys() - record.keys()
    assert second.met == first.met
