"""The environment that a package wants: what is set, what is missing, and what the command line supplies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.environment.dotenv import check_value
from hermes_dist.decide.environment.names import REASONS, RISKY, STARTLING, class_of, is_harmless
from hermes_dist.errors import Invalid, UsageError
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.manifest import ENV_NAME, EnvVar, Manifest


class Wanted(Struct, frozen=True):
    """One variable that a package wants.

    Attributes:
        found: Where it was found: ``shell``, ``.env``, or empty if nowhere.
        new: The package did not ask for it before, or asked for it less strictly.
    """

    var: EnvVar
    found: str
    new: bool = True

    @property
    def missing(self) -> bool:
        return self.var.required and not self.found


class Given(Discreet, frozen=True):
    """Variables and values from the command line.

    Attributes:
        values: The values by name; they are secrets and never shown.
        warnings: Sentences about what was not taken, without values.
        named: A variable or a file was named, also if nothing came of it.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    named: bool = False


def wanted_by(
    manifest: Manifest,
    shell: Mapping[str, str],
    dotenv: Mapping[str, str],
    before: Manifest | None = None,
) -> tuple[Wanted, ...]:
    """Find out for each variable of a package whether it is set.

    Args:
        manifest: The package's manifest.
        shell: The environment of this process.
        dotenv: The home's ``.env``.
        before: The manifest that the home received before, if any.
    """
    known: dict[str, bool] = {}
    if before:
        known = {var.name: var.required for var in before.env}
    return tuple(
        Wanted(
            var,
            _place_of(var.name, shell, dotenv),
            new=var.name not in known or (var.required and not known[var.name]),
        )
        for var in manifest.env
    )


def _place_of(name: str, shell: Mapping[str, str], dotenv: Mapping[str, str]) -> str:
    # The agent lets its own file win over the shell.
    if dotenv.get(name):
        return ".env"
    return "shell" if shell.get(name) else ""


def with_values(wanted: Iterable[Wanted], names: Iterable[str]) -> tuple[Wanted, ...]:
    """Mark variables as set that are about to be written."""
    written = set(names)
    return tuple(
        replace(item, found=".env") if item.var.name in written else item for item in wanted
    )


def given_by(
    assignments: Sequence[str], files: Sequence[Mapping[str, str]], shell: Mapping[str, str]
) -> Given:
    """Read ``--env NAME=VALUE``, ``--env NAME`` (the value of this shell) and the variables of ``--env-file``.

    Values typed by the user are taken. A file may be an author's template, so variables that control the machine
    or the agent are not taken from it. An invalid variable is named only by its position, because it may
    be a secret typed in the wrong place.

    Args:
        assignments: As typed behind ``--env``; they win over files.
        files: The contents of the files.
        shell: The environment of this process.

    Raises:
        UsageError: A value is missing or does not fit on one line; the message shows no value.
    """
    taken = _Taken()
    pairs = chain.from_iterable(each.items() for each in files)
    for number, (name, value) in enumerate(pairs, 1):
        taken.from_file(f"--env-file: variable {number}", name, value)
    for number, text in enumerate(assignments, 1):
        name, value = _assignment(number, text, shell)
        taken.typed(f"--env: variable {number}", name, value)
    left = tuple(warning for name, warning in taken.left.items() if name not in taken.values)
    named = bool(assignments or files)
    return Given(taken.values, (*taken.warnings, *left), named)


def _assignment(number: int, text: str, shell: Mapping[str, str]) -> tuple[str, str]:
    """Return a name and its value as typed, or as the shell has it."""
    name, equals, value = text.partition("=")
    name = name.strip()
    if equals:
        return name, value
    if ENV_NAME.fullmatch(name) and name not in shell:
        raise UsageError(
            f"--env number {number} has no value, and this shell has no variable of that name",
            hint="write --env NAME=VALUE",
        )
    return name, shell.get(name, "")


class _Taken:
    """The values taken so far, and the ones rejected, with reasons."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.warnings: list[str] = []
        self.left: dict[str, str] = {}

    def from_file(self, place: str, name: str, value: str) -> None:
        kind = class_of(name)
        if kind in RISKY and ENV_NAME.fullmatch(name):
            self.left[name] = (
                f"--env-file: {name} is skipped, because {REASONS[kind]}; to set it anyway: --env {name}=VALUE"
            )
        else:
            self._take(place, name, value)

    def typed(self, place: str, name: str, value: str) -> None:
        if self._take(place, name, value) and (kind := class_of(name)) in STARTLING:
            self.warnings.append(
                f"--env: {name} is written as you asked; note that {REASONS[kind]}"
            )

    def _take(self, place: str, name: str, value: str) -> bool:
        if not ENV_NAME.fullmatch(name):
            self.warnings.append(
                f"{place} has a name that is not a valid variable name (capitals, digits and _) and is not written"
            )
            return False
        try:
            check_value(name, value)
        except Invalid as error:
            raise UsageError(
                error.what, where=f"{place}, {name}", hint="give it a value on one line"
            ) from None
        self.values[name] = value
        return True


def unasked(given: Iterable[str], manifest: Manifest) -> tuple[str, ...]:
    """List the given variables that the package does not ask for."""
    asked = {var.name for var in manifest.env}
    return tuple(sorted(set(given) - asked))


def offers_default(var: EnvVar) -> bool:
    """Whether the author's value may be offered: both the name and the value are known to be harmless."""
    return bool(var.default) and var.usable and is_harmless(var.name, var.default or "")
