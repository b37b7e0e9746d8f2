"""The inputs of the package in a profile, each with its answer."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.decide.inputs.declared import Input, declared_by, rules_of
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import InputAnswer, InputValue
from hermes_dist.model.manifest import Manifest


class InputRow(Struct, frozen=True, kw_only=True):
    """An input with its answer.

    Attributes:
        rules: What the answer has to be, in a few words; empty for an input of a layer.
        choices: The only answers; empty for all.
        answer: The answer; None if nobody was asked yet.
    """

    name: str
    type: str = ""
    description: str = ""
    rules: str = ""
    default: InputValue | None = None
    secret: bool = False
    env: str = ""
    choices: tuple[InputValue, ...] = ()
    answer: InputAnswer | None = None


def row_of(item: Input, answer: InputAnswer | None, rules: str = "") -> InputRow:
    """Make the row of an input.

    Args:
        item: The input.
        answer: Its answer; None if there is none.
        rules: What the answer has to be, if more is known than the input says.
    """
    return InputRow(
        name=item.name,
        type=str(item.kind),
        description=item.description,
        rules=rules or rules_of(item),
        default=item.default,
        secret=item.secret,
        env=item.env,
        choices=item.limits.choices,
        answer=answer,
    )


def input_rows_of(manifest: Manifest | None, lock: Lock | None) -> tuple[InputRow, ...]:
    """List the inputs of a package, then those of its layers that were answered."""
    answers = {one.name: one for one in lock.inputs} if lock else {}
    try:
        declared = declared_by(manifest) if manifest else ()
    except Invalid:
        declared = ()  # `validate` says what is wrong with them
    own = [row_of(item, answers.pop(item.name, None)) for item in declared]
    layers = [
        InputRow(name=one.name, secret=one.value is None, answer=one) for one in answers.values()
    ]
    return (*own, *layers)
