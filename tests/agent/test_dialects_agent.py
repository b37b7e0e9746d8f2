"""How the real agent reads plain words of YAML, held against our reading of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from partners import Generation

from hermes_dist.agents.generation import generation_of
from hermes_dist.errors import Invalid
from hermes_dist.model.dialects import as_read
from hermes_dist.model.documents.api import Kind, dump, load_data

LETTERS = "-+.017_eE:xby"
WORDS = sorted(
    {
        "".join(letters)
        for length in (1, 2, 3)
        for letters in itertools.product(LETTERS, repeat=length)
    }
    | {
        "n",
        "N",
        "Y",
        "yes",
        "no",
        "on",
        "off",
        "On",
        "OFF",
        "true",
        "TRUE",
        "null",
        "~",
        ".inf",
        ".nan",
        "tRue",
        "nO",
    }
    | {
        "1e3",
        "1.5e3",
        "1E5",
        "+1e3",
        "1e-3",
        "1.0e+3",
        "-1e5",
        "12e03",
        "._5",
        "1_e3",
        "1.e3",
        "1_0e3",
        "0.e1",
        "1e+30",
    }
    | {
        "0o17",
        "017",
        "010",
        "08",
        "0x1F",
        "1_000",
        "12:30",
        "190:20:30",
        "1:60",
        "12:30.5",
        ".5e+3",
        ".5e3",
        "1e1_0",
        "+_17",
        "-_017",
        "+__1_0",
    }
)
READ = """
import json, sys, warnings
warnings.simplefilter("ignore")
try:
    import hermes_yaml as yaml
except ImportError:
    import yaml
def read(text):
    try:
        value = yaml.safe_load(text)["a"]
    except Exception:
        return None
    return [type(value).__name__, repr(value)]
print(json.dumps([read(text) for text in json.load(open(sys.argv[1]))]))
"""


@pytest.fixture
def read(
    agent_venv: Path, run: Callable[..., object], tmp_path: Path
) -> Callable[[list[str]], list[list[str] | None]]:
    def read(texts: list[str]) -> list[list[str] | None]:
        place = tmp_path / "texts.json"
        place.write_text(json.dumps(texts))
        done = run(agent_venv / "bin" / "python", "-c", READ, str(place))
        found: list[list[str] | None] = json.loads(done.stdout)  # type: ignore[attr-defined]
        return found

    return read


def test_a_plain_word_is_to_the_agent_what_we_take_it_for(
    read: Callable[[list[str]], list[list[str] | None]], generation: Generation
) -> None:
    dialect = generation_of(generation.version).dialect
    wrong, compared = [], 0
    for word, theirs in zip(WORDS, read([f"a: {word}\n" for word in WORDS]), strict=True):
        try:
            loaded = load_data(f"a: {word}\n".encode(), Kind.YAML)
        except Invalid:
            continue
        value = as_read(loaded["a"], dialect) if isinstance(loaded, dict) else None
        ours = [type(value).__name__, repr(value)]
        compared += 1
        if theirs is not None and ours != theirs:
            wrong.append((word, ours, theirs))
    assert compared > 1500
    assert wrong == []


def test_a_text_that_we_write_is_a_text_to_the_agent(
    read: Callable[[list[str]], list[list[str] | None]],
) -> None:
    found = read([dump({"a": word}, Kind.YAML).decode() for word in WORDS])
    assert [
        (word, theirs)
        for word, theirs in zip(WORDS, found, strict=True)
        if theirs != ["str", repr(word)]
    ] == []


def test_a_key_twice_is_refused_where_one_generation_would_take_the_last(
    read: Callable[[list[str]], list[list[str] | None]], generation: Generation
) -> None:
    text = "a: 1\na: 2\n"
    assert read([text]) == [None if generation.multiplexed else ["int", "2"]]
    with pytest.raises(Invalid):
        load_data(text.encode(), Kind.YAML)
