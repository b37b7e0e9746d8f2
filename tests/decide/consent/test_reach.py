"""What runs already reaches further: the files that a live command names, and what those name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.consent.reach import reached, script_paths
from hermes_dist.model.paths import RelPath


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("a.py", "scripts/a.py"), (" a.py ", "scripts/a.py"), ("./sub/../a.py", "scripts/a.py"), ("sub/a.py", "scripts/sub/a.py"),
        ("/home/x/.hermes/scripts/a.py", "scripts/a.py"), ("~/.hermes/scripts/sub/a.py", "scripts/sub/a.py"),
        ("../a.py", None), ("/etc/passwd", None), ("~/a.py", None), ("/x/scripts/", None), ("", None), (None, None), (".", None), ("a\0b", None), ("x/../../scriptsx/a", None),
    ],
)  # fmt: skip
def test_the_script_of_a_job_is_where_the_agent_looks_for_it(script: object, path: str | None) -> None:
    assert script_paths(script) == ((path,) if path else ())


def test_a_full_path_may_mean_any_of_its_folders_of_scripts() -> None:
    twice = "~/.hermes/profiles/x/scripts/lib/scripts/a.py"
    assert script_paths(twice) == ("scripts/lib/scripts/a.py", "scripts/a.py")
    assert script_paths("/scripts/scripts/a.py") == ("scripts/scripts/a.py", "scripts/a.py")
    assert script_paths("lib/scripts/a.py") == ("scripts/lib/scripts/a.py",)


def found(files: dict[str, str | bytes], command: str, scripts: dict[str, str] | None = None) -> dict[str, str]:
    shelf = Shelf()
    at = {RelPath(path): what for path, what in (scripts or {}).items()}
    return {str(path): what for path, what in reached({"server s": command}, at, shelf.tree(files), shelf.read).items()}


def test_a_command_reaches_the_files_it_names_however_it_spells_them() -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "", "tools/b.sh": "", "plugins/p/mod.py": "", "other.py": ""}
    assert found(files, "python scripts/a.py && sh '/x/tools/b.sh'") == {"scripts/a.py": "server s", "tools/b.sh": "server s"}
    assert found(files, "python -m plugins.p.mod") == {"plugins/p/mod.py": "server s"}
    assert found(files, "python xa.py a.pyc") == {}


def test_what_a_reached_file_names_is_reached_too_within_its_folder() -> None:
    files: dict[str, str | bytes] = {
        "scripts/a.py": "import b\nopen('far.sh')", "scripts/b.py": "run('c.sh')", "scripts/c.sh": "source a.py", "scripts/d.sh": "",
        "tools/far.sh": "",
    }  # fmt: skip
    assert found(files, "a.py") == dict.fromkeys(["scripts/a.py", "scripts/b.py", "scripts/c.sh"], "server s")


def test_scripts_count_as_they_are_and_belong_to_what_names_them_first() -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "import b", "scripts/b.py": ""}
    assert found(files, "", {"scripts/a.py": "job j", "scripts/gone.py": "job g"}) == {"scripts/a.py": "job j", "scripts/b.py": "job j"}
    assert found(files, "a.py", {"scripts/a.py": "job j"})["scripts/a.py"] == "job j"


def test_prose_and_what_is_too_large_to_be_a_script_name_nothing() -> None:
    large = b"import b\n" + b"#" * (256 << 10)
    files: dict[str, str | bytes] = {"scripts/a.md": "see b.py", "scripts/large.py": large, "scripts/b.py": ""}
    assert set(found(files, "a.md large.py")) == {"scripts/a.md", "scripts/large.py"}


def test_bytes_that_are_no_text_are_read_as_far_as_they_are() -> None:
    assert set(found({"scripts/a.py": b"\xff import b", "scripts/b.py": ""}, "a.py")) == {"scripts/a.py", "scripts/b.py"}


_FILES = ["scripts/a.py", "scripts/b.py", "scripts/c.sh", "tools/a.py"]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(_FILES), st.lists(st.sampled_from(["a.py", "b", "c.sh", "x"])).map(" ".join)), st.sampled_from(["a.py", "b", "x"]))
def test_law_everything_that_a_reached_file_names_beside_it_is_reached_however_they_name_each_other(
    texts: dict[str, str], start: str
) -> None:
    whole = found(dict(texts), start)
    for path in whole:
        for other in texts:
            named = {other.rpartition("/")[2], other.rpartition("/")[2].removesuffix(".py")} & set(texts[path].split())
            if named and other.partition("/")[0] == path.partition("/")[0]:
                assert other in whole
