"""Edit the text of a document so that it holds other data, and keep every byte that need not change.

Writing the data anew would lose comments, order and spelling, and each update would rewrite the user's file. So the
wanted entries are matched with those that are there (``slots``), each entry knows its lines (``layout``), and only the
lines of entries that differ are replaced. New ones are spelled as in the donor, upstream's document, which says them
already. The base tells whose a comment is: one that the base has, too, is the author's and may be replaced; any other
one is the user's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeGuard

from hermes_dist.lazily import later
from hermes_dist.model.documents import spelling as _spelling
from hermes_dist.model.documents.edits import Edit, applied
from hermes_dist.model.documents.layout import (
    Chunk,
    View,
    blank_at,
    blank_before,
    comments,
    ended,
    lifted,
    lines_of,
    root_view,
    shift,
)
from hermes_dist.model.documents.nodes import Document, Form, Kind, Node
from hermes_dist.model.documents.slots import Slot, name_of, slots_of
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.values import ABSENT, Unmergeable, same

with later():
    from hermes_dist.model.documents.flow import Flow


class Splice:
    """Collects the edits that make a document hold the wanted data.

    Args:
        doc: The document to edit.
        donor: A document that already spells the new values.
        base: The common ancestor: an entry spelled the same there is untouched by the user, and takes the donor's
            comments.
        follows: Whether the donor's comments and spelling are taken over where the user left them alone.
    """

    def __init__(
        self,
        doc: Document,
        donor: Document | None = None,
        base: Document | None = None,
        *,
        follows: bool = True,
    ) -> None:
        self.doc = doc
        self.donor = donor
        self.base = base
        self.newline = doc.newline
        self.edits: list[Edit] = []
        # Comments can only follow upstream's if there are any. Without them an equal value needs no look at all.
        self.takes = follows and donor is not None and base is not None
        self.follows = bool(follows and donor and base and ("#" in donor.text or "#" in base.text))

    def text(self, want: object) -> str:
        """Return the whole text, edited to hold ``want``.

        Raises:
            Unmergeable: The document can't be edited in place.
        """
        root, donor = root_view(self.doc), root_view(self.donor)
        if root is None:  # a document of comments only
            end = len(self.doc.text)
            self.edit(end, end, _spelling.appended(self.doc, want, donor), ())
        elif not self.inside(root, want, donor, root_view(self.base), ()):
            self.whole(root, want, donor)
        return applied(self.doc.text, self.edits)

    def leaving(self, mine: Counter[str]) -> dict[KeyPath, Counter[str]]:
        """Return, by key, the comments that leave with an entry.

        Args:
            mine: The comments to look for.
        """
        groups: dict[KeyPath, list[Edit]] = {}
        for edit in self.edits:
            groups.setdefault(edit.path, []).append(edit)
        found = {path: self.leaves(edits) & mine for path, edits in groups.items()}
        return {path: notes for path, notes in found.items() if notes}

    def leaves(self, edits: list[Edit]) -> Counter[str]:
        # The edits of one key are judged together: one may remove a comment that another puts back elsewhere.
        gone: Counter[str] = Counter()
        for edit in edits:
            if edit.removes:
                gone.update(comments(self.doc, edit.start, edit.end))
        new = "\n".join(edit.text for edit in edits)
        for comment in list(gone):
            gone[comment] -= new.count(comment)
        return +gone

    def edit(
        self,
        start: int,
        end: int,
        text: str,
        path: KeyPath,
        *,
        removes: bool = False,
    ) -> None:
        # The user's line ends win: new text takes those of most lines, so that an edit never mixes both kinds.
        text = text.replace("\r\n", "\n").replace("\n", self.newline)
        if text != self.doc.text[start:end]:
            self.edits.append(Edit(start, end, text, path, removes))

    def whole(self, root: View, want: object, donor: View | None) -> None:
        """Replace the value of the whole document."""
        if root.node.knot:
            # An anchor may be used elsewhere in the text; replacing it would silently change the value of its
            # aliases.
            raise Unmergeable("anchors are in the way")
        text, start, end = self.doc.text, root.node.start, root.node.end
        new = _spelling.document(self.doc, want, donor)
        if root.node.form is Form.BLOCK:
            start = end = self.emptied(root, want)
        else:
            # The donor's heading comment often is above the value already; without this check it would appear
            # twice.
            new = _without_heading(new, text[:start]).rstrip("\n")
            # Behind a document mark, as in "--- {}", a block collection needs a line of its own.
            if text[text.rfind("\n", 0, start) + 1 : start].strip() and self.doc.kind is Kind.YAML:
                new = "\n" + new
        self.edit(start, end, new, (), removes=True)

    def emptied(self, root: View, want: object) -> int:
        """Remove all lines of a block that is the whole document; return where it ended."""
        at = root.kids()[0].chunk
        end = at.lead if at else 0
        for kid in root.kids():
            if kid.chunk:
                # A key goes for itself, so that a comment of the user's holds up no other key.
                gone = _gone(kid, root, None) if isinstance(want, dict) else Slot(want)
                # What stands apart above it goes with no key: a comment of the user's there holds up none.
                self.edit(end, kid.chunk.lead, "", ())
                self.edit(kid.chunk.lead, kid.chunk.end, "", gone.segment(), removes=True)
                end = kid.chunk.end
        return end

    def inside(
        self, view: View, want: object, donor: View | None, base: View | None, path: KeyPath
    ) -> bool:
        """Edit the parts of an entry; False if none of them can stay and the entry must be replaced whole."""
        node = view.node
        if not _is_spelled_like(want, node):
            return False
        unchanged = same(node.value, want)
        if unchanged and not self.follows:
            return True
        if node.tied and not unchanged:
            raise Unmergeable("a change touches an anchor")
        if node.tied:
            # A value with anchors, aliases or << can't be matched entry by entry: one line may be the text of many
            # values.
            return True
        slots = slots_of(view, want, alike=self.donor is None)
        if not self.in_parts(view, slots, base):
            return False
        if node.form is Form.FLOW:
            Flow(self, view, slots, donor=donor, base=base, path=path).edit()
        else:
            self.block(view, slots, donor, base, path)
        return True

    def in_parts(self, view: View, slots: list[Slot], base: View | None) -> bool:
        """Return whether entries of a collection come and go one by one; otherwise it is replaced as one."""
        if any(slot.own for slot in slots):
            return True
        if self.base is None or not slots or view.node.form is not Form.BLOCK:
            return False
        # None stays. Replaced as one, a comment of the user's in it would hold up the whole collection; so it holds up
        # only its own entry.
        first, last = view.kids()[0].chunk, view.kids()[-1].chunk
        if first is None or last is None or first.inline:
            return False
        mine = comments(view.doc, view.floor, last.end) - comments(base.doc if base else self.base)
        return bool(mine)

    def block(
        self, view: View, slots: list[Slot], donor: View | None, base: View | None, path: KeyPath
    ) -> None:
        """Edit a block collection, which has one entry per line.

        New entries wait until the next one that stays: only then are both their neighbours known.
        """
        self.delete(view, slots, base, path)
        before: View | None = None
        waiting: list[Slot] = []
        for slot in slots:
            if slot.own is None:
                waiting.append(slot)
                continue
            self.insert(waiting, before, slot.own, donor, path)
            waiting = []
            before = slot.own
            self.keep(slot, slot.own, donor, base, (*path, *slot.segment()))
        self.insert(waiting, before or view.kids()[-1], None, donor, path)

    def delete(self, view: View, slots: list[Slot], base: View | None, path: KeyPath) -> None:
        """Remove the lines of the entries that go."""
        stay = {id(slot.own) for slot in slots}
        names = next((slot.name for slot in slots if slot.name), None)
        for kid, start, end in _departing(self.doc.text, view.kids(), stay):
            gone = _gone(kid, view, names)
            first = start
            if kid.chunk and not _has_gap(gone.among(base)):
                first = max(start, kid.chunk.lead)  # the blank lines above it are the user's
            self.edit(first, end, "", (*path, *gone.segment()), removes=True)

    def insert(
        self,
        slots: list[Slot],
        before: View | None,
        after: View | None,
        donor: View | None,
        path: KeyPath,
    ) -> None:
        """Insert new entries between two that stay."""
        at = before or after
        if not slots or at is None or at.chunk is None:
            return
        chunk, in_map = at.chunk, slots[0].key is not ABSENT
        spelled = [self.chunk_text(slot, slot.among(donor), chunk.column, in_map) for slot in slots]
        text = "".join(spelled)
        if before:
            where = chunk.end
            if self.doc.text[where - 1 : where] != "\n":
                text = "\n" + text
        else:
            where = chunk.lead
            # The first key of an item is on the line of its dash: the new entry takes that place, the old one a new
            # line.
            if chunk.inline:
                text = text.lstrip(" ") + " " * chunk.column
        self.edit(where, where, text, (*path, *slots[0].segment()))

    def chunk_text(self, slot: Slot, donor: View | None, column: int, in_map: bool) -> str:
        """Spell a new entry as lines at a column."""
        lines = None
        if slot.moved:
            # A moved entry keeps its own lines, so that its comments and its spelling move with it.
            lines = self.moved_lines(slot.moved, slot.want, donor, column)
        if lines is None and donor:
            lines = _donor_lines(donor, slot.want, column)
        if lines is None:
            lines = _spelling.entry(self.doc, slot.key, slot.want, donor, column, in_map=in_map)
        return lines

    def moved_lines(self, own: View, want: object, donor: View | None, column: int) -> str | None:
        """Return the lines of an entry of this document with the wanted value; None if they can't hold it."""
        nested = Splice(self.doc, self.donor)
        if own.chunk and (same(own.value, want) or nested.inside(own, want, donor, None, ())):
            return _taken(own, column, nested.edits)
        return None

    def keep(
        self, slot: Slot, view: View, donor: View | None, base: View | None, path: KeyPath
    ) -> None:
        """Give an entry that stays its wanted value; ``donor`` and ``base`` are its collection in those documents."""
        want = slot.want
        equal = same(view.value, want)
        if equal and not self.follows:
            return
        donor, base = slot.among(donor), slot.among(base)
        if self.takes and donor and base:
            if self.take_over(view, want, donor, base, path):
                return
        elif equal:
            return
        if self.inside(view, want, donor, base, path) or equal:
            return
        self.put(slot, view, donor, path)

    def take_over(self, view: View, want: object, donor: View, base: View, path: KeyPath) -> bool:
        """Take over the donor's spelling and comments where the user left them alone; True if nothing else is to do."""
        if _is_as_before(donor, base) and same(view.value, want):
            return True
        # Whether the map stays is decided before its heading is touched: one that is replaced whole takes its heading
        # along, and two edits of the same lines would be in each other's way.
        if isinstance(want, dict) and _has_one_of(view, want):
            # The entries of a map follow one by one, so that a comment of the user's inside holds up only its own.
            if self.follows:
                self.follow_head(view, donor, base, path)
            return False
        if not self.retakes(view, want, donor, base):
            return False
        self.retake(view, donor, path)
        return True

    def retakes(self, view: View, want: object, donor: View, base: View) -> bool:
        """Return whether the entry is spelled as in the base, and the donor already has the wanted value."""
        if base.chunk is None or donor.chunk is None or donor.node.knot or view.node.knot:
            return False
        if not same(donor.value, want) or not same(view.value, base.value):
            return False
        if lifted(view) != lifted(base):
            return False
        return not same(view.value, want) or _notes(view) != _notes(donor)

    def retake(self, view: View, donor: View, path: KeyPath) -> None:
        """Replace a whole entry by the donor's, comments included."""
        chunk = view.chunk
        if chunk is None or lifted(view) == lifted(donor):
            return
        text = _taken(donor, chunk.column, [])
        # The last line of a document may lack its newline, and keeps lacking it.
        if self.doc.text[chunk.end - 1 : chunk.end] != "\n":
            text = text.rstrip("\n")
        # Its first line begins behind a dash, where the margin is there already.
        if chunk.inline:
            text = text.lstrip(" ")
        self.edit(chunk.lead, chunk.end, text, path)

    def follow_head(self, view: View, donor: View, base: View, path: KeyPath) -> None:
        """Take over the donor's comments above and beside the key of a block map."""
        heads = [_head(one) for one in (view, base, donor)]
        own, old, new = heads
        chunk = view.chunk
        # Only comments that the user left alone are replaced; the user's own always stay. Blank lines alone are no
        # reason: that above the first key is in the head, and which key is the first differs from version to version.
        if own is None or old is None or new is None or chunk is None or own != old:
            return
        if _filled(own) == _filled(new):
            return
        kid = view.kids()[0].chunk
        if kid and not chunk.inline:
            self.edit(chunk.lead, kid.lead, shift(new, chunk.column), path)

    def put(self, slot: Slot, view: View, donor: View | None, path: KeyPath) -> None:
        """Replace the value of a key, and keep the comment on its line."""
        chunk, node, text = view.chunk, view.node, self.doc.text
        if node.knot:
            raise Unmergeable("a change touches an anchor")
        if slot.key is ABSENT:
            # An item has no key, so nothing says that the new value belongs to the old one and its comments.
            raise Unmergeable("an item of a list can't be replaced in place")
        if chunk is None:
            raise Unmergeable("a flow can't take lines")
        new = _spelling.value(slot.want, donor, chunk.column)
        colon = _spelling.after_colon(view)
        beside = "\n" not in text[colon : node.start]
        if node.form in {Form.INLINE, Form.FLOW} and new.inline and beside:
            empty = node.start == node.end
            start, end = (colon, colon) if empty else (node.start, node.end)
            self.edit(start, end, f" {new.head}" if empty else new.head, path)
            return
        comment = _spelling.side_comment(view, colon, beside)
        lines = f"{new.after_colon}{comment}\n{new.body}"
        self.replace(view, slot.want, lines, path)

    def replace(self, view: View, want: object, lines: str, path: KeyPath) -> None:
        """Replace the text behind a key; of a block map that is emptied, each entry goes for itself.

        So a comment of the user's holds up only its own entry.
        """
        at, chunk, node = _spelling.after_colon(view), view.chunk, view.node
        kids = view.kids() if want == {} and node.is_map and node.form is Form.BLOCK else []
        if not kids and chunk:
            self.edit(at, chunk.core, lines, path, removes=True)
        for kid in kids:
            if kid.chunk is None:
                continue
            segment = _gone(kid, view, None).segment()
            # What stands apart above it goes with no key: a comment of the user's there holds up none.
            self.edit(at, kid.chunk.lead, lines if kid is kids[0] else "", path)
            self.edit(kid.chunk.lead, kid.chunk.end, "", (*path, *segment), removes=True)
            at = kid.chunk.end


