"""Skills in the strict form of Agent Skills."""

from __future__ import annotations

import pytest
import yaml

from hermes_dist.decide.neighbours.portable_skill import portable_skill

GOOD = b"---\nname: find  # mine\ndescription: Finds.\nmetadata: {a: b}\n---\nFind.\n"


def front(data: bytes) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(data.split(b"---\n")[1])
    return found


def test_what_is_strict_stays_byte_by_byte() -> None:
    assert portable_skill(GOOD, "find") == GOOD


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("name: F d\ndescription: D", {"name": "find", "description": "D"}),
        ("description: D", {"name": "find", "description": "D"}),
        ("name: find", {"name": "find", "description": "The skill find."}),
        (
            "name: find\ndescription: D\nmetadata:\n  hermes:\n    tags: [a, b]\n  n: 1",
            {
                "name": "find",
                "description": "D",
                "metadata": {"hermes": '{"tags": ["a", "b"]}', "n": "1"},
            },
        ),
        (
            "name: find\ndescription: D\nallowed-tools: [Read, Bash]\nlicense: 3",
            {"name": "find", "description": "D", "allowed-tools": "Read Bash", "license": "3"},
        ),
    ],
)
def test_the_front_matter_is_made_strict_and_the_text_stays(
    text: str, want: dict[str, object]
) -> None:
    made = portable_skill(f"---\n{text}\n---\nFind.\n".encode(), "find")
    assert front(made) == want
    assert made.endswith(b"---\nFind.\n")
    assert portable_skill(made, "find") == made


def test_long_descriptions_are_cut_and_texts_without_front_matter_get_one() -> None:
    made = portable_skill(b"---\nname: find\ndescription: %s\n---\n" % (b"x" * 2000), "find")
    assert len(str(front(made)["description"])) == 1024
    assert front(portable_skill(b"Find.\n", "find"))["name"] == "find"
