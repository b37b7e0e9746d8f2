"""Edits inside braces and brackets: all of JSON, and YAML's flow style."""

from __future__ import annotations

from hermes_dist.model.documents import json_write as _json_write
from hermes_dist.model.documents import spelling as _spelling
from hermes_dist.model.documents.edits import Edit, Editor, applied
from hermes_dist.model.documents.layout import View
from hermes_dist.model.documents.nodes import Kind
from hermes_dist.model.documents.slots import Slot
from hermes_dist.model.keypath import KeyPath
from hermes_dist.model.values import Unmergeable, same


class Flow:
    """Edits one flow collection; at least one of its entries stays.

    Args:
        editor: Takes the edits.
        view: The collection.
        slots: Its entries after the edit.
        donor: The same collection in a document that already spells the new values.
        base: The same collection in the common ancestor.
        path: Its key.
    """

    def __init__(
        self,
        editor: Editor,
        view: View,
        slots: list[Slot],
        *,
        donor: View | None,
        base: View | None,
        path: KeyPath,
    ) -> None:
        self.editor = editor
        self.view = view
        self.slots = slots
        self.donor = donor
        self.base = base
        self.path = path
        self.text = editor.doc.text
        node = view.node
        head = self.text[node.start + 1 : node.entries[0].start]
        self.spread = "\n" in head
        line = self.text[self.text.rfind("\n", 0, node.start) + 1 : node.start]
        outer = line[: len(line) - len(line.lstrip())]
        self.margin = head.rpartition("\n")[2] if self.spread and not head.strip() else outer

    def edit(self) -> None:
        """Record the edits.

        Raises:
            Unmergeable: The collection can't be edited in place.
        """
        kept = sum(slot.own is not None for slot in self.slots)
        # As long as no entry comes or goes, each is edited where it is. Otherwise commas move, so the whole inside is
        # written anew, with the edits of its entries taken out of the editor and applied within it.
        if kept == len(self.slots) == len(self.view.node.entries):
            for slot in self.slots:
                self.keep(slot)
            return
        outside, self.editor.edits = self.editor.edits, []
        try:
            for slot in self.slots:
                self.keep(slot)
            new = self.rebuilt()
        finally:
            self.editor.edits = outside
        node = self.view.node
        self.editor.edit(node.start + 1, node.end - 1, new, self.path)

    def keep(self, slot: Slot) -> None:
        """Give an entry that stays its new value."""
        view = slot.own
        if view is None or same(view.value, slot.want):
            return
        donor, base = slot.among(self.donor), slot.among(self.base)
        path = (*self.path, *slot.segment())
        if self.editor.inside(view, slot.want, donor, base, path):
            return
        if view.node.knot:
            raise Unmergeable("a change touches an anchor")
        new = self.spelled(slot.want, donor)
        node = view.node
        if node.start == node.end:
            # YAML allows {key} and {key:}; only the second has a colon already.
            has_colon = ":" in self.text[view.entry.key_end : node.start]
            new = f" {new}" if has_colon else f": {new}"
        self.editor.edit(node.start, node.end, new, path)

    def spelled(self, want: object, donor: View | None) -> str:
        return _spelling.flow_value(self.editor.doc, want, donor, self.margin, lines=self.spread)

    def rebuilt(self) -> str:
        """Return the text between the brackets, with new entries put in and others left out."""
        views = self.view.kids()
        node = self.view.node
        self.check_departing(views)
        places = {id(view): n for n, view in enumerate(views)}
        out = self.text[node.start + 1 : views[0].entry.start]
        before: int | None = None
        for n, slot in enumerate(self.slots):
            here = places[id(slot.own)] if slot.own else None
            if n:
                out += self.between(before, here, views)
            out += self.element(slot)
            before = here
        return out + self.text[views[-1].node.end : node.end - 1]

    def check_departing(self, views: list[View]) -> None:
        stay = {id(slot.own) for slot in self.slots}
        if any(view.node.knot for view in views if id(view) not in stay):
            raise Unmergeable("a change touches an anchor")

    def between(self, before: int | None, here: int | None, views: list[View]) -> str:
        """Return the text between two entries; what neighbours have between them stays, comments included."""
        if before is not None and here == before + 1:
            return self.gap(before)
        return self.separator(views)

    def gap(self, before: int) -> str:
        views = self.view.kids()
        return self.text[views[before].node.end : views[before + 1].entry.start]

    def separator(self, views: list[View]) -> str:
        """Return the separator for two entries that were not adjacent before."""
        if len(views) > 1:
            gap = self.gap(0)
            if not gap.replace(",", "", 1).strip():
                return gap
        if self.spread:
            return ",\n" + self.margin
        if self.editor.doc.kind is Kind.JSON:
            return _json_write.style_of(self.text).comma
        return ", "

    def element(self, slot: Slot) -> str:
        view = slot.own or slot.moved
        if view and (slot.own or same(view.value, slot.want)):
            return applied(self.text, self.within(view), view.entry.start, view.node.end)
        donor = slot.among(self.donor)
        new = self.spelled(slot.want, donor)
        if not self.view.node.is_map:
            return new
        return _spelling.flow_key(self.editor.doc, slot.key, donor) + new

    def within(self, view: View) -> list[Edit]:
        start, end = view.entry.start, view.node.end
        return [edit for edit in self.editor.edits if start <= edit.start and edit.end <= end]
