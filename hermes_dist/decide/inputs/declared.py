"""The inputs that a manifest declares: names, types, defaults, and where the answers go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.decide.environment.names import REASONS, EnvClass, class_of, is_harmless
from hermes_dist.decide.inputs.typed import Kind, Limits, Misfit, check, read, shown
from hermes_dist.errors import Invalid, quoted
from hermes_dist.model.lock_package import InputValue
from hermes_dist.model.manifest import ENV_NAME, Manifest

NAME = lazily.pattern(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_FIELDS = frozenset(
    {
        "type",
        "description",
        "default",
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "secret",
        "env",
    }
)
_LIMITS = ("minimum", "maximum", "minLength", "maxLength")
_MOST = 100
_REPEATS = 4
_ATOM = r"(?:\[\^?(?:\\[\w\W]|[^\]\\])+\]|\\[dDwWsSbB.\-+*?()\[\]{}|/\\^$]|\.|[^\\\[\](){}*+?|^$\x00-\x1f])"
_TIMES = r"(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})"
_PATTERN = lazily.pattern(rf"\^?(?:{_ATOM}{_TIMES}?|\((?:\?:)?|\)\??|\|)*\$?")
"""The patterns that are taken: nothing repeats a group, so that no pattern of an author's can run for ever."""


class Input(Struct, frozen=True, kw_only=True):
    """Something that a package asks its user.

    Attributes:
        kind: The type of the answer.
        limits: What else the answer has to be.
        default: The answer if nobody gives another one; None if there has to be one.
        secret: The answer goes to the home's ``.env`` alone, and is never shown or remembered.
        env: The variable of ``.env`` that the answer goes to; empty if it goes only where its placeholder is.
    """

    name: str
    kind: Kind = Kind.STRING
    limits: Limits = Limits()
    description: str = ""
    default: InputValue | None = None
    secret: bool = False
    env: str = ""


def declared_by(manifest: Manifest) -> tuple[Input, ...]:
    """Read the inputs of a manifest, in its order.

    Raises:
        Invalid: A field is not what it should be; the error's place is the field. An input that can't be read is an
            error and not left out: without its answer, the agent would read a placeholder.
    """
    return declared_in(manifest.inputs)


def declared_in(value: object) -> tuple[Input, ...]:
    """Read inputs from the data of a manifest's field, or from an archive's card.

    Raises:
        Invalid: As :func:`declared_by`.
    """
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise _odd("inputs", "it is not a map of names")
    if len(value) > _MOST:
        raise _odd("inputs", f"there are more than {_MOST}")
    return tuple(_input(str(name), row) for name, row in value.items())


def fields_of(item: Input) -> dict[str, object]:
    """The fields of an input as a manifest has them: reading them gives the same input."""
    limits = item.limits
    rows = {
        "type": str(item.kind),
        "description": item.description,
        "enum": list(limits.choices),
        "pattern": limits.pattern,
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "minLength": limits.shortest or None,
        "maxLength": limits.longest,
        "env": item.env,
    }
    told: dict[str, object] = {
        name: value for name, value in rows.items() if value not in (None, "", [])
    }
    return told if item.default is None else {**told, "default": item.default}


def accepted(item: Input, text: str) -> InputValue:
    """Read an answer as typed.

    Raises:
        Invalid: It does not fit; the error says why, and never shows the answer to a secret.
    """
    try:
        value = read(item.kind, text)
        _check(item, value)
    except Misfit as misfit:
        raise _refused(item, misfit) from None
    return value


def fits(item: Input, value: InputValue) -> bool:
    """Return whether an answer that was given before still fits."""
    try:
        _check(item, value)
    except Misfit:
        return False
    return True


def rules_of(item: Input) -> str:
    """Say in a few words what an answer has to be, such as ``integer from 1 to 90``."""
    return item.limits.words(item.kind)


def _check(item: Input, value: InputValue) -> None:
    check(item.kind, item.limits, value)
    if item.env and not item.secret and not is_harmless(item.env, shown(value)):
        raise Misfit(f"a package may not set {item.env} to that")
    if item.env and not shown(value):
        raise Misfit("it is empty")


def _refused(item: Input, misfit: Misfit) -> Invalid:
    return Invalid(
        f"the answer does not fit: {misfit}",
        where=f"input {item.name}",
        hint=f"it has to be: {rules_of(item)}; give it with --set {item.name}=VALUE",
    )


def _input(name: str, row: object) -> Input:
    field = f"inputs.{name}"
    if not NAME.fullmatch(name):
        raise _odd(field, "the name may have letters, digits and _, and has to begin with a letter")
    if row is None:
        row = {}
    if not isinstance(row, dict):
        raise _odd(field, "it is not a map of fields")
    if unknown := sorted(set(map(str, row)) - _FIELDS):
        raise _odd(field, f"{quoted(unknown[0], 80)} is not known")
    kind = _kind(field, row)
    item = Input(
        name=name,
        kind=kind,
        limits=_limits(field, row, kind),
        description=_text(field, row, "description"),
        secret=_flag(field, row, "secret"),
        env=_text(field, row, "env"),
    )
    _check_place(field, item)
    return _with_default(field, row, item)


