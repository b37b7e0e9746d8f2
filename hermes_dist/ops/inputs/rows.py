"""The inputs of the package in a profile, each with its answer."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.decide.inputs.declared import declared_by, rules_of
from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import InputAnswer, InputValue
from hermes_dist.model.manifest import Manifest


class InputRow(Struct, frozen=True, kw_only=True):
    """An input with its answer.

    Attributes:
        rules: What the answer has to be, in a few words; empty for an input of a layer.
        answer: The answer; None if nobody was asked yet.
    """

    name: str
    type: str = ""
    description: str = ""
    rules: str = ""
    default: InputValue | None = None
    secret: bool = False
    env: str = ""
    answer: InputAnswer | None = None


def input_rows_of(manifest: Manifest | None, lock: Lock | None) -> tuple[InputRow, ...]:
    """List the inputs of a package, then those of its layers that were answered."""
    answers = {one.name: one for one in lock.inputs} if lock else {}
    try:
        declared = declared_by(manifest) if manifest else ()
    except Invalid:
        declared = ()  # `validate` says what is wrong with them
    own = [
        InputRow(
            name=item.name,
            type=str(item.kind),
            description=item.description,
            rules=rules_of(item),
            default=item.default,
            secret=item.secret,
            env=item.env,
            answer=answers.pop(item.name, None),
        )
        for item in declared
    ]
    layers = [
        InputRow(name=one.name, secret=one.value is None, answer=one) for one in answers.values()
    ]
    return (*own, *layers)
