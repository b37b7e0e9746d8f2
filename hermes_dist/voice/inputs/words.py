"""What is said about the inputs of packages: questions and answers. No secret is ever among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from hermes_dist.decide.inputs.typed import shown
from hermes_dist.voice.clean import clean, clean_value
from hermes_dist.voice.lines import Line, line

if TYPE_CHECKING:
    from hermes_dist.model.lock import Lock
    from hermes_dist.model.lock_package import InputAnswer
    from hermes_dist.ops.change.request import InputQuestion
    from hermes_dist.ops.inputs.rows import InputRow

_HIDDEN = "(secret, in .env)"


def input_words(question: InputQuestion) -> Iterator[str]:
    """Say what a package asks, before the line where the answer is typed."""
    if question.description:
        yield clean(question.description)
    hidden = "; what you type is not shown" if question.secret else ""
    yield f"  {clean(question.rules)}{hidden}"


def answer_lines(before: Lock | None, now: Lock | None) -> Iterator[Line]:
    """Say which answers a change brings into a profile, and which it had before."""
    old = {one.name: one for one in before.inputs} if before else {}
    for one in now.inputs if now else ():
        was = old.get(one.name)
        if was is None:
            yield line(f"  input  {_answer(one)}")
        elif was != one:
            yield line(f"  input  {_answer(one)} (was {_value(was)})")


def unanswered_lines(rows: Iterable[InputRow]) -> Iterator[Line]:
    """Say which inputs have no answer yet and no default, so that they will be asked for."""
    for row in rows:
        if row.answer is None:
            yield line(f"  input  {clean(row.name)}: will be asked for ({clean(row.rules)})")


def _answer(one: InputAnswer) -> str:
    return f"{clean(one.name)}: {_value(one)}"


def _value(one: InputAnswer) -> str:
    return _HIDDEN if one.value is None else clean_value(shown(one.value))


def input_rows(rows: Iterable[InputRow]) -> Iterator[tuple[str, str]]:
    """Say for each input what it is answered with, as a name and a value of ``info``."""
    for row in rows:
        said = _value(row.answer) if row.answer else "(no answer yet)"
        yield "Input", f"{row.name}: {said}  {row.description}".rstrip()
