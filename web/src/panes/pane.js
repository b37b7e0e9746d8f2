// One text of a conflict in an editor: a bar above each hunk, marks in it, folds between hunks, and room that keeps it
// beside the other texts.
import { EditorSelection, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { look } from "./look.js";

/** How tall the bar above a hunk is, in pixels; `look.js` says the same. */
export const BAR = 30;
const FOLD = 28;
/** So many equal lines stay in sight beside a hunk; fewer than that many are not worth a fold. */
const [BESIDE, FEWEST] = [3, 4];

/** What all panes show of the hunks: what the result has at each, and which one is looked at. */
export const told = /** @type {import("@codemirror/state").StateEffectType<{states: string[], now: number}>} */ (StateEffect.define());
/** The gaps that are folded, by number. */
export const folded = /** @type {import("@codemirror/state").StateEffectType<Set<number>>} */ (StateEffect.define());
/** How much room is before and after each hunk. */
export const spaced = /** @type {import("@codemirror/state").StateEffectType<{start: number[], end: number[]}>} */ (StateEffect.define());

/** Where the hunks are; in the result they move with what is typed. @type {StateField<[number, number][]>} */
export const spans = StateField.define({
  create: () => [],
  update: (value, change) => (change.docChanged ? value.map(([from, to]) => [change.changes.mapPos(from, -1), change.changes.mapPos(to, 1)]) : value),
});

/** @type {StateField<any>} */
const facts = StateField.define({
  create: () => ({ states: [], now: -1 }),
  update: (value, change) => change.effects.find((one) => one.is(told))?.value ?? value,
});

/** The room before and after each hunk, in pixels. @type {StateField<{start: number[], end: number[]}>} */
export const room = StateField.define({
  create: () => ({ start: [], end: [] }),
  update: (value, change) => change.effects.find((one) => one.is(spaced))?.value ?? value,
});

/** Blocks stand between lines: at the start of the line. @param {import("@codemirror/state").Text} doc @param {number} at */
export const snapped = (doc, at) => doc.lineAt(Math.min(at, doc.length)).from;

class Space extends WidgetType {
  /** @param {number} height */
  constructor(height) {
    super();
    this.height = height;
  }
  eq(other) { return this.height === other.height; }
  toDOM() {
    const made = document.createElement("div");
    made.className = "space";
    this.updateDOM(made);
    return made;
  }
  updateDOM(made) {
    made.style.height = `${this.height}px`;
    return true;
  }
  get estimatedHeight() { return this.height; }
}

class Bar extends WidgetType {
  /** @param {number} n @param {any} state @param {boolean} now @param {(made: HTMLElement, n: number, state: any) => void} fill */
  constructor(n, state, now, fill) {
    super();
    this.n = n;
    this.state = state;
    this.now = now;
    this.fill = fill;
  }
  eq(other) { return this.n === other.n && this.state === other.state && this.now === other.now; }
  toDOM() {
    const made = document.createElement("div");
    this.updateDOM(made);
    return made;
  }
  // The same elements stay: a button that was pressed keeps the focus.
  updateDOM(made) {
    made.className = this.now ? "bar now" : "bar";
    this.fill(made, this.n, this.state);
    return true;
  }
  get estimatedHeight() { return BAR; }
}

class Folded extends WidgetType {
  /** @param {number} lines @param {() => void} open */
  constructor(lines, open) {
    super();
    this.lines = lines;
    this.open = open;
  }
  eq(other) { return this.lines === other.lines; }
  toDOM() {
    const made = document.createElement("div");
    made.className = "fold";
    made.textContent = `⋯ ${this.lines.toLocaleString("en")} equal lines ⋯`;
    made.onclick = () => this.open();
    return made;
  }
  get estimatedHeight() { return FOLD; }
}

/** @param {number} height @param {number} side */
const space = (height, side) => Decoration.widget({ widget: new Space(height), block: true, side });

/** Bars and room: blocks before lines. @param {(made: HTMLElement, n: number, state: any) => void} fill */
function blocks(fill) {
  const build = (/** @type {EditorState} */ state) => {
    const [{ states, now }, { start, end }] = [state.field(facts), state.field(room)];
    const found = [];
    state.field(spans).forEach(([from, to], n) => {
      const [top, bottom] = [snapped(state.doc, from), snapped(state.doc, to)];
      if (start[n]) found.push(space(start[n], -3).range(top));
      found.push(Decoration.widget({ widget: new Bar(n, states[n], n === now, fill), block: true, side: -2 }).range(top));
      if (end[n]) found.push(space(end[n], -1).range(bottom));
    });
    return Decoration.set(found, true);
  };
  return StateField.define({
    create: build,
    update: (value, change) => (change.docChanged || change.effects.some((one) => one.is(told) || one.is(spaced)) ? build(change.state) : value),
    provide: (field) => EditorView.decorations.from(field),
  });
}

/** Equal lines far from any hunk. @param {(gap: number) => void} open */
function folds(open) {
  const build = (/** @type {EditorState} */ state, /** @type {Set<number>} */ gaps) => {
    const [all, doc] = [state.field(spans), state.doc];
    const found = [];
    for (let gap = 0; gap <= all.length; gap++) {
      if (!gaps.has(gap)) continue;
      const first = gap ? doc.lineAt(Math.min(all[gap - 1][1], doc.length)).number + BESIDE : 1;
      const last = gap < all.length ? doc.lineAt(Math.min(all[gap][0], doc.length)).number - 1 - BESIDE : doc.lines;
      const lines = last - first + 1;
      if (lines < FEWEST) continue;
      const widget = new Folded(lines, () => open(gap));
      found.push(Decoration.replace({ widget, block: true }).range(doc.line(first).from, doc.line(last).to));
    }
    return Decoration.set(found);
  };
  return StateField.define({
    create: () => Decoration.none,
    update: (value, change) => {
      const gaps = change.effects.find((one) => one.is(folded))?.value;
      return gaps ? build(change.state, gaps) : value.map(change.changes);
    },
    provide: (field) => EditorView.decorations.from(field),
  });
}

const PART = Decoration.mark({ class: "part" });

/** The lines of the hunks in sight, by whose they are, and the parts of them that differ. @param {string} side @param {(n: number) => readonly {from: number, to: number}[]} parts */
function marks(side, parts) {
  const build = (/** @type {EditorView} */ view) => {
    const { states, now } = view.state.field(facts);
    const { from: first, to: last } = view.viewport;
    const found = [];
    view.state.field(spans).forEach(([from, to], n) => {
      if (from === to || to < first || from > last) return;
      const name = `line is-${side === "result" ? states[n] : side}${n === now ? " now" : ""}`;
      for (let at = from; at < to;) {
        const line = view.state.doc.lineAt(at);
        if (line.to >= first && line.from <= last) found.push(Decoration.line({ class: name }).range(line.from));
        at = line.to + 1;
      }
      for (const one of parts(n)) if (one.from < one.to) found.push(PART.range(from + one.from, from + one.to));
    });
    return Decoration.set(found, true);
  };
  return ViewPlugin.fromClass(class {
    constructor(/** @type {EditorView} */ view) { this.shown = build(view); }
    update(/** @type {any} */ update) {
      if (update.docChanged || update.viewportChanged || update.startState.field(facts) !== update.state.field(facts)) this.shown = build(update.view);
    }
  }, { decorations: (one) => one.shown });
}

/**
 * What an editor begins with.
 * @param {{doc: string, side: string, name: string, at: [number, number][], editable: boolean, keys: any[], more: any[],
 *   fill: (made: HTMLElement, n: number, state: any) => void, parts: (n: number) => readonly {from: number, to: number}[],
 *   open: (gap: number) => void, heard: (update: any) => void}} given
 */
export function begin(given) {
  return EditorState.create({
    doc: given.doc,
    extensions: [
      keymap.of(given.keys),
      lineNumbers(),
      highlightSpecialChars(),
      EditorView.lineWrapping,
      EditorState.lineSeparator.of("\n"),
      EditorState.readOnly.of(!given.editable),
      EditorView.contentAttributes.of({ "aria-label": given.name, spellcheck: "false" }),
      look,
      spans.init(() => given.at),
      facts,
      room,
      blocks(given.fill),
      folds(given.open),
      marks(given.side, given.parts),
      EditorView.updateListener.of(given.heard),
      given.more,
    ],
  });
}

/** The hunk at the cursor, or -1. @param {EditorState} state */
export function hunkAt(state) {
  const { head } = state.selection.main;
  return state.field(spans).findIndex(([from, to]) => head === from || (head >= from && (head < to || to === state.doc.length)));
}

/** The hunk before or after the cursor; after the last one comes the first. @param {EditorState} state @param {1 | -1} by @param {number} now */
export function nextHunk(state, by, now) {
  const all = state.field(spans);
  const here = hunkAt(state);
  if (here >= 0 && here === now) return (here + by + all.length) % all.length;
  const { head } = state.selection.main;
  const found = by > 0 ? all.findIndex(([from]) => from >= head) : all.findLastIndex(([from]) => from < head);
  return found >= 0 ? found : by > 0 ? 0 : all.length - 1;
}

/** Put the cursor at a hunk, and show it. @param {EditorView} view @param {number} n */
export function goTo(view, n) {
  const at = Math.min(view.state.field(spans)[n][0], view.state.doc.length);
  view.dispatch({ selection: EditorSelection.cursor(at), effects: EditorView.scrollIntoView(at, { y: "center" }) });
}