def _kind(field: str, row: Mapping[object, object]) -> Kind:
    value = row.get("type", Kind.STRING)
    if value not in [*Kind]:
        raise _odd(f"{field}.type", f"it is not one of {', '.join(Kind)}")
    return Kind(str(value))


def _limits(field: str, row: Mapping[object, object], kind: Kind) -> Limits:
    numbers = dict(_numbers(field, row, kind))
    return Limits(
        pattern=_pattern(field, row, kind),
        choices=tuple(_choices(field, row, kind)),
        minimum=numbers.get("minimum"),
        maximum=numbers.get("maximum"),
        shortest=int(numbers.get("minLength", 0)),
        longest=int(numbers["maxLength"]) if "maxLength" in numbers else None,
    )


def _numbers(
    field: str, row: Mapping[object, object], kind: Kind
) -> Iterator[tuple[str, int | float]]:
    for name in _LIMITS:
        value = row.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _odd(f"{field}.{name}", "it is not a number")
        is_length = name.endswith("Length")
        if is_length != (kind is Kind.STRING) or kind is Kind.BOOLEAN:
            raise _odd(f"{field}.{name}", f"it says nothing about the type {kind}")
        if is_length and (value < 0 or value != int(value)):
            raise _odd(f"{field}.{name}", "a length is a whole number")
        yield name, value


def _pattern(field: str, row: Mapping[object, object], kind: Kind) -> str:
    text = _text(field, row, "pattern")
    if not text:
        return ""
    place = f"{field}.pattern"
    if kind is not Kind.STRING:
        raise _odd(place, f"it says nothing about the type {kind}")
    repeats = len(re.findall(r"(?<!\\)(?:[*+]|\{\d*,\})", text))
    if len(text) > 200 or repeats > _REPEATS or not _PATTERN.fullmatch(text):
        raise _odd(
            place,
            "it is too complicated: letters, [classes], (groups|choices) and at most "
            f"{_REPEATS} of * and + are taken, and nothing that repeats a group",
        )
    try:
        re.compile(text)
    except re.error as err:
        raise _odd(place, f"it is not a pattern: {err.msg}") from None
    return text


def _choices(field: str, row: Mapping[object, object], kind: Kind) -> Iterator[InputValue]:
    value = row.get("enum")
    if value is None:
        return
    if not isinstance(value, list) or not value:
        raise _odd(f"{field}.enum", "it is not a list of answers")
    for choice in value:
        try:
            check(kind, Limits(), choice)
        except Misfit as misfit:
            raise _odd(f"{field}.enum", f"{quoted(choice, 80)} does not fit: {misfit}") from None
        yield choice


def _check_place(field: str, item: Input) -> None:
    """Check that an answer may go where its author wants it."""
    if item.env and not ENV_NAME.fullmatch(item.env):
        raise _odd(f"{field}.env", f"{quoted(item.env, 80)} is no name of a variable")
    if not item.secret:
        if item.env and class_of(item.env) is not EnvClass.HARMLESS:
            raise _reserved(field, item.env)
        return
    if not item.env:
        raise _odd(field, "a secret needs `env`, the variable of .env that it goes to")
    if class_of(item.env) not in (EnvClass.KEY, EnvClass.HARMLESS):
        raise _reserved(field, item.env)


def _reserved(field: str, name: str) -> Invalid:
    kind = class_of(name)
    if kind is EnvClass.KEY:
        return _odd(f"{field}.env", f"{name} looks like a key: say `secret: true`")
    return _odd(f"{field}.env", f"no input may set {name}: {REASONS[kind]}; use env_requires")


def _with_default(field: str, row: Mapping[object, object], item: Input) -> Input:
    value = row.get("default")
    if value is None:
        return item
    if item.secret:
        raise _odd(f"{field}.default", "a secret has no default")
    try:
        _check(item, value)  # type: ignore[arg-type]  # whatever it is, it is checked
    except Misfit as misfit:
        raise _odd(f"{field}.default", f"it does not fit: {misfit}") from None
    return Input(
        name=item.name,
        kind=item.kind,
        limits=item.limits,
        description=item.description,
        default=value,  # type: ignore[arg-type]  # it was checked
        env=item.env,
    )


def _text(field: str, row: Mapping[object, object], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _odd(f"{field}.{name}", "it is not text")
    return value


def _flag(field: str, row: Mapping[object, object], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise _odd(f"{field}.{name}", "it is neither true nor false")
    return value


def _odd(field: str, why: str) -> Invalid:
    return Invalid(
        why,
        where=f"distribution.yaml: {field}",
        hint="the fields of inputs are in docs/howto/inputs.md; ask its author",
    )
