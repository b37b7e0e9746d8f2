"""A package's example of an environment, rewritten so that copying it to ``.env`` does no harm.

A line stays active if it is known to be harmless: a blank to fill in, a placeholder for a key, or a value that
may be offered as a default. Every other assignment, and every line that programs might read differently, gets a
mark at its beginning. The mark is only the home's spelling: removing it restores the author's bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hermes_dist import lazily
from hermes_dist.decide.environment.dotenv import quote
from hermes_dist.decide.environment.names import STARTLING, EnvClass, class_of, is_harmless
from hermes_dist.decide.environment.wanted import offers_default
from hermes_dist.decide.ownership import ENV_EXAMPLES
from hermes_dist.model.discreet import Contents
from hermes_dist.model.manifest import EnvVar, Manifest
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.tree import Digest, Entry, Read, Tree

ENV_EXAMPLE = RelPath(".env.EXAMPLE")
MARK = "# held back: "
"""The prefix of a line that is held back; an author's line that begins with it gets the prefix once more."""
_EXAMPLE_NAME = lazily.pattern(r"(?i)example|sample|template|default|(?:^|[._-])dist$")
_BOM = "\ufeff"
_LINE = lazily.pattern(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_QUIET = lazily.pattern(r"[ \t]*(?:#[^\r\n]*)?")
_ASSIGNMENT = lazily.pattern(
    r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)="
    r"(?:(?P<bare>[^\s'\"#=$`\\;&|(){}*?!~][^\s'\"=$`\\;&|(){}*?!~]*)|'(?P<single>[^'\\]*)'|\"(?P<double>[^\"\\$`!]*)\")?"
    r"(?:[ \t]+(?:#[^\r\n]*)?)?"
)
"""An assignment that every reader of such files, shells included, reads as the same single line."""
_NAMED = lazily.pattern(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")
_PLACEHOLDER = lazily.pattern(
    r"(?i)<[a-z0-9 _-]{1,60}>|\[[a-z0-9 _-]{1,60}\]|your[ _-][a-z0-9 _-]{1,60}|[a-z0-9_-]{0,12}(?:x{3,}|\.{3,}|\u2026)"
    r"|change[_-]?me|replace[_-]?me|todo|secret|none|null"
)


class PlacedExample(Contents, frozen=True):
    """An author's example in the spelling of a home.

    Attributes:
        content: The file.
        held: Names whose lines are held back, in order; an empty name for a line that is not an assignment.
    """

    content: bytes
    held: tuple[str, ...] = ()


def place_example(authors: bytes) -> PlacedExample:
    """Spell an example as a home holds it: every line not known to be harmless is held back."""
    bom, text = _opened(authors)
    lines, held = [], []
    for line in _LINE.findall(text):
        body = line.rstrip("\r\n")
        if _is_live(body):
            lines.append(line)
            continue
        lines.append(MARK + line)
        if not body.startswith(MARK):
            found = _NAMED.match(body)
            held.append(found[1] if found else "")
    return PlacedExample(_closed(bom, lines), tuple(dict.fromkeys(held)))


def capture_example(home: bytes) -> bytes:
    """Restore the author's spelling of a home's example: the inverse of :func:`place_example`, line by line."""
    bom, text = _opened(home)
    return _closed(bom, [line.removeprefix(MARK) for line in _LINE.findall(text)])


def held_back(home: bytes) -> bytes:
    """Hold back every line of a home's example (such as one in an archive) that is not known to be harmless."""
    return place_example(capture_example(home)).content


def as_authors(tree: Tree, read: Read) -> tuple[Tree, Mapping[Digest, bytes]]:
    """Return a package tree with its example in the author's own bytes, and the new contents."""
    entry = tree.get(ENV_EXAMPLE)
    if entry is None:
        return tree, {}
    data = capture_example(read(entry.digest))
    authors = Entry(Digest.of(data), entry.executable)
    return tree.with_entries({ENV_EXAMPLE: authors}), {authors.digest: data}


def listed_example(manifest: Manifest | None) -> RelPath | None:
    """Return the name by which a manifest lists the example among the files of its package; None if it does not."""
    owned = (manifest and manifest.owned) or ()
    return next((path for path in owned if path in ENV_EXAMPLES), None)


def as_listed(
    tree: Tree, read: Read, manifest: Manifest | None, received: Iterable[EnvVar]
) -> tuple[Tree, Mapping[Digest, bytes]]:
    """Return a package tree with its example as the package has it, and the new contents.

    Args:
        tree: The package, with the home's example.
        read: Gives contents by digest.
        manifest: The package's manifest: an example that it lists has the name that is listed.
        received: The variables of the manifest that the home received: an example that was made from them is none of
            the package's, and does not leave.
    """
    tree, blobs = as_authors(tree, read)
    entry, name = tree.get(ENV_EXAMPLE), listed_example(manifest)
    if entry is None or name == ENV_EXAMPLE:
        return tree, blobs
    if name is None and entry.digest != Digest.of(example_of(received)):
        return tree, blobs
    moved = {} if name is None or name in tree else {name: entry}
    return tree.with_entries({ENV_EXAMPLE: None, **moved}), blobs


def is_example(path: RelPath) -> bool:
    """Whether a file is an example of the environment inside a folder, such as that of a skill."""
    return (
        "/" in path and "env" in folded(path.name) and _EXAMPLE_NAME.search(path.name) is not None
    )


def deep_note(path: RelPath, authors: bytes) -> Note | None:
    """Describe which lines of an example inside a folder would be held back; the file itself stays unchanged."""
    held = place_example(authors).held
    return Note.of(NoteKind.LOOK_BEFORE_COPYING, where=path, names=held) if held else None


def _opened(data: bytes) -> tuple[str, str]:
    text = data.decode("utf-8", "surrogateescape")
    if text.startswith(_BOM):
        return _BOM, text[1:]
    return "", text


def _closed(bom: str, lines: Iterable[str]) -> bytes:
    return (bom + "".join(lines)).encode("utf-8", "surrogateescape")


def _is_live(line: str) -> bool:
    if line.startswith(MARK):
        return False
    if _QUIET.fullmatch(line):
        return True
    found = _ASSIGNMENT.fullmatch(line)
    if found is None:
        return False
    value = found["bare"] or found["single"] or found["double"] or ""
    return _may_stand(found["name"], value)


def _may_stand(name: str, value: str) -> bool:
    """Whether an assignment may reach a user's ``.env`` unread."""
    kind = class_of(name)
    if not value:
        # The agent's .env overrides the shell, even with an empty value: HTTPS_PROXY= would take
        # away the proxy that the machine needs.
        return kind not in STARTLING and "PROXY" not in name.upper()
    if kind is EnvClass.KEY and _PLACEHOLDER.fullmatch(value):
        return True
    return name.isupper() and is_harmless(name, value)


def shipped_example(package: Tree) -> Entry | None:
    """Return the example of the environment that a package ships, if any."""
    return next((package[RelPath(name)] for name in ENV_EXAMPLES if RelPath(name) in package), None)


def example_of(variables: Iterable[EnvVar]) -> bytes:
    """Write the example for a package that ships none."""
    lines = [
        "# What this agent wants in its environment. Copy the lines to .env and fill them in.",
        "",
    ]
    for var in variables:
        if not var.usable:
            continue
        lines += [f"# {_printable(line)}" for line in var.description.splitlines() if line.strip()]
        lines.append("# (required)" if var.required else "# (optional)")
        lines += [_example_line(var), ""]
    return "\n".join(lines).encode()


def _example_line(var: EnvVar) -> str:
    """Return the line of a variable, commented out unless it is needed and may be copied as it is."""
    default = quote(var.default) if offers_default(var) and var.default else ""
    line = f"{var.name}={default}"
    if var.required and _may_stand(var.name, ""):
        return line
    return f"# {line}"


def _printable(text: str) -> str:
    """Replace control characters with spaces: people view examples in terminals, where an escape code could do harm."""
    return "".join(char if char.isprintable() else " " for char in text)


def held_note(held: Iterable[str]) -> Note | None:
    """Describe which lines of an example are held back; None if none are."""
    names, mark = tuple(held), MARK.strip()
    if not names:
        return None
    return Note.of(NoteKind.EXAMPLE_HELD_BACK, where=ENV_EXAMPLE, names=names, mark=mark)
