"""What is looked for before a pattern is compiled is in everything that the pattern finds."""

from __future__ import annotations

from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hermes_dist.agents.dialects import NUMBER, WHOLE
from hermes_dist.decide.consent import starts
from hermes_dist.decide.consent.trail import directions
from hermes_dist.model import dialects

_WORDS = "cwd work ing dir ectory folder root command cmd args init_files bin interpreter s cd pushd eval print project"
_NAMES = "PATH LIB HOME DIR ROOT PREFIX X CWD _ - -- C w m c e x 1 7 . + E ı K İ é"
_TEXTS = st.lists(st.sampled_from([*_WORDS.split(), *_NAMES.split(), "\n", " "]), max_size=5)


@settings(max_examples=examples(20_000), deadline=None)
@given(_TEXTS.map("".join))
@example("workd\u0131r")
@example("D\u0130R")
@example("MY_LIB_2")
def test_nothing_that_a_pattern_finds_is_missed(text: str) -> None:
    folder = starts._FOLDER_KEY.fullmatch(text) or starts._FOLDER_VARIABLE.fullmatch(text)
    assert starts._names_folder(text, "x") == bool(folder)
    if starts._COMMAND_KEY.fullmatch(text):
        assert text.endswith(starts._COMMAND_ENDS)
    if any(
        one.match(text) for one in (directions.MODULE, directions.IN_FOLDER, directions.CODE_WORD)
    ):
        assert text.startswith("-") or text.isupper() or text in directions.GOING
    if NUMBER.fullmatch(text) or WHOLE.fullmatch(text):
        assert text[:1] in dialects._BEGIN_NUMBERS