def _without_heading(new: str, above: str) -> str:
    """Drop the comment lines at the top of ``new`` that are already above it."""
    lines = new.splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    there = (n for n in range(count, 0, -1) if f"\n{above}".endswith("\n" + "".join(lines[:n])))
    return "".join(lines[next(there, 0) :])


def _is_spelled_like(want: object, node: Node) -> TypeGuard[dict[object, object] | list[object]]:
    """Return whether the wanted value is a map or list, as the node is, and the node has entries to go by."""
    return isinstance(want, dict | list) and type(node.value) is type(want) and bool(node.entries)


def _has_one_of(view: View, want: dict[object, object]) -> bool:
    """Return whether an entry of a map stays, so that the map is edited inside instead of replaced."""
    return view.node.is_map and any(entry.key in want for entry in view.node.entries)


def _departing(text: str, kids: list[View], stay: set[int]) -> Iterator[tuple[View, int, int]]:
    """Yield each entry that goes, with the start and the end of the text that goes with it.

    Args:
        text: The text of the document.
        kids: The entries of a block.
        stay: The identities of those that stay; at least one.
    """
    behind_dash = _after_a_dash(kids, stay)
    floor = 0
    for n, kid in enumerate(kids):
        chunk = kid.chunk
        if chunk is None:
            continue
        if id(kid) not in stay:
            if kid.node.knot:
                raise Unmergeable("a change touches an anchor")
            after = kids[n + 1].chunk if n < behind_dash else None
            if after:
                # The dash of the item is on the line of its first key and must stay. So the text goes up to the next
                # entry, and the first that stays moves up behind the dash, without its margin.
                margin = chunk.column if n + 1 == behind_dash else 0
                yield kid, chunk.lead, after.lead + margin
            else:
                yield kid, _start_with_gap(text, chunk, floor), chunk.end
        floor = chunk.end


