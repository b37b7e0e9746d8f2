"""What is wrong in a registry, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_dist.decide.registry import EntryKind
from hermes_dist.errors import quoted
from hermes_dist.voice.notes import Data, Sentences, sentence

if TYPE_CHECKING:
    from hermes_dist.ops.registry.check_registry import EntryProblem


def entry_words(problem: EntryProblem) -> str:
    """Say what is wrong with an entry, without its place; text from outside is not cleaned yet."""
    return sentence(problem.what, SENTENCES)


def _other_version(data: Data) -> str:
    return f"its manifest says {quoted(data['version'] or 'no version', 80)}"


SENTENCES: Sentences = {
    EntryKind.BROKEN: "{why}",
    EntryKind.NOT_COMPARABLE: "{version:quoted 80} can't be compared with others",
    EntryKind.NOT_A_RANGE: "{text:quoted 80} is not a version range",
    EntryKind.MISPLACED: "an entry can't be there: the place for abc is packages/ab/abc.json",
    EntryKind.MISTAKABLE: "easily mistaken for {names}",
    EntryKind.OTHER_VERSION: _other_version,
    EntryKind.OTHER_NAME: "its manifest calls it {name:quoted 80}",
    EntryKind.ONLY_HERE: "{source} is on this machine, so nobody else can install it",
}
