"""Look up again what a team's file refers to, and set only what differs from the machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist.agents.places import ENV
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.inputs.typed import shown
from hermes_dist.decide.team.wanted import WantedProfile, is_reference
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.inputs.rows import InputRow, input_rows_of
from hermes_dist.ops.team.values import Answers
from hermes_dist.world.disk.errors import trouble
from hermes_dist.world.files import read_file


def values_of(ctx: Context, name: ProfileName) -> Mapping[str, str]:
    """The variables that a profile's ``.env`` sets, with their values.

    Raises:
        DistError: It can't be read.
    """
    path = ctx.layout.home(name) / ENV
    try:
        return dotenv.read(read_file(path))
    except FileNotFoundError:
        return {}
    except OSError as err:
        raise trouble(err, "it can't be read", where=str(path)) from err


def same_variables(ctx: Context, want: WantedProfile, answers: Answers) -> frozenset[str]:
    """The variables whose references lead to the values that they have.

    Raises:
        DistError: The profile's ``.env`` can't be read.
    """
    there = values_of(ctx, want.name)
    return frozenset(
        name
        for name, word in want.variables.items()
        if word and name in there and _leads_to(answers, name, word, there[name])
    )


def same_answers(ctx: Context, want: WantedProfile, lock: Lock, answers: Answers) -> frozenset[str]:
    """The inputs whose references lead to the answers that they got.

    Raises:
        DistError: The profile's ``.env`` can't be read.
    """
    words = {name: word for name, word in want.inputs.items() if is_reference(word)}
    if not words:
        return frozenset()
    env = values_of(ctx, want.name)
    rows = [row for row in input_rows_of(manifest_of(ctx, lock), lock) if row.name in words]
    return frozenset(
        row.name for row in rows if _leads_to(answers, row.name, words[row.name], *_given(row, env))
    )


def _given(row: InputRow, env: Mapping[str, str]) -> Iterable[str]:
    """What an input was answered with, as it would be typed; nothing if nobody was asked yet.

    Nobody knows here which variable the secret of a layer is in: it is one of them.
    """
    if row.answer is None:
        return ()
    if row.answer.value is not None:
        return (shown(row.answer.value),)
    return [value for name, value in env.items() if row.env in ("", name)]


def _leads_to(answers: Answers, name: str, word: str, *values: str) -> bool:
    try:
        return bool(values) and answers.to(name, word) in values
    except DistError:
        return False  # the step that sets it says why