def _after_a_dash(kids: list[View], stay: set[int]) -> int:
    """Return how many entries at the beginning go if the first one shares its line with a dash; otherwise 0."""
    chunk = kids[0].chunk
    if chunk is None or not chunk.inline:
        return 0
    return next(n for n, kid in enumerate(kids) if id(kid) in stay)


def _start_with_gap(text: str, chunk: Chunk, floor: int) -> int:
    """Return where the text of an entry to delete begins: if blank lines are above and below, those above go, too."""
    # The first entry of a document keeps the lines above it, which set off its heading.
    if not floor or not blank_at(text, chunk.end):
        return chunk.lead
    return blank_before(text, chunk.lead, floor)


def _has_gap(base: View | None) -> bool:
    """Return whether blank lines are above an entry of the base; so it counts where there is none to compare with."""
    if base is None or base.chunk is None:
        return True
    return blank_before(base.doc.text, base.chunk.lead, 0) < base.chunk.lead


def _donor_lines(donor: View, want: object, column: int) -> str | None:
    """Return the lines of the donor's entry with the wanted value; None if they can't hold it."""
    chunk = donor.chunk
    if chunk is None or donor.node.knot:
        return None
    nested = Splice(donor.doc)
    if not same(donor.value, want) and not nested.inside(donor, want, None, None, ()):
        return None
    lines = _taken(donor, column, nested.edits)
    # Blank lines group the top-level settings, so the one above comes along.
    apart = blank_before(donor.doc.text, chunk.lead, 0) < chunk.lead and not chunk.inline
    return f"\n{lines}" if apart and column == 0 else lines


