"""What a yes covers: the files that a command can load, and what those name."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach, Start, script_paths


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("a.py", "scripts/a.py"),
        (" a.py ", "scripts/a.py"),
        ("./sub/../a.py", "scripts/a.py"),
        ("sub/a.py", "scripts/sub/a.py"),
        ("/home/x/.hermes/scripts/a.py", "scripts/a.py"),
        ("~/.hermes/scripts/sub/a.py", "scripts/sub/a.py"),
        ("../a.py", None),
        ("/etc/passwd", None),
        ("~/a.py", None),
        ("/x/scripts/", None),
        ("", None),
        (None, None),
        (".", None),
        ("a\0b", None),
        ("x/../../scriptsx/a", None),
    ],
)
def test_the_script_of_a_job_is_where_the_agent_looks_for_it(
    script: object, path: str | None
) -> None:
    assert script_paths(script) == ((path,) if path else ())


def test_a_full_path_may_mean_any_of_its_folders_of_scripts() -> None:
    twice = "~/.hermes/profiles/x/scripts/lib/scripts/a.py"
    assert script_paths(twice) == ("scripts/lib/scripts/a.py", "scripts/a.py")
    assert script_paths("/scripts/scripts/a.py") == ("scripts/scripts/a.py", "scripts/a.py")
    assert script_paths("lib/scripts/a.py") == ("scripts/lib/scripts/a.py",)


def found(files: dict[str, str | bytes], *words: str, **more: object) -> set[str]:
    shelf = Shelf()
    start = Start(owner="s", words=words, **more)  # type: ignore[arg-type]
    return set(map(str, Reach(Names(shelf.tree(files)), shelf.read).of(start)))


FILES: dict[str, str | bytes] = {
    "scripts/a.py": "",
    "scripts/lib/v.py": "",
    "tools/b.sh": "",
    "tools/x/c.js": "",
    "skills/s/SKILL.md": "",
    "skills/s/run.py": "",
    "docs/b.md": "",
    "other.py": "",
    "SOUL.md": "",
    "config.yaml": "",
}


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["python", "scripts/a.py"], {"scripts/a.py", "scripts/lib/v.py"}),
        (["python", "scripts/lib/v.py"], {"scripts/lib/v.py"}),
        (["bash", "/x/tools/b.sh"], {"tools/b.sh", "tools/x/c.js"}),
        (["node", "c.js"], {"tools/x/c.js"}),
        (["python", "run.py"], {"skills/s/SKILL.md", "skills/s/run.py"}),
        (["cat", "docs/b.md"], {"docs/b.md"}),
        (["npx", "server-filesystem", "~/.hermes/skills"], set()),
        (["python", "xa.py", "a.pyc", "/etc/a.py", "/b.sh"], set()),
        (["npx", "-y", "notion", "s", "lib"], set()),
        (["npx", "tools"], {"tools/b.sh", "tools/x/c.js"}),
        (["python", "other.py"], {"other.py", "scripts/a.py", "scripts/lib/v.py"}),
    ],
)
def test_a_command_covers_the_folder_of_what_it_names_and_no_more(
    words: list[str], paths: set[str]
) -> None:
    assert found(FILES, *words) == paths


def test_a_folder_right_behind_an_option_is_loaded_from() -> None:
    files: dict[str, str | bytes] = {"lib/A.pm": "", "x.txt": ""}
    assert found(files, "perl", "-Ilib", "-e", "1") == {"lib/A.pm"}
    assert found(files, "perl -Ilib -MA", lines=True) == {"lib/A.pm"}


def test_a_command_in_a_folder_called_like_an_option_covers_the_folder() -> None:
    files: dict[str, str | bytes] = {"tools/plan-b/server.py": "", "tools/plan-b/lib.py": ""}
    assert found(files, "python", "tools/plan-b/server.py") == set(files)


def test_a_process_finds_what_lies_in_the_home() -> None:
    files: dict[str, str | bytes] = {
        "package.json": "",
        ".npmrc": "",
        "bin/x": "",
        "SOUL.md": "",
        "README.md": "",
        "logo.png": b"",
        "config.yaml": "",
        ".env.EXAMPLE": "",
        "LICENSE": "",
        "docs/x.py": "",
        "skills/s/x.py": "",
    }
    assert found(files, "npx", "-y", "@x/y", process=True) == {"package.json", ".npmrc", "bin/x"}
    assert found(files, "npx", "-y", "@x/y") == set()


@pytest.mark.parametrize(
    "folder", ["node_modules", ".venv", "venv", "bin", ".bin", ".yarn", ".mise"]
)
def test_a_process_finds_the_folders_where_tools_look_for_programs(folder: str) -> None:
    paths = (f"{folder}/x", f"{folder}/deep/y.md")
    files: dict[str, str | bytes] = dict.fromkeys((*paths, f"docs/{folder}/z", "docs/x"), "")
    assert found(files, "npx", process=True) == set(paths)


@pytest.mark.parametrize(
    ("name", "looked_for"),
    [
        *((f"x{suffix}", False) for suffix in (".md", ".markdown", ".rst", ".txt")),
        *((f"x{suffix}", False) for suffix in (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")),
        *((f"x{suffix}", False) for suffix in (".ico", ".mp4", ".pdf")),
        *((name, False) for name in ("SOUL.md", "config.yaml", "mcp.json", "distribution.yaml")),
        *((name, False) for name in ("LICENSE", "COPYING", "NOTICE", ".gitignore")),
        *((name, False) for name in (".gitattributes", ".env.EXAMPLE", "License")),
        *((name, True) for name in ("sitecustomize.py", "x.json", "Makefile", ".npmrc", ".tool")),
        *((name, True) for name in ("requirements.txt", "noext", "x.yaml", "x.html")),
    ],
)
def test_a_process_finds_any_file_at_the_root_but_texts_pictures_and_what_the_agent_reads(
    name: str, looked_for: bool
) -> None:
    assert found({name: ""}, "npx", process=True) == ({name} if looked_for else set())
    assert found({f"docs/{name}": ""}, "npx", process=True) == set()


@pytest.mark.parametrize("suffix", [".md", ".markdown", ".rst", ".txt"])
def test_prose_that_lies_beside_code_counts_only_where_a_command_runs_in_its_folder(
    suffix: str,
) -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.py": "import b\nrun('tools/b.py')",
        "tools/b.py": "",
        f"tools/x{suffix}": "run('other/c.py')",
        "other/c.py": "",
    }
    code = {"scripts/a.py", "tools/b.py"}
    assert found(files, "python", "scripts/a.py") == code
    assert found(files, "python", "-C", "tools") == {"tools/b.py", f"tools/x{suffix}"}
    assert found(files, "cat", f"tools/x{suffix}") == {f"tools/x{suffix}", "other/c.py"}


@pytest.mark.parametrize(
    "suffix", [".png", ".jpg", ".gif", ".svg", ".webp", ".ico", ".mp4", ".pdf"]
)
def test_a_picture_names_something_only_if_it_is_named_itself(suffix: str) -> None:
    files: dict[str, str | bytes] = {
        f"tools/x{suffix}": "other/c.py",
        "tools/a.sh": "",
        "other/c.py": "",
    }
    assert found(files, "sh", "tools/a.sh") == {"tools/a.sh", f"tools/x{suffix}"}
    assert found(files, "see", f"tools/x{suffix}") == set(files)


@pytest.mark.parametrize("folder", ["skills", "skins", "cron", "memories"])
def test_content_is_data_for_a_command_that_names_it_and_code_for_one_that_runs_in_it(
    folder: str,
) -> None:
    files: dict[str, str | bytes] = {f"{folder}/x.py": "", "scripts/a.py": f"open('./{folder}')"}
    assert found(files, "serve", folder) == set()
    assert found(files, "serve", f"./{folder}") == set()
    assert found(files, "python", "scripts/a.py") == {"scripts/a.py"}
    assert found(files, "make", "-C", folder) == {f"{folder}/x.py"}


@pytest.mark.parametrize(
    "sign",
    [
        "sys.path.append(x)",
        "site.addsitedir(x)",
        "env PYTHONPATH=x",
        "env NODE_PATH=x",
        "spec_from_file_location(x)",
        "runpy.run_path(x)",
        "imp.load_source(x)",
        "os.chdir(x)",
        "cd x",
    ],
)
def test_a_file_that_loads_from_elsewhere_may_mean_a_module_or_a_folder_by_a_bare_word(
    sign: str,
) -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.py": "import lib.tool\nload('data')\n",
        "other/lib/tool.py": "",
        "data/x.json": "",
    }
    assert found(files, "python", "scripts/a.py") == {"scripts/a.py"}
    files["scripts/a.py"] = f"{sign}\nimport lib.tool\nload('data')\n"
    assert found(files, "python", "scripts/a.py") == set(files)


@pytest.mark.parametrize(
    "option",
    [
        "-C",
        "-w",
        "--directory",
        "--dir",
        "--cwd",
        "--chdir",
        "--project",
        "--prefix",
        "--workspace",
        "--rootdir",
        "--app-dir",
        "--work-dir",
        "--workdir",
        "-directory",
        "cd",
        "pushd",
        "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "MY_DIR",
    ],
)
def test_an_option_that_names_a_folder_says_where_a_command_runs(option: str) -> None:
    files: dict[str, str | bytes] = {"tools/sub/x.json": "", "scripts/a.py": "", "Makefile": ""}
    # A bare word means a folder at any depth only where a folder is meant.
    assert found(files, "make", option, "sub") == {"tools/sub/x.json"}
    assert found(files, "make", f"{option}=sub") == {"tools/sub/x.json"}
    assert found(files, "make", "-x", "sub") == set()
    # A folder that the package does not have may be the home.
    assert found(files, "make", option, "gone") == {"Makefile", "scripts/a.py"}


@pytest.mark.parametrize(("folder", "file"), [("s", "x/s/x.json"), ("sub", "x/sub/y.json")])
def test_a_folder_may_be_written_right_after_the_letter_of_its_option(
    folder: str, file: str
) -> None:
    files: dict[str, str | bytes] = {"x/s/x.json": "", "x/sub/y.json": "", "Makefile": ""}
    assert found(files, "make", f"-C{folder}") == {file}


def test_a_header_with_a_variable_is_no_riddle_but_a_line_of_a_shell_is() -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "", "tools/b.sh": ""}
    assert found(files, "npx", "mcp-remote", "--header", "Authorization: Bearer ${TOKEN}") == set()
    for line in ("python $X", "$(cat x)", "`cat x`", "eval x", "sh *.sh", "find . -exec sh {} +"):
        assert found(files, line, lines=True) == {"scripts/a.py"}
    assert found(files, "npx foo ${HERMES_HOME}/x $HOME/y", lines=True) == set()


@pytest.mark.parametrize("option", ["-c", "-lc", "-e", "--eval", "--exec", "--call", "--print"])
def test_code_on_a_command_line_may_load_any_script(option: str) -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "", "tools/b.sh": ""}
    assert found(files, "x", option, "load(name)") == {"scripts/a.py"}
    assert found(files, "x", f"{option}=load(name)") == {"scripts/a.py"}
    assert found(files, "x", "-v", "load(name)", option) == set()


@pytest.mark.parametrize(
    ("word", "paths"),
    [
        ("tools/*.sh", {"tools/b.sh"}),
        ("./tools/?.sh", {"tools/b.sh"}),
        ("$HOME/tools/{a,b}.sh", {"tools/b.sh"}),
        ("nowhere/*.sh", {"scripts/a.py"}),
        ("*.sh", {"scripts/a.py"}),
        ("tools/b.sh", {"tools/b.sh"}),
    ],
)
def test_a_wildcard_covers_its_folder_and_any_script_if_its_folder_is_unknown(
    word: str, paths: set[str]
) -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "", "tools/b.sh": "", "other/c.sh": ""}
    assert found(files, "sh", word) == paths


def test_a_command_that_runs_in_an_unknown_folder_may_run_in_the_home() -> None:
    files: dict[str, str | bytes] = {"package.json": "", "lib/x.py": "", "tools/b.sh": ""}
    home = {"package.json", "lib/x.py"}
    assert found(files, "uv", "run", "--directory", "/srv/x", "y") == home
    assert found(files, "uv", "run", "--directory=/srv/x", "y") == home
    assert found(files, "make", "-C/srv/x") == home
    assert found(files, "env", "PYTHONPATH=/srv/x", "y") == home
    assert found(files, "env PYTHONPATH=/srv/x y") == home
    assert found(files, "env", "PYTHONPATH=tools", "y") == {"tools/b.sh"}
    assert found(files, "env", "NAME=/srv/x", "y") == set()
    assert found(files, "y", folders=("/srv/x",)) == home
    assert found(files, "uv", "run", "--directory", "~/.hermes/tools", "y") == {"tools/b.sh"}
    assert found(files, "make", "-Ctools") == {"tools/b.sh"}
    assert found(files, "y", folders=("~/.hermes/tools",)) == {"tools/b.sh"}


def test_a_module_is_covered_with_the_packages_around_it() -> None:
    files: dict[str, str | bytes] = {
        "lib/a/__init__.py": "",
        "lib/a/b/__main__.py": "",
        "lib/a/c.py": "",
        "lib/z/c.py": "",
    }
    package = {"lib/a/__init__.py", "lib/a/b/__main__.py", "lib/a/c.py"}
    assert found(files, "python", "-m", "a.b") == package
    assert found(files, "python", "-m", "a.c") == package
    assert found(files, "python", "-m", "a") == package


def test_code_that_names_a_folder_loads_from_it_unless_it_is_content() -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.py": "walk('./tools'); walk('./skills'); walk('./cron')",
        "tools/b.sh": "",
        "skills/s/x.py": "",
        "cron/y.py": "",
    }
    assert found(files, "scripts/a.py") == {"scripts/a.py", "tools/b.sh"}


def test_a_word_of_code_is_no_folder_and_the_name_of_its_own_folder_tells_nothing() -> None:
    files: dict[str, str | bytes] = {
        "tools/x/a.py": "the lib of tools",
        "tools/x/b.py": "sys.path.append('tools')",
        "tools/y/c.sh": "",
        "lib/d.sh": "",
    }
    assert found(files, "tools/x/a.py") == {"tools/x/a.py", "tools/x/b.py"}
    files["tools/x/b.py"] = "sys.path.append('lib')"
    assert found(files, "tools/x/a.py") == {"tools/x/a.py", "tools/x/b.py", "lib/d.sh"}


@pytest.mark.parametrize("name", ["m.py", "m.so", "m.pth"])
def test_a_folder_of_the_home_with_a_module_in_it_can_be_imported(name: str) -> None:
    files: dict[str, str | bytes] = {f"ext/{name}": "", "ext/data/d": "", "far/x/m.py": ""}
    assert found(files, "python", "-m", "other") == {f"ext/{name}", "ext/data/d"}


def test_data_is_covered_by_its_path_or_by_its_name_below_the_same_top_folder() -> None:
    files: dict[str, str | bytes] = {
        "tools/x/a.py": "open('d.json')",
        "tools/y/d.json": "",
        "data/d.json": "",
    }
    assert found(files, "tools/x/a.py") == {"tools/x/a.py", "tools/y/d.json"}
    files["tools/x/a.py"] = "open('data/d.json')"
    assert found(files, "tools/x/a.py") == {"tools/x/a.py", "data/d.json"}


def test_what_a_covered_file_names_is_covered_too() -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.py": "import b\nopen('far.sh'); load('data/d.json'); see('docs/guide.md')",
        "tools/far.sh": "source ../more/e.sh\n",
        "more/e.sh": "",
        "data/d.json": "",
        "data/other.json": "",
        "docs/guide.md": "",
        "docs/other.md": "",
        "skills/s/SKILL.md": "",
    }
    assert found(files, "python", "scripts/a.py") == {
        "scripts/a.py",
        "docs/guide.md",
        "tools/far.sh",
        "more/e.sh",
        "data/d.json",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"open('far.sh')\n" + b"#" * (1 << 20),
        b"\0far.sh",
        b"f\0a\0r\0.\0s\0h\0",
        b"\xff open('far.sh')",
    ],
)
def test_a_file_names_others_however_large_it_is_and_whatever_is_in_it(content: bytes) -> None:
    for path in ("scripts/a.py", "scripts/a.bin"):
        assert found({path: content, "tools/far.sh": ""}, path) == {path, "tools/far.sh"}


def test_what_a_file_named_in_one_state_counts_in_all_of_them() -> None:
    shelf = Shelf()
    before = shelf.tree({"scripts/a.py": "run('b.sh')", "tools/b.sh": "", "tools2/c.sh": ""})
    after = shelf.tree({"scripts/a.py": "run('c.sh')", "tools2/d.sh": ""})
    start = Start(owner="s", words=("scripts/a.py",))
    assert Reach(Names(before, after), shelf.read).of(start) == {*before, *after}


_FILES = ["scripts/a.py", "scripts/x/b.py", "tools/c.sh", "tools/y/d.js", "e.py"]


@settings(max_examples=examples(200), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(_FILES),
        st.lists(st.sampled_from(["a.py", "x/b.py", "c.sh", "../y/d.js", "e"])).map(" ".join),
    ),
    st.sampled_from(_FILES),
)
def test_law_everything_that_a_covered_file_names_is_covered_however_they_name_each_other(
    texts: dict[str, str], start: str
) -> None:
    whole = found(dict(texts), start)
    for path in whole:
        for other in texts:
            words = texts[path].replace("../", "").split()
            if any(other == word or other.endswith(f"/{word}") for word in words):
                assert other in whole
