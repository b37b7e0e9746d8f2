"""The environment that a package wants: what of it is there, what is missing, and the example file for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hermes_dist.decide.ownership import ENV_EXAMPLES
from hermes_dist.model.manifest import EnvVar, Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Entry, Tree

ENV_EXAMPLE = RelPath(".env.EXAMPLE")
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")
_DANGEROUS = re.compile(
    r"(LD_|DYLD_|PYTHON|GIT_|HERMES_|AIGENLABS_).*|PATH|NODE_OPTIONS|BASH_ENV|ENV|IFS|PERL5OPT|RUBYOPT|.*_PROXY"
    r"|.*_BASE_URL|SSL_CERT_.*|HOME|SHELL|EDITOR|PAGER"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One variable that a package wants, and where it was found: ``shell``, ``.env`` or nowhere."""

    var: EnvVar
    found: str

    @property
    def missing(self) -> bool:
        return self.var.required and not self.found


def read_env(text: str) -> dict[str, str]:
    """Read the assignments of a ``.env`` file; empty values count as not set."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and not line.lstrip().startswith("#"):
            value = match[2]
            if value[:1] in {'"', "'"} and value[-1:] == value[:1] and len(value) > 1:
                value = value[1:-1]
            elif " #" in value:
                value = value.partition(" #")[0].rstrip()
            if value:
                values[match[1]] = value
    return values


def wanted_by(manifest: Manifest, shell: Mapping[str, str], dotenv: Mapping[str, str]) -> tuple[Wanted, ...]:
    """Say for each variable of a package whether it is set."""
    return tuple(
        Wanted(var, ".env" if dotenv.get(var.name) else "shell" if shell.get(var.name) else "")
        for var in manifest.env
    )


def offers_default(var: EnvVar) -> bool:
    """Whether a default may be offered: never for variables that steer programs or point them elsewhere."""
    return var.default is not None and "\n" not in var.default and not _DANGEROUS.fullmatch(var.name)


def shipped_example(package: Tree) -> Entry | None:
    """The template of the environment that a package ships."""
    return next((package[RelPath(name)] for name in ENV_EXAMPLES if RelPath(name) in package), None)


def example_of(variables: Iterable[EnvVar]) -> bytes:
    """Write the template for packages that ship none."""
    lines = ["# What this agent wants in its environment. Copy the lines to .env and fill them in.", ""]
    for var in variables:
        if not var.usable:
            continue
        lines += [f"# {line}" for line in var.description.splitlines() if line.strip()]
        lines.append("# (required)" if var.required else "# (optional)")
        default = var.default if offers_default(var) and var.default else ""
        lines += [f"{'' if var.required else '# '}{var.name}={default}", ""]
    return "\n".join(lines).encode()