def _gone(kid: View, view: View, names: Item | None) -> Slot:
    """Describe an entry that is removed, so that its twin can be found in the base."""
    if view.node.is_map:
        return Slot(kid.value, key=kid.entry.key)
    if names is None:
        return Slot(kid.value)
    return Slot(kid.value, name=name_of(kid.value, names.field))


def _taken(view: View, column: int, edits: list[Edit]) -> str:
    """Return the lines of an entry, with edits applied, moved to a column."""
    chunk = view.chunk
    if chunk is None:
        raise Unmergeable("a flow has no lines")
    text = applied(view.doc.text, edits, chunk.lead, chunk.end)
    lines = lines_of(view.doc, chunk.lead, chunk.end, chunk.column, inline=chunk.inline, text=text)
    return shift(ended(lines), column)


def _is_as_before(donor: View, base: View) -> bool:
    """Return whether upstream left the lines of an entry as they were, so that there is nothing to follow in it."""
    new, old = donor.chunk, base.chunk
    if new is None or old is None or (new.column, new.inline) != (old.column, old.inline):
        return False
    return donor.doc.text[new.lead : new.end] == base.doc.text[old.lead : old.end]


def _notes(view: View) -> Counter[str]:
    chunk = view.chunk
    if chunk is None:
        return Counter()
    return comments(view.doc, chunk.lead, chunk.end)


def _filled(text: str) -> list[str]:
    """Return the lines of a text that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


def _head(view: View) -> str | None:
    chunk = view.chunk
    if chunk is None or view.node.form is not Form.BLOCK or view.node.tied:
        return None
    first = view.kids()[0].chunk
    if first is None or first.inline:
        return None
    return lines_of(view.doc, chunk.lead, first.lead, chunk.column, inline=chunk.inline)
