"""Edit the text of a document so that it holds other data, and keep every byte that need not change."""

from __future__ import annotations

from collections import Counter

from hermes_dist.model.documents import spelling as _spelling
from hermes_dist.model.documents.edits import Edit, applied
from hermes_dist.model.documents.flow import Flow
from hermes_dist.model.documents.layout import (
    Chunk,
    View,
    blank_at,
    blank_before,
    comments,
    lifted,
    lines_of,
    root_view,
    shift,
)
from hermes_dist.model.documents.nodes import Document, Form, Kind
from hermes_dist.model.documents.slots import Slot, slots_of
from hermes_dist.model.keypath import Item, KeyPath
from hermes_dist.model.values import ABSENT, Unmergeable, same


class Splice:
    """Collects the edits that make a document hold the wanted data.

    Args:
        doc: The document to edit.
        donor: A document that already spells the new values.
        base: The common ancestor: an entry spelled the same there is untouched by the user, and takes the donor's
            comments.
    """

    def __init__(
        self, doc: Document, donor: Document | None = None, base: Document | None = None
    ) -> None:
        self.doc = doc
        self.donor = donor
        self.base = base
        self.edits: list[Edit] = []
        # Comments can only follow upstream's if there are any. Without them an equal value needs no look at all.
        self.follows = bool(donor and base and ("#" in donor.text or "#" in base.text))

    def text(self, want: object) -> str:
        """Return the whole text, edited to hold ``want``.

        Raises:
            Unmergeable: The document can't be edited in place.
        """
        root, donor = root_view(self.doc), root_view(self.donor)
        if root is None:
            return self.doc.text + _spelling.appended(self.doc, want, donor)
        if not self.inside(root, want, donor, root_view(self.base), ()):
            self.whole(root, want, donor)
        return applied(self.doc.text, self.edits)

    def lost(self) -> list[KeyPath]:
        """Return the keys where a comment is lost that is not in the base, so that the user must have written it."""
        groups: dict[KeyPath, list[Edit]] = {}
        for edit in self.edits:
            groups.setdefault(edit.path, []).append(edit)
        return [path for path, edits in groups.items() if self.loses(edits)]

    def loses(self, edits: list[Edit]) -> bool:
        gone: Counter[str] = Counter()
        for edit in edits:
            gone.update(comments(self.doc, edit.start, edit.end))
        new = "\n".join(edit.text for edit in edits)
        for comment in list(gone):
            gone[comment] -= new.count(comment)
        base = next((edit.base for edit in edits if edit.base), None)
        if base and +gone:
            chunk = base.chunk or Chunk(0, 0, 0, len(base.doc.text), 0)
            gone -= comments(base.doc, chunk.lead, chunk.end)
        return bool(+gone)

    def edit(self, start: int, end: int, text: str, path: KeyPath, base: View | None) -> None:
        # The user's line ends win: new text takes them, so that an edit never mixes both kinds in one file.
        if "\r\n" in self.doc.text:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        if text != self.doc.text[start:end]:
            self.edits.append(Edit(start, end, text, path, base))

    def whole(self, root: View, want: object, donor: View | None) -> None:
        """Replace the value of the whole document."""
        if root.node.knot:
            # An anchor may be used elsewhere in the text; replacing it would silently change the value of its
            # aliases.
            raise Unmergeable("anchors are in the way")
        text, start, end = self.doc.text, root.node.start, root.node.end
        if root.node.form is Form.BLOCK:
            chunks = [kid.chunk for kid in root.kids() if kid.chunk]
            start, end = chunks[0].lead, chunks[-1].end
        new = _spelling.document(self.doc, want, donor)
        if root.node.form is not Form.BLOCK:
            # The donor's heading comment often is above the value already; without this check it would appear
            # twice.
            new = _without_heading(new, text[:start]).rstrip("\n")
            if text[text.rfind("\n", 0, start) + 1 : start].strip() and self.doc.kind is Kind.YAML:
                new = "\n" + new
        self.edit(start, end, new, (), root_view(self.base))

    def inside(
        self, view: View, want: object, donor: View | None, base: View | None, path: KeyPath
    ) -> bool:
        """Edit the parts of an entry; False if none of them can stay and the entry must be replaced whole."""
        node = view.node
        if (
            type(node.value) is not type(want)
            or not isinstance(want, dict | list)
            or not node.entries
        ):
            return False
        if same(node.value, want) and not self.follows:
            return True
        if node.tied and not same(node.value, want):
            raise Unmergeable("a change touches an anchor")
        # A value with anchors, aliases or << can't be matched entry by entry: one line may be the text of many
        # values.
        slots = slots_of(view, want) if not node.tied else []
        if not any(slot.own for slot in slots):
            return node.tied
        if node.form is Form.FLOW:
            Flow(self, view, slots, donor=donor, base=base, path=path).edit()
        else:
            self.block(view, slots, donor, base, path)
        return True

    def block(
        self, view: View, slots: list[Slot], donor: View | None, base: View | None, path: KeyPath
    ) -> None:
        """Edit a block collection, which has one entry per line."""
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
            self.keep(slot, donor, base, (*path, *slot.segment()))
        self.insert(waiting, before, None, donor, path)

    def delete(self, view: View, slots: list[Slot], base: View | None, path: KeyPath) -> None:
        """Remove the lines of the entries that go."""
        text = self.doc.text
        stay = {id(slot.own) for slot in slots}
        kids = view.kids()
        first = next(n for n, kid in enumerate(kids) if id(kid) in stay)
        inline = kids[0].chunk is not None and kids[0].chunk.inline
        names = next((slot.name for slot in slots if slot.name), None)
        floor = 0
        for n, kid in enumerate(kids):
            chunk = kid.chunk
            if chunk is None:
                continue
            if id(kid) not in stay:
                if kid.node.knot:
                    raise Unmergeable("a change touches an anchor")
                start = (
                    blank_before(text, chunk.lead, floor)
                    if n and blank_at(text, chunk.end)
                    else chunk.lead
                )
                end = chunk.end
                after = kids[n + 1].chunk if inline and n < first else None
                if after:  # the next entry moves up behind the dash
                    start, end = chunk.lead, after.lead + (chunk.column if n + 1 == first else 0)
                gone = _gone(kid, view, names)
                self.edit(
                    start,
                    end,
                    "",
                    (*path, *gone.segment()),
                    gone.among(base) if gone.segment() else base,
                )
            floor = chunk.end

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
        text = "".join(
            self.chunk_text(slot, slot.among(donor), chunk.column, in_map) for slot in slots
        )
        where = chunk.end if before else chunk.lead
        if before and self.doc.text[where - 1 : where] != "\n":
            text = "\n" + text
        # The first key of an item is on the line of its dash: the new entry takes that place, the old one a new
        # line.
        if not before and chunk.inline:
            text = text.lstrip(" ") + " " * chunk.column
        self.edit(where, where, text, (*path, *slots[0].segment()), None)

    def chunk_text(self, slot: Slot, donor: View | None, column: int, in_map: bool) -> str:
        """Spell a new entry as lines at a column."""
        if slot.moved and slot.moved.chunk:
            own = slot.moved
            nested = Splice(self.doc, self.donor)
            # A moved entry keeps its own lines, so that its comments and its spelling move with it.
            if same(own.value, slot.want) or nested.inside(own, slot.want, donor, None, ()):
                return _taken(own, column, nested.edits)
        if donor and donor.chunk and not donor.node.knot:
            nested = Splice(donor.doc)
            if same(donor.value, slot.want) or nested.inside(donor, slot.want, None, None, ()):
                chunk = donor.chunk
                apart = (
                    blank_before(donor.doc.text, chunk.lead, 0) < chunk.lead and not chunk.inline
                )
                return ("\n" if apart and column == 0 else "") + _taken(donor, column, nested.edits)
        return _spelling.entry(self.doc, slot.key, slot.want, donor, column, in_map=in_map)

    def keep(self, slot: Slot, donor: View | None, base: View | None, path: KeyPath) -> None:
        """Give an entry that stays its wanted value; ``donor`` and ``base`` are its collection in those documents."""
        view, want = slot.own, slot.want
        if view is None or view.chunk is None:
            return
        equal = same(view.value, want)
        if equal and not self.follows:
            return
        donor, base = slot.among(donor), slot.among(base)
        if equal and not (donor and base):
            return
        # The user never touched this entry: upstream's spelling and comments come with upstream's value.
        if donor and base and not isinstance(want, dict) and self.retakes(view, want, donor, base):
            self.retake(view, donor, base, path)
            return
        if self.follows and donor and base and isinstance(want, dict):
            self.follow_head(view, donor, base, path)
        if self.inside(view, want, donor, base, path) or equal:
            return
        if view.node.knot:
            raise Unmergeable("a change touches an anchor")
        if slot.key is ABSENT:
            # An item has no key, so nothing says that the new value belongs to the old one and its comments.
            raise Unmergeable("an item of a list can't be replaced in place")
        self.put(view, want, donor, base, path)

    def retakes(self, view: View, want: object, donor: View, base: View) -> bool:
        """Return whether the entry is spelled as in the base, and the donor already has the wanted value."""
        if base.chunk is None or donor.chunk is None or donor.node.knot or view.node.knot:
            return False
        if (
            not same(donor.value, want)
            or not same(view.value, base.value)
            or lifted(view) != lifted(base)
        ):
            return False
        return not same(view.value, want) or _notes(view) != _notes(donor)

    def retake(self, view: View, donor: View, base: View, path: KeyPath) -> None:
        """Replace a whole entry by the donor's, comments included."""
        chunk = view.chunk
        if chunk is None or lifted(view) == lifted(donor):
            return
        text = _taken(donor, chunk.column, [])
        # The last line of a document may lack its newline, and keeps lacking it.
        if self.doc.text[chunk.end - 1 : chunk.end] != "\n":
            text = text.rstrip("\n")
        if chunk.inline:
            text = text.lstrip(" ")
        self.edit(chunk.lead, chunk.end, text, path, base)

    def follow_head(self, view: View, donor: View, base: View, path: KeyPath) -> None:
        """Take over the donor's comments above and beside the key of a block map."""
        heads = [_head(one) for one in (view, base, donor)]
        own, old, new = heads
        chunk = view.chunk
        # Only comments that the user left alone are replaced; the user's own always stay.
        if own is None or old is None or new is None or chunk is None or own != old or own == new:
            return
        kid = view.kids()[0].chunk
        if kid and not chunk.inline:
            self.edit(chunk.lead, kid.lead, shift(new, chunk.column), path, base)

    def put(
        self, view: View, want: object, donor: View | None, base: View | None, path: KeyPath
    ) -> None:
        """Replace the value of a key, and keep the comment on its line."""
        chunk, node, text = view.chunk, view.node, self.doc.text
        if chunk is None:
            raise Unmergeable("a flow can't take lines")
        new = _spelling.value(want, donor, chunk.column)
        colon = _spelling.after_colon(view)
        beside = "\n" not in text[colon : node.start]
        if node.form in {Form.INLINE, Form.FLOW} and new.inline and beside:
            if node.start == node.end:
                self.edit(colon, colon, " " + new.head, path, base)
            else:
                self.edit(node.start, node.end, new.head, path, base)
            return
        comment = _spelling.side_comment(view, colon, beside)
        head = (" " if new.head else "") + new.head
        self.edit(colon, chunk.core, f"{head}{comment}\n{new.body}", path, base)


