"""What files refer to: variables by place and need, and places on somebody's machine."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.secrets.references import (
    Reference,
    personal_paths,
    references,
    variables_in,
)
from hermes_dist.model.paths import RelPath


def told(path: str, text: str) -> list[tuple[str, int, str, bool]]:
    return [(r.name, r.line, r.how, r.required) for r in variables_in(RelPath(path), text.encode())]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("config.yaml", "a: 1\nb: ${ONE_KEY}\n", [("ONE_KEY", 2, "placeholder", True)]),
        (
            "mcp.json",
            '{"a": "${ONE_KEY:-none} ${TWO}"}',
            [("ONE_KEY", 1, "placeholder", False), ("TWO", 1, "placeholder", True)],
        ),
        ("config.yaml", "a: ${ONE-x}\n", [("ONE", 1, "placeholder", False)]),
        (
            "config.yaml",
            "m:\n  api_key_env: ONE_KEY\n  token_env_var: 'TWO'\n",
            [("ONE_KEY", 2, "placeholder", True), ("TWO", 3, "placeholder", True)],
        ),
        ("cron/daily.yaml", "prompt: ${ONE_KEY}\n", [("ONE_KEY", 1, "placeholder", True)]),
        (
            "scripts/a.py",
            "x\nos.environ['ONE']\nos.environ.get('TWO')\ngetenv(\"SIX\")\n",
            [
                ("ONE", 2, "program", True),
                ("TWO", 3, "program", False),
                ("SIX", 4, "program", False),
            ],
        ),
        (
            "plugins/p/a.ts",
            "process.env.ONE + process.env['TWO']",
            [("ONE", 1, "program", False), ("TWO", 1, "program", False)],
        ),
        (
            "scripts/a.sh",
            "echo $ONE ${TWO_TOKEN} $TWO_KEYS\n",
            [("TWO_TOKEN", 1, "program", False)],
        ),
    ],
)
def test_each_kind_of_file_names_variables_in_its_own_way(
    path: str, text: str, found: list[object]
) -> None:
    assert told(path, text) == found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("notes.md", "${ONE_KEY} os.environ['ONE']"),
        ("config.yaml", "a: ${HOME} ${HERMES_HOME} ${lower} $ONE_KEY\n"),
        (
            "scripts/a.py",
            "os.environ['PATH'] + os.environ['PYTHONPATH'] + os.environ['XDG_CACHE_HOME']",
        ),
        ("cron/notes.txt", "${ONE_KEY}"),
        ("assets/config.yaml", "a: ${ONE_KEY}\n"),
    ],
)
def test_what_every_machine_has_and_what_other_files_say_is_no_reference(
    path: str, text: str
) -> None:
    assert told(path, text) == []


def test_a_skill_asks_in_its_front_matter_in_every_shape() -> None:
    text = (
        "---\nname: s\nrequired_environment_variables:\n- name: ONE\n- {name: TWO, optional: true}\n- THREE\n"
        "setup:\n  collect_secrets: [{env_var: FOUR}]\nprerequisites:\n  env_vars: FIVE\n---\n${NOT_ME} and ONE\n"
    )
    assert told("skills/s/SKILL.md", text) == [
        ("ONE", 4, "skill", True),
        ("TWO", 5, "skill", False),
        ("THREE", 6, "skill", True),
        ("FOUR", 8, "skill", True),
        ("FIVE", 10, "skill", True),
    ]


@pytest.mark.parametrize(
    "front",
    [
        "",
        "---\na: [\n---\n",
        "---\n- a\n---\n",
        "---\nrequired_environment_variables: 7\n---\n",
        "---\nrequired_environment_variables: [{name: no name}, {}, 7]\n---\n",
        "---\nsetup: x\n---\n",
    ],
)
def test_a_skill_that_asks_for_nothing_sensible_asks_for_nothing(front: str) -> None:
    assert told("skills/s/SKILL.md", f"{front}ONE\n") == []


def test_bytes_that_are_no_text_do_not_keep_the_rest_from_being_read() -> None:
    (found,) = variables_in(RelPath("scripts/a.py"), b"\xff\n" + b"os.environ['ONE']")
    assert found == Reference("ONE", RelPath("scripts/a.py"), 2, "program")


def test_a_package_lists_each_reference_once_in_the_order_of_places() -> None:
    shelf = Shelf()
    tree = shelf.tree(
        {
            "scripts/z.py": "os.environ['B'];os.environ['A'];os.environ['A']",
            "config.yaml": "x: ${Z}\n",
            "a.md": "x",
        }
    )
    assert [(str(r.path), r.name) for r in references(tree, shelf.read)] == [
        ("config.yaml", "Z"),
        ("scripts/z.py", "A"),
        ("scripts/z.py", "B"),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/home/ada/x", "/home/ada"),
        ("in '/Users/ada'", "/Users/ada"),
        ("/root/.ssh", "/root/."),
        (r"C:\Users\ada\x", r"C:\Users\ada"),
        (r'"D:\\Users\\ada"', r"D:\\Users\\ada"),
        ("C:/Users/ada", "C:/Users/ada"),
        ("(/home/ada)", "/home/ada"),
    ],
)
def test_a_place_on_a_machine_is_found(text: str, place: str) -> None:
    assert list(personal_paths(f"one\n{text}\n")) == [(2, place)]


@pytest.mark.parametrize(
    "text",
    [
        "/home/user/x",
        "/Users/YOU",
        "/home/alice",
        "https://x.example/home/ada",
        "~/home/ada",
        "$X/home/ada",
        "/home",
        "/home/",
        "/root",
        "/homes/ada",
        r"C:\Windows\ada",
        "./home/ada",
    ],
)
def test_names_that_stand_for_anybody_and_other_places_are_none(text: str) -> None:
    assert list(personal_paths(text)) == []


def test_the_home_of_whoever_looks_counts_and_its_namesakes_do_not() -> None:
    assert list(personal_paths("a\n/home/user/x", "/home/user")) == [(2, "/home/user")]
    assert list(personal_paths("/home/user2/x /home/username", "/home/user")) == [
        (1, "/home/user2")
    ]
    assert list(personal_paths("a\n/srv/people/ada/x\n/srv/people/adam", "/srv/people/ada")) == [
        (2, "/srv/people/ada")
    ]
    assert list(personal_paths("/app/x and /", "/app")) == []
