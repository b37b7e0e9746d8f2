"""The content that an approval is tied to: data of a document, as one line of text, and as a digest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import ABSENT, Kind, get, kind_of, load_data
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.facts import Facts, fact_text
from hermes_dist.model.keypath import BODY, KeyPath, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import image_of
from hermes_dist.model.tree import Digest, Read, Tree

with later():
    from hermes_dist.model.documents.json_text import json_text

VARIABLES_HANDED, FILES_HANDED = "variables for the sandbox", "files for the sandbox"
"""Names of the facts that say what a skill makes the agent hand to code in its sandbox."""
VARIABLES_TOLD = "variables for prompts"
"""Name of the fact that says the values of which variables a skill makes the agent write into its prompts."""
TOOLS_INSTALLED, TOOLS_LATER = "tools to install", "tools to install once that is allowed"
"""Names of the facts that say which tools of its own catalogue the agent installs when it loads a skill: now, or not
before the settings let it install anything by itself."""
INSTALLS: KeyPath = ("security", "allow_lazy_installs")
"""The setting that lets the agent install what a skill or a part of itself lacks; it does so unless told otherwise."""
CODE_OF, OWNER = "code of", "owner"
"""Names of the facts of a covered file that say what loads it: as people know it, and by its place."""


def digest_of(value: object) -> Digest:
    """Return the digest of a value; the order of keys in a map makes no difference."""
    return Digest.of(repr(_canonical(value)).encode())


def _canonical(value: object) -> object:
    """Return a value whose ``repr`` does not depend on the order of keys."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ("map", sorted((repr(key), _canonical(part)) for key, part in value.items()))
    if isinstance(value, list):
        return [_canonical(part) for part in value]
    return value


def data_in(path: RelPath, tree: Tree, read: Read) -> object:
    """Return the data of a document, which nobody may change; None if it is missing or can't be read."""
    entry = tree.get(path)
    if entry is None:
        return None
    try:
        return _data_of(read(entry.digest), kind_of(path) or Kind.YAML)
    except Invalid:
        return None


@lru_cache(maxsize=8)
def _data_of(text: bytes, kind: Kind) -> object:
    # One operation asks seven times for the same few documents, and a large config.yaml takes long to read.
    return load_data(text, kind)


def image_at(path: RelPath, key: str, tree: Tree, read: Read) -> str:
    """Return the content at the place of a conflict as one word; two equal words are equal contents.

    It is the digest of the value at the key, or of the body of a skill, so that edits elsewhere in the file make no
    difference. Where there is no such part, or the file can't be read, it is the file's own entry.
    """
    entry = tree.get(path)
    steps = parsed_key(key)
    if entry is None or not steps:
        return image_of(entry)
    try:
        if steps == BODY:
            return str(Digest.of(split(read(entry.digest))[1]))
        kind = kind_of(path)
        if kind is None:  # a skill, whose front matter is YAML
            value = get(load_data(split(read(entry.digest))[0] or b"", Kind.YAML), steps)
        else:
            value = get(_data_of(read(entry.digest), kind), steps)
    except Invalid:
        return image_of(entry)
    return "-" if value is ABSENT else str(digest_of(value))


def plain(value: object) -> object:
    """Return a value that has a digest: None in place of ABSENT."""
    return None if value is ABSENT else value


def parsed_key(key: str) -> KeyPath:
    """Return the steps of an effect's key; a key that can't be read counts as one step."""
    if not key:
        return ()
    try:
        return parse_key(key)
    except Invalid:
        return (key,)


def value_facts(value: object) -> Facts:
    """Return the facts that a card shows about one value: the value, or that it was removed."""
    if value is ABSENT:
        return (("change", "removed"),)
    return (("", fact_text(value)),)


def shown(value: object) -> str:
    """Format a value on one line."""
    if value is ABSENT:
        return "(removed)"
    if not isinstance(value, str):
        value = json_text(value)
    return " ".join(value.split())
