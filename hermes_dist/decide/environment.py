"""The environment that a package wants: what of it is there, what is missing, and the example file for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist.decide.dotenv import check_value, quote
from hermes_dist.decide.ownership import ENV_EXAMPLES
from hermes_dist.errors import Invalid, UsageError
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.manifest import ENV_NAME, EnvVar, Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Entry, Tree

ENV_EXAMPLE = RelPath(".env.EXAMPLE")
_DANGEROUS = re.compile(
    r"(LD_|DYLD_|PYTHON|GIT_|HERMES_|AIGENLABS_).*|PATH|NODE_OPTIONS|BASH_ENV|ENV|IFS|PERL5OPT|RUBYOPT|.*_PROXY"
    r"|.*_BASE_URL|SSL_CERT_.*|HOME|SHELL|EDITOR|PAGER"
)


class Wanted(Struct, frozen=True):
    """One variable that a package wants.

    Attributes:
        found: Where it was found: ``shell``, ``.env``, or nowhere.
        new: The package did not want it, or not so much, before.
    """

    var: EnvVar
    found: str
    new: bool = True

    @property
    def missing(self) -> bool:
        return self.var.required and not self.found


class Given(Discreet, frozen=True):
    """Variables with values from the command line.

    Attributes:
        values: By name; secrets, so they are never shown.
        warnings: What was not taken, one sentence each, without values.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def wanted_by(
    manifest: Manifest, shell: Mapping[str, str], dotenv: Mapping[str, str], before: Manifest | None = None
) -> tuple[Wanted, ...]:
    """Say for each variable of a package whether it is set.

    Args:
        manifest: The package's.
        shell: The environment of this process.
        dotenv: The home's ``.env``.
        before: The manifest that the home received before; None for none.
    """
    known = {var.name: var.required for var in before.env} if before else {}
    return tuple(
        Wanted(
            var, ".env" if dotenv.get(var.name) else "shell" if shell.get(var.name) else "",
            new=var.name not in known or (var.required and not known[var.name]),
        )
        for var in manifest.env
    )  # fmt: skip


def with_values(wanted: Iterable[Wanted], names: Iterable[str]) -> tuple[Wanted, ...]:
    """Count variables as set that are about to be written."""
    written = set(names)
    return tuple(replace(item, found=".env") if item.var.name in written else item for item in wanted)


def given_by(assignments: Sequence[str], files: Iterable[Mapping[str, str]], shell: Mapping[str, str]) -> Given:
    """Read ``--env NAME=VALUE``, ``--env NAME`` (the value of this shell) and the variables of ``--env-file``.

    What is no variable is named by its place alone, as it may be a secret in the wrong one.

    Args:
        assignments: As typed behind ``--env``; they win over files.
        files: What the files hold.
        shell: The environment of this process.

    Raises:
        UsageError: A value is missing, or can't stand on one line; no value is shown.
    """
    values: dict[str, str] = {}
    warnings: list[str] = []
    for number, (name, value) in enumerate((pair for each in files for pair in each.items()), 1):
        _take(f"--env-file: variable {number}", name, value, values, warnings)
    for number, text in enumerate(assignments, 1):
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals and ENV_NAME.fullmatch(name) and name not in shell:
            raise UsageError(
                f"the {number}. --env has no value, and this shell has no such variable", hint="write --env NAME=VALUE"
            )
        _take(f"--env: variable {number}", name, value if equals else shell.get(name, ""), values, warnings)
    return Given(values, tuple(warnings))


def _take(place: str, name: str, value: str, values: dict[str, str], warnings: list[str]) -> None:
    if not ENV_NAME.fullmatch(name):
        warnings.append(f"{place} has a name that is no variable (capitals, digits and _) and is not written")
        return
    try:
        check_value(name, value)
    except Invalid as error:
        raise UsageError(error.what, where=f"{place}, {name}", hint="give it a value of one line") from None
    values[name] = value


def unasked(given: Iterable[str], manifest: Manifest) -> tuple[str, ...]:
    """List variables that were given and that the package does not ask for."""
    asked = {var.name for var in manifest.env}
    return tuple(sorted(set(given) - asked))


def is_dangerous(name: str) -> bool:
    """Whether a variable steers programs or points them elsewhere."""
    return bool(_DANGEROUS.fullmatch(name))


def offers_default(var: EnvVar) -> bool:
    """Whether a default may be offered: never one that steers programs, points elsewhere, or takes other values in."""
    if not var.default or not var.usable or is_dangerous(var.name) or "$" in var.default or "`" in var.default:
        return False
    try:
        check_value(var.name, var.default)
    except Invalid:
        return False
    return True


def shipped_example(package: Tree) -> Entry | None:
    """The template of the environment that a package ships."""
    return next((package[RelPath(name)] for name in ENV_EXAMPLES if RelPath(name) in package), None)


def example_of(variables: Iterable[EnvVar]) -> bytes:
    """Write the template for packages that ship none."""
    lines = ["# What this agent wants in its environment. Copy the lines to .env and fill them in.", ""]
    for var in variables:
        if not var.usable:
            continue
        lines += [f"# {_printable(line)}" for line in var.description.splitlines() if line.strip()]
        lines.append("# (required)" if var.required else "# (optional)")
        default = quote(var.default) if offers_default(var) and var.default else ""
        lines += [f"{'' if var.required else '# '}{var.name}={default}", ""]
    return "\n".join(lines).encode()


def _printable(text: str) -> str:
    """People look at templates in terminals: an escape code has no business there."""
    return "".join(char if char.isprintable() else " " for char in text)
