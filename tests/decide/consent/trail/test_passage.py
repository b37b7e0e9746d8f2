"""The trail from what was approved to what it loads: each way to start code, with each way to name a file in it."""

from __future__ import annotations

import gzip
import zlib

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from reach_ways import A, B, job, server
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach, Start

Files = dict[str, object]
"""A home; ``{}`` in it stands for the code."""
SHELL: dict[str, Files] = {
    "job": {**job(script="run.sh"), "scripts/run.sh": "{}"},
    "server": {**server("bash", "srv/run.sh"), "srv/run.sh": "{}"},
    "command in a setting": {
        "config.yaml": {"quick_commands": {"x": {"type": "exec", "command": "bash srv/run.sh"}}},
        "srv/run.sh": "{}",
    },
    "script of a skill": {
        **job(skills=["watch"]),
        "skills/watch/SKILL.md": "---\nname: watch\n---\nLook.\n",
        "skills/watch/scripts/run.sh": "{}",
    },
    "script that a script starts": {
        **job(script="first.sh"),
        "scripts/first.sh": "exec bash ../srv/run.sh\n",
        "srv/run.sh": "{}",
    },
    "text that a script loads": {
        **job(script="first.sh"),
        "scripts/first.sh": ". ../srv/steps.txt\n",
        "srv/steps.txt": "{}",
    },
    "picture that a script loads": {
        **job(script="first.sh"),
        "scripts/first.sh": ". ../srv/a.png\n",
        "srv/a.png": "{}",
    },
    "task of a project": {
        **server("make", "-C", "srv"),
        "srv/Makefile": "all:\n\t{}",
    },
}
PYTHON: dict[str, Files] = {
    "job": {**job(script="run.py"), "scripts/run.py": "{}"},
    "server": {**server("python3", "srv/run.py"), "srv/run.py": "{}"},
    "hook": {"hooks/h/HOOK.yaml": "name: h\nevents: [x]\n", "hooks/h/handler.py": "{}"},
    "plugin": {"plugins/p/plugin.yaml": "name: p\n", "plugins/p/__init__.py": "{}"},
    "text that a script runs": {
        **job(script="run.py"),
        "scripts/run.py": "exec(open('../srv/rules.txt').read())\n",
        "srv/rules.txt": "{}",
    },
}
IN_SHELL = [
    ('cd "$(dirname "$0")/.." && exec python3 -m toolbox', "toolbox/__main__.py"),
    ('cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && make', "Makefile"),
    ("cd ..; python3 -mtoolbox", "toolbox/__main__.py"),
    ("PYTHONPATH=.. python3 -m toolbox.sub", "toolbox/sub.py"),
    ('export PYTHONPATH="$HERMES_HOME/lib"; python3 -c "import x"', "lib/x.py"),
    ("python3 -um toolbox", "toolbox/__main__.py"),
    ('cd "$HERMES_HOME"; cd app; make', "app/Makefile"),
    ("pushd app; make", "app/Makefile"),
    ("npm --prefix app start", "app/package.json"),
    ("npm --prefix=app start", "app/package.json"),
    ("make -C app", "app/Makefile"),
    ('uv run --directory "$HERMES_HOME/app" x', "app/x.json"),
    (". ../data/steps.txt", "data/steps.txt"),
    ("source $HERMES_HOME/data/steps.rst", "data/steps.rst"),
    ("bash ../docs/steps.md", "docs/steps.md"),
    ("cd ../data; . steps.txt", "data/steps.txt"),
    ("cd ..; cd data; . steps.txt", "data/steps.txt"),
    ("cd ..; . steps.txt", "steps.txt"),
    ("for f in ../data/*; do . $f; done", "data/x.txt"),
    (". ../media/a.png", "media/a.png"),
]
IN_PYTHON = [
    (
        'subprocess.run(["python3", "-m", "toolbox"], cwd=os.environ["HERMES_HOME"])',
        "toolbox/__main__.py",
    ),
    ('subprocess.run(["python3", "-mtoolbox"], cwd=HOME)', "toolbox/__main__.py"),
    ('subprocess.run("make", cwd="app")', "app/Makefile"),
    ('subprocess.run("make", cwd=HOME / "app")', "app/x.mk"),
    ('subprocess.run(["npm", "--prefix", "app", "start"])', "app/package.json"),
    ('os.chdir("app"); os.system("make")', "app/Makefile"),
    ('for f in (Path(__file__).parents[2] / "data").glob("*"): exec(f.read_text())', "data/r.py"),
    ('for f in os.scandir(os.path.join(HOME, "data")): exec(open(f).read())', "data/r.txt"),
    ('exec(open("../data/rules.txt").read())', "data/rules.txt"),
    ('exec((HOME / "data" / "rules.txt").read_text())', "data/rules.txt"),
    ('exec(open(os.path.join(HOME, "data", "rules.json")).read())', "data/rules.json"),
    ('exec((HOME / "rules.txt").read_text())', "rules.txt"),
]


def asked(files: Files, target: str, code: str) -> set[str]:
    """What is asked about if only one file changes, with the code where it belongs."""
    shelf = Shelf()
    named = {
        path: content.replace("{}", f"{code}\n") if isinstance(content, str) else content
        for path, content in files.items()
    }
    before, after = (shelf.tree({**named, target: text}) for text in (A, B))
    return {str(effect.path) for effect in find_effects(before, after, after, shelf.read)}


def _each(starts: dict[str, Files], codes: list[tuple[str, str]]) -> list[object]:
    return [
        pytest.param(files, code, target, id=f"{name}: {code}")
        for name, files in starts.items()
        for code, target in codes
    ]


