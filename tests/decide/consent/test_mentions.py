"""Which files a text means: what is code, what a build tool finds by itself, and how shells spell a path."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach, Start
from hermes_dist.decide.consent.starts import setting_starts

CODE = """
.py .pyw .pyz .pth .so .js .mjs .cjs .ts .mts .cts .tsx .jsx .wasm .sh .bash .zsh .fish .ksh .ps1 .bat .cmd .rb .pl .pm
.php .lua .go .rs .jar .groovy .tcl .awk .jq .sql .mk .nix .el .exe
""".split()  # noqa: SIM905
"""Endings of files that an interpreter, a shell or a linker takes."""
DATA = ".json .yaml .toml .csv .md .txt .png .pdf .html".split()  # noqa: SIM905
BUILDS = """
Makefile GNUmakefile justfile .justfile package.json pyproject.toml setup.cfg uv.toml deno.json deno.jsonc bunfig.toml
Cargo.toml Gemfile Rakefile Procfile Dockerfile compose.yml compose.yaml docker-compose.yml docker-compose.yaml
Taskfile.yml Taskfile.yaml tox.ini noxfile.py mise.toml .mise.toml .envrc .python-version .tool-versions
requirements.txt requirements-dev.txt dev_requirements.txt constraints.txt .pnp.cjs .yarnrc.yml flake.nix build.gradle pom.xml
""".split()  # noqa: SIM905
"""Files that say to make, npm, cargo, docker and their like what to run."""


def names(*paths: str) -> Names:
    return Names(Shelf().tree(dict.fromkeys(paths, "")))


def covered(files: dict[str, str | bytes], *words: str) -> set[str]:
    shelf = Shelf()
    start = Start(owner="s", words=words)
    return set(map(str, Reach(Names(shelf.tree(files)), shelf.read).of(start)))


@pytest.mark.parametrize("suffix", CODE)
def test_a_setting_that_names_code_starts_it_whatever_the_setting_is_called(suffix: str) -> None:
    file = f"tool{suffix}"
    starts = setting_starts({"theme": {"look": file}}, names(file))
    assert [start.words for start in starts.values()] == [(file,)]


@pytest.mark.parametrize("suffix", DATA)
def test_a_setting_that_names_data_at_the_root_starts_nothing(suffix: str) -> None:
    file = f"tool{suffix}"
    assert setting_starts({"theme": {"look": file}}, names(file)) == {}


@pytest.mark.parametrize("suffix", CODE)
def test_code_that_a_covered_file_names_is_covered_with_what_lies_beside_it(suffix: str) -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.sh": f"run ../lib/tool{suffix}",
        f"lib/tool{suffix}": "",
        "lib/beside.json": "",
    }
    assert covered(files, "sh", "scripts/a.sh") == set(files)


@pytest.mark.parametrize("suffix", [".json", ".csv", ".html"])
def test_data_that_a_covered_file_names_is_covered_alone(suffix: str) -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.sh": f"run ../lib/tool{suffix}",
        f"lib/tool{suffix}": "",
        "lib/beside.py": "",
    }
    assert covered(files, "sh", "scripts/a.sh") == {"scripts/a.sh", f"lib/tool{suffix}"}


@pytest.mark.parametrize("name", BUILDS)
def test_a_file_of_a_build_tool_is_covered_with_the_folder_where_it_works(name: str) -> None:
    for spelled in {name, name.lower(), name.upper()}:
        files: dict[str, str | bytes] = {
            "scripts/a.sh": f"build ../lib/{spelled}",
            f"lib/{spelled}": "",
            "lib/beside.json": "",
        }
        assert covered(files, "sh", "scripts/a.sh") == set(files), spelled


@pytest.mark.parametrize(
    "entry", ["__main__.py", "__init__.py", "index.js", "index.mjs", "index.ts"]
)
def test_a_folder_that_is_imported_begins_with_one_of_its_entries(entry: str) -> None:
    known = names(f"lib/pkg/{entry}", "lib/pkg/other.py")
    assert known.module("pkg") == [f"lib/pkg/{entry}"]
    assert known.module("lib.pkg") == [f"lib/pkg/{entry}"]
    assert known.module("other.pkg") == known.module("pkg.x") == known.module("pkg/x") == []


def meant(text: str, *paths: str) -> set[str]:
    """The files that a text means, of these."""
    known = names(*paths)
    return {str(path) for piece in known.pieces(text) for path in known.files(piece)}


@pytest.mark.parametrize(
    "text",
    [
        "tools/run.sh",
        "./tools/run.sh",
        "/home/x/.hermes/tools/run.sh",
        "~/.hermes/tools/run.sh",
        "~ada/.hermes/tools/run.sh",
        "$HOME/.hermes/tools/run.sh",
        "${HOME}/.hermes/tools/run.sh",
        "${HERMES_HOME:-~/.hermes}/tools/run.sh",
        "$HERMES_HOME/tools/run.sh",
        "%HERMES_HOME%\\tools\\run.sh",
        "tools\\run.sh",
        "TOOLS/Run.SH",
        "run.sh",
        "tools/./run.sh",
        "tools/x/../run.sh",
        "tools//run.sh",
        "'tools/run.sh'",
        "sh -c 'exec tools/run.sh; true'",
        "see tools/run.sh.",
        "-Itools/run.sh",
        "-I./tools/run.sh",
        "-d@tools/run.sh",
        "-d@./tools/run.sh",
        "@tools/run.sh",
        "@./tools/run.sh",
        "x=tools/run.sh",
        "file://tools/run.sh",
    ],
)
def test_a_path_is_found_however_a_shell_spells_it(text: str) -> None:
    assert meant(text, "tools/run.sh", "docs/x.md") == {"tools/run.sh"}


@pytest.mark.parametrize(
    "file", ["tools/\u017ftart.sh", "tools/START.sh", "t\u00f6ols/\u212ait.sh"]
)
def test_a_path_is_found_by_a_name_that_some_file_system_takes_for_it(file: str) -> None:
    text = file.replace("\u017f", "s").replace("START", "\u017ftart").replace("\u212a", "k")
    assert meant(f"sh {text}", file, "docs/x.md") == {file}


@pytest.mark.parametrize(
    "folder", ["plan-b", "x-y/z-a", "me@", "a@b", "-I", "v1-c.d", "~x", "a-b@"]
)
def test_a_folder_whose_name_looks_like_an_option_is_a_folder(folder: str) -> None:
    file = f"tools/{folder}/run.sh"
    for text in (file, f"./{file}", f"-I{file}", f"-d@./{file}", f"@./{file}", f"$X/{file}"):
        assert meant(text, file, "tools/run.sh") == {file}, text
    assert folders(f"tools/{folder}", file) == {f"tools/{folder}"}


@pytest.mark.parametrize("variable", ["$X", "${X}", "${X:-/y}", "%X%", "$HERE_IT_IS"])
def test_what_follows_a_variable_may_lie_in_any_folder(variable: str) -> None:
    for text in (f"{variable}/sub/run.sh", f"{variable}\\sub\\run.sh"):
        assert meant(text, "tools/sub/run.sh", "sub/other.sh") == {"tools/sub/run.sh"}
    assert meant("/sub/run.sh", "tools/sub/run.sh") == set()


@pytest.mark.parametrize(
    "text",
    ["tools/run", "run.shx", "xrun.sh", "/etc/run.sh", "~/other/run.sh", "other/run.sh/x", ""],
)
def test_another_path_means_none_of_them(text: str) -> None:
    assert meant(text, "tools/run.sh") == set()


@pytest.mark.parametrize(
    "text",
    [r"my\ tools/run\ it.sh", "'my tools/run it.sh'", '"my tools/run it.sh"', "my tools/run it.sh"],
)
def test_a_name_with_a_space_is_found_escaped_quoted_or_as_a_whole_word(text: str) -> None:
    assert meant(text, "my tools/run it.sh") == {"my tools/run it.sh"}


def folders(text: str, *paths: str, surely: bool = False) -> set[str]:
    known = names(*paths)
    return {
        str(path) for piece in known.pieces(text) for path in known.folders(piece, surely=surely)
    }


@pytest.mark.parametrize(
    "text",
    [
        "tools/*",
        "tools/*.sh",
        "tools/{a,b}.sh",
        "tools/[ab].sh",
        "./tools/r?n.sh",
        "tools/a{x,y}/c.sh",
        "tools/a[xy]/c.sh",
    ],
)
def test_a_pattern_means_the_folder_before_it(text: str) -> None:
    paths = ("tools/a.sh", "other/b.sh", "tools/ax/c.sh")
    assert folders(text, *paths) == {"tools"}
    assert meant(text, *paths) == set()


def test_a_bare_word_is_a_folder_of_the_root_and_of_any_place_only_where_a_folder_is_meant() -> (
    None
):
    paths = ("lib/x.py", "tools/sub/y.py")
    assert folders("lib", *paths) == {"lib"}
    assert folders("sub", *paths) == set()
    assert folders("sub", *paths, surely=True) == {"tools/sub"}
    assert folders("tools/sub", *paths) == {"tools/sub"}
    assert folders("$X/sub", *paths) == {"tools/sub"}
    assert folders("*", *paths) == set()
    assert folders("-Ilib", *paths) == folders("@lib", *paths) == {"lib"}
    assert folders("-lib", *paths) == folders("--Ilib", *paths) == set()
    assert folders("tools/nowhere/..", *paths) == {"tools"}
    assert folders("..", *paths) == folders("tools/..", *paths) == set()
