"""The first manifest of a package, commented and drafted from its files; and a workflow that validates it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec import Struct

from hermes_dist.agents.places import SOUL
from hermes_dist.decide.environment.names import is_reserved
from hermes_dist.decide.ownership import payload_of
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.secrets.references import references
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, get, load_data
from hermes_dist.model.manifest import EnvVar, Manifest
from hermes_dist.model.tree import Read, Tree

_PROVIDERS = {
    "openrouter": "OPENROUTER_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "google": "GEMINI_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "xai": "XAI_API_KEY",
    "zai": "GLM_API_KEY",
    "minimax": "MINIMAX_API_KEY",
    "huggingface": "HF_TOKEN",
    "nvidia": "NVIDIA_API_KEY",
    "nous-api": "NOUS_API_KEY",
}
"""The variable that the agent reads for each provider of models."""


class Draft(Struct, frozen=True, kw_only=True):
    """The contents of a first manifest.

    Attributes:
        requires: The required versions of the agent.
        env: Variables that the files refer to.
        brings: The names at the root that it would ship.
    """

    name: str
    version: str = "0.1.0"
    description: str = ""
    author: str = ""
    license: str = ""
    requires: str = ""
    env: tuple[EnvVar, ...] = ()
    brings: tuple[str, ...] = ()


def variables_of(tree: Tree, read: Read, hidden: Iterable[str] = ()) -> tuple[EnvVar, ...]:
    """List the variables that a package needs, each with a line on where it is used.

    Args:
        tree: The package.
        read: Gives contents.
        hidden: Names that replace secrets.
    """
    found: dict[str, EnvVar] = {}
    if provider := _provider(tree, read):
        found[provider] = EnvVar(provider, "Key for the model provider named in config.yaml")
    for name in hidden:
        found.setdefault(name, EnvVar(name, "Removed from the settings; fill in your own"))
    for one in references(tree, read):
        before = found.get(one.name)
        # A program may do without what it reads; a placeholder and a skill can't.
        required = one.required and one.how != "program"
        if before is None:
            if not is_reserved(one.name):
                found[one.name] = EnvVar(one.name, f"Used in {one.path}", required=required)
        elif required and not before.required:
            found[one.name] = EnvVar(one.name, before.description)
    return tuple(found.values())


def _provider(tree: Tree, read: Read) -> str:
    """Return the variable of the provider that a config names; empty if it names none that is known."""
    if CONFIG not in tree:
        return ""
    try:
        data = load_data(read(tree[CONFIG].digest), Kind.YAML)
    except Invalid:
        return ""
    provider = get(data, ("model", "provider"))
    return _PROVIDERS.get(provider.lower(), "") if isinstance(provider, str) else ""


def brought_by(tree: Tree) -> tuple[str, ...]:
    """List the folders and files at the root that a package without ``distribution_owned`` would install."""
    paths = payload_of(tree, Manifest(name="x")).tree
    names = {f"{path.top}/" if "/" in path else str(path) for path in paths}
    return tuple(sorted(names - {"distribution.yaml"}))


def manifest_text(draft: Draft) -> bytes:
    """Write the manifest."""
    lines = [
        "# What this package is, what it needs, and which paths it brings.",
        "# `validate` checks it; unknown fields are kept and nothing in here is ever run.",
        f"name: {_as_text(draft.name)}",
        f"version: {_as_text(draft.version)}",
        _line("description", draft.description, "One line that people read before they install"),
        _line("author", draft.author, "You, or a project"),
        _line("license", draft.license, "MIT"),
        _line("hermes_requires", draft.requires, ">=0.18.0"),
        "",
        "# What people have to fill in: each name comes with a line that tells where to get the value.",
        *_variables(draft.env),
        "",
        "# Without this list the package brings every shared name: SOUL.md, config.yaml, mcp.json, skills/, cron/,",
        "# plugins/, hooks/, scripts/, skins/, templates/. With it, exactly what it names. Memories, sessions, keys",
        "# and everything else of this machine never leave it, listed or not.",
        "# distribution_owned:",
        *(f"#   - {name}" for name in draft.brings or (SOUL, "skills/")),
    ]
    return ("\n".join(lines) + "\n").encode()


def _line(key: str, value: str, example: str) -> str:
    """Write a field; without a value, as a comment with an example."""
    if value:
        return f"{key}: {_quoted(value)}"
    return f"# {key}: {_quoted(example)}"


def _variables(env: Sequence[EnvVar]) -> Iterable[str]:
    if not env:
        yield "# env_requires:"
        yield "#   - name: SOME_API_KEY"
        yield '#     description: "What it is for, and where to get one"'
        yield "#     required: true"
        return
    yield "env_requires:"
    for var in env:
        yield f"  - name: {var.name}"
        yield f"    description: {_quoted(var.description)}"
        yield f"    required: {str(var.required).lower()}"


def _as_text(word: str) -> str:
    """Write a word that YAML reads back as this text: 1.10 and 007 only with quotes."""
    plain = load_data(f"word: {word}\n".encode(), Kind.YAML)
    return word if plain == {"word": word} else _quoted(word)


def _quoted(text: str) -> str:
    """Quote a text so that YAML reads it back unchanged."""
    # JSON leaves characters such as DEL bare, which YAML refuses. \U is YAML's own escape.
    line = json.dumps(" ".join(text.split()), ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in line)


def workflow_text(command: str) -> bytes:
    """Write a workflow that validates the package on every push; ``command`` is the program's name."""
    return f"""# Validates the package at every push and pull request.
name: validate
on: [push, pull_request]
permissions:
  contents: read
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install hermes-dist
      - run: {command} validate ./
""".encode()