@pytest.mark.parametrize(
    ("files", "code", "target"), [*_each(SHELL, IN_SHELL), *_each(PYTHON, IN_PYTHON)]
)
def test_what_code_names_is_asked_about_however_it_is_started_and_named(
    files: Files, code: str, target: str
) -> None:
    assert asked(files, target, code) == {target}


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from(["", "./", "../", "$HERMES_HOME/", "${HERMES_HOME}/", "/srv/home/"]),
    st.lists(
        st.sampled_from([".txt", ".md", ".png", ".json", ".sh", "", ".dat"]), min_size=1, max_size=4
    ),
    st.sampled_from(["", "#" * 300_000, "\n\0\0\0", "\0" * 200_000, "x y\n" * 90_000]),
    st.booleans(),
)
def test_law_a_chain_of_files_is_followed_whatever_they_are_called_and_padded_with(
    home: str, suffixes: list[str], padding: str, before: bool
) -> None:
    names = [f"lib{n}/step{n}{suffix}" for n, suffix in enumerate(suffixes)]
    files: Files = {**job(script="run.sh"), "scripts/run.sh": f". {home}{names[0]}\n"}
    for name, following in zip(names, [*names[1:], "last/end.txt"], strict=True):
        line = f"\n. {home}{following}\n"
        files[name] = f"#!/bin/sh\n{padding}{line}" if before else f"{line}exit\n{padding}"
    assert asked(files, "last/end.txt", "") == {"last/end.txt"}


def covered(files: dict[str, str | bytes], *words: str) -> set[str]:
    shelf = Shelf()
    return set(
        map(str, Reach(Names(shelf.tree(files)), shelf.read).of(Start(owner="s", words=words)))
    )


def test_a_package_of_pictures_models_and_tables_asks_only_for_what_is_named() -> None:
    noise = zlib.compress(bytes(range(256)) * 999) + gzip.compress(b"lib/x.sh" * 9)
    files: dict[str, str | bytes] = {
        "srv/run.py": "db = sqlite3.connect('../data/state.sqlite'); m = load('../data/model.gguf')\n",
        "srv/logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + noise,
        "data/state.sqlite": b"SQLite format 3\0" + noise * 50,
        "data/model.gguf": b"GGUF\3\0\0\0" + noise * 50,
        "data/other.sqlite": b"SQLite format 3\0",
        "media/a.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + noise,
        "lib/x.sh": "",
        "docs/guide.md": "See lib/x.sh.",
        "README.md": "See lib/x.sh.",
    }
    assert covered(files, "python", "srv/run.py") == {
        *("srv/run.py", "srv/logo.png", "data/state.sqlite", "data/model.gguf")
    }


@pytest.mark.parametrize("code", ["# See docs/guide.md.", '"""See docs/guide.md."""'])
def test_a_text_that_is_mentioned_is_asked_about(code: str) -> None:
    for name in ("job", "server", "hook", "plugin"):
        assert asked(PYTHON[name], "docs/guide.md", code) == {"docs/guide.md"}


def test_a_text_that_is_only_mentioned_is_covered_and_names_nothing() -> None:
    files: dict[str, str | bytes] = {
        "srv/run.sh": "# See ../docs/guide.md.\ntrue\n",
        "docs/guide.md": "bash ../lib/x.sh\n",
        "lib/x.sh": "",
    }
    assert covered(files, "bash", "srv/run.sh") == {"srv/run.sh", "docs/guide.md"}
    files["srv/run.sh"] = "bash ../docs/guide.md\n"
    assert covered(files, "bash", "srv/run.sh") == set(files)
    del files["srv/run.sh"]
    files["srv/run.py"] = "print(open('../docs/guide.md').read())\n"
    assert covered(files, "python", "srv/run.py") == {"srv/run.py", "docs/guide.md"}
    files["srv/run.py"] = "exec(open('../docs/guide.md').read())\n"
    assert covered(files, "python", "srv/run.py") == set(files)


def test_talk_in_a_text_that_code_loads_names_nothing() -> None:
    files: dict[str, str | bytes] = {
        "srv/run.sh": ". ../docs/guide.md\n",
        "docs/guide.md": "The tool lib/x.sh is in [lib](lib/x.sh). Open `lib/x.sh`.\n",
        "lib/x.sh": "",
    }
    assert covered(files, "bash", "srv/run.sh") == {"srv/run.sh", "docs/guide.md"}
    for line in (
        "lib/x.sh",
        "true; . lib/x.sh",
        "X=lib/x.sh",
        "if source lib/x.sh",
        "sudo lib/x.sh",
    ):
        files["docs/guide.md"] = f"Talk.\n{line}\n"
        assert covered(files, "bash", "srv/run.sh") == set(files), line


@pytest.mark.parametrize("name", ["SKILL.md", "README.md", "references/a.md"])
def test_a_name_that_each_skill_has_means_the_one_of_this_skill(name: str) -> None:
    files: dict[str, object] = {
        **job(skills=["one"]),
        "skills/one/SKILL.md": "---\nname: one\n---\n",
        "skills/one/scripts/run.py": f"exec(open('../{name}').read())\n",
        f"skills/one/{name}": "---\nname: one\n---\n",
        f"skills/two/{name}": "x",
    }
    assert asked(files, f"skills/two/{name}", "") == set()
    files["skills/one/scripts/run.py"] = f"exec((SKILLS / 'two' / '{name}').read_text())\n"
    assert asked(files, f"skills/two/{name}", "") == {f"skills/two/{name}"}