def _without_heading(new: str, above: str) -> str:
    """Drop the comment lines at the top of ``new`` that are already above it."""
    lines = new.splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    there = (n for n in range(count, 0, -1) if f"\n{above}".endswith("\n" + "".join(lines[:n])))
    return "".join(lines[next(there, 0) :])


def _gone(kid: View, view: View, names: Item | None) -> Slot:
    """Describe an entry that is removed, so that its twin can be found in the base."""
    if view.node.is_map:
        return Slot(kid.value, key=kid.entry.key)
    value = kid.value
    if names and isinstance(value, dict):
        return Slot(value, name=Item(names.field, str(value.get(names.field))))
    return Slot(value)


def _taken(view: View, column: int, edits: list[Edit]) -> str:
    """Return the lines of an entry, with edits applied, moved to a column."""
    chunk = view.chunk
    if chunk is None:
        raise Unmergeable("a flow has no lines")
    text = applied(view.doc.text, edits, chunk.lead, chunk.end)
    lines = lines_of(view.doc, chunk.lead, chunk.end, chunk.column, inline=chunk.inline, text=text)
    return shift(lines if lines.endswith("\n") else lines + "\n", column)


def _notes(view: View) -> Counter[str]:
    chunk = view.chunk
    return comments(view.doc, chunk.lead, chunk.end) if chunk else Counter()


def _head(view: View) -> str | None:
    chunk = view.chunk
    if chunk is None or view.node.form is not Form.BLOCK or view.node.tied:
        return None
    first = view.kids()[0].chunk
    if first is None or first.inline:
        return None
    return lines_of(view.doc, chunk.lead, first.lead, chunk.column, inline=chunk.inline)
