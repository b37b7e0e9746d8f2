// A conflict in a text: yours, theirs and the result at once, and the base where it is asked for. Hunks are taken over
// one by one, or typed.
import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { ChangeSet } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { places } from "./lines.js";
import { align } from "./panes/align.js";
import { fitted, hunksOf, stateOf } from "./panes/hunks.js";
import { SHEET } from "./panes/look.js";
import { begin, folded, goTo, hunkAt, nextHunk, spans, told } from "./panes/pane.js";

/** @typedef {"base" | "ours" | "theirs" | "result"} Name */

/** From these widths on, in pixels, all stand in one row; or both sides do, and the result is below them. */
const [WIDE, MIDDLE] = [1240, 600];
/** @type {Record<string, Name[][]>} */
const ROWS = {
  wide: [["base", "ours", "result", "theirs"]],
  middle: [["base", "ours", "theirs"], ["result"]],
  narrow: [["base"], ["ours"], ["theirs"], ["result"]],
};
/** @type {Name[]} */
const ALL = ["base", "ours", "theirs", "result"];

/**
 * @param {HTMLElement} parent
 * @param {{texts: import("./panes/hunks.js").Texts, start: string, heads: Record<Name, string>, names: Record<Name, string>,
 *   words: {take: string, taken: string, of: Record<string, string>, empty: string, hunk: (n: number, of: number, who: string, state: string) => string},
 *   onChange: (text: string) => void, onState: (state: any) => void}} given
 */
export function mount(parent, given) {
  const { texts, words } = given;
  const root = parent.shadowRoot || parent.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SHEET);
  root.adoptedStyleSheets = [sheet];
  const box = document.createElement("div");
  root.replaceChildren(box);

  const hunks = hunksOf(texts);
  let gaps = new Set(Array.from({ length: hunks.length + 1 }, (_, n) => n));
  let states = /** @type {string[]} */ ([]);
  let now = -1;
  let withBase = false;
  let mode = "";
  let telling = false;
  /** @type {Partial<Record<Name, EditorView>>} */
  let views = {};
  /** @type {{group: HTMLElement, views: EditorView[], level: ReturnType<typeof align>}[]} */
  let rows = [];

  const first = ChangeSet.of(places(texts.ours, given.start).map((one) => ({ from: one.fromA, to: one.toA, insert: given.start.slice(one.fromB, one.toB) })), texts.ours.length);
  const editing = [history(), keymap.of([...defaultKeymap, ...historyKeymap])];
  /** @type {any} What each editor begins with, or was left with. */
  const kept = Object.fromEntries(ALL.map((name) => [name, begin({
    doc: name === "result" ? given.start : texts[name],
    side: name,
    name: given.names[name],
    at: hunks.map((one) => (name === "result" ? [first.mapPos(one.spans.ours[0], -1), first.mapPos(one.spans.ours[1], 1)] : one.spans[name])),
    editable: name === "result",
    keys: [
      { key: "Alt-ArrowDown", run: step(1) },
      { key: "Alt-ArrowUp", run: step(-1) },
      { key: "Alt-ArrowLeft", run: () => take("ours") },
      { key: "Alt-ArrowRight", run: () => take("theirs") },
    ],
    more: name === "result" ? editing : [keymap.of(defaultKeymap)],
    fill: name === "result" ? fillResult : fillSide(name),
    parts: partsOf(name),
    open: (gap) => fold(new Set([...gaps].filter((one) => one !== gap))),
    heard: (update) => heard(name, update),
  })]));
  read(kept.result, () => true);

  /** What the result has at its hunks. @param {any} state @param {(n: number) => boolean} which */
  function read(state, which) {
    const at = state.field(spans);
    states = hunks.map((one, n) => (which(n) ? stateOf(one, state.sliceDoc(...at[n])) : states[n]));
  }

  /** @param {Name} name @param {any} update */
  function heard(name, update) {
    if (update.heightChanged || update.viewportChanged || update.geometryChanged) rows.forEach((row) => row.views.includes(update.view) && row.level.again());
    if (name === "result" && update.docChanged) {
      const at = update.state.field(spans);
      /** @type {[number, number][]} */
      const changed = [];
      update.changes.iterChangedRanges((_a, _b, from, to) => changed.push([from, to]));
      read(update.state, (n) => changed.some(([from, to]) => from <= at[n][1] && to >= at[n][0]));
      tell();
      given.onChange(update.state.doc.toString());
    }
    if (!update.selectionSet || !update.view.hasFocus) return;
    const here = hunkAt(update.state);
    if (here >= 0 && here !== now) tell(here, update.view);
  }

  /** Let all panes know, once this update is through. @param {number} [at] @param {EditorView} [from] */
  function tell(at = now, from) {
    now = at;
    if (from) queueMicrotask(() => follow(from));
    if (telling) return;
    telling = true;
    queueMicrotask(() => {
      telling = false;
      for (const view of Object.values(views)) view.dispatch({ effects: told.of({ states, now }) });
      report();
    });
  }

  function report() {
    /** @type {Record<string, number>} */
    const has = {};
    for (const one of states) has[one] = (has[one] || 0) + 1;
    given.onState({ count: hunks.length, has, at: now, who: hunks[now]?.who, state: states[now] });
  }

  /** Show the same hunk in the rows where the cursor is not. @param {EditorView} [from] */
  function follow(from) {
    for (const row of rows) {
      const view = row.views[0];
      if (row.views.includes(from) || now < 0) continue;
      const at = Math.min(view.state.field(spans)[now][0], view.state.doc.length);
      row.group.scrollTop += view.documentTop + view.lineBlockAt(at).top - row.group.getBoundingClientRect().top - 60;
    }
  }

  /** @param {1 | -1} by */
  function step(by) {
    return (/** @type {EditorView} */ view) => {
      if (!hunks.length) return true;
      const next = nextHunk(view.state, by, now);
      view.focus();
      goTo(view, next);
      tell(next, view);
      return true;
    };
  }

  /** Put a side's text of a hunk into the result. @param {string} side @param {number} [n] */
  function take(side, n = now) {
    if (n < 0) return step(1)(views.result);
    const view = views.result;
    const { doc } = view.state;
    const [from, to] = view.state.field(spans)[n].map((one) => Math.min(one, doc.length));
    const insert = fitted(hunks[n].text[side], doc.sliceString(Math.max(0, from - 1), from), doc.sliceString(to, to + 1));
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from }, userEvent: "input.take", annotations: isolateHistory.of("full") });
    tell(n);
    return true;
  }

  /** @param {Set<number>} which */
  function fold(which) {
    gaps = which;
    for (const view of Object.values(views)) view.dispatch({ effects: folded.of(gaps) });
  }

  /** The gaps that are the same everywhere: what was typed between hunks is never hidden. */
  function equal() {
    const { doc } = kept.result;
    const at = kept.result.field(spans);
    const same = (/** @type {number} */ gap) => {
      const [from, to] = [gap ? hunks[gap - 1].spans.ours[1] : 0, hunks[gap]?.spans.ours[0] ?? texts.ours.length];
      return doc.sliceString(gap ? at[gap - 1][1] : 0, at[gap]?.[0] ?? doc.length) === texts.ours.slice(from, to);
    };
    return new Set(Array.from({ length: hunks.length + 1 }, (_, n) => n).filter(same));
  }

  /** @param {Name} name */
  function partsOf(name) {
    return (/** @type {number} */ n) => {
      if (name === "ours") return hunks[n].parts().map((one) => ({ from: one.fromA, to: one.toA }));
      if (name === "theirs") return hunks[n].parts().map((one) => ({ from: one.fromB, to: one.toB }));
      return [];
    };
  }

  /** @param {Name} name */
  function fillSide(name) {
    return (/** @type {HTMLElement} */ made, /** @type {number} */ n, /** @type {string} */ state) => {
      if (!made.firstChild) {
        const button = document.createElement("button");
        button.type = "button";
        // The keyboard's way are the buttons above all panes: Tab would stop at every hunk.
        button.tabIndex = -1;
        made.append(button, document.createElement("span"));
      }
      const [button, said] = /** @type {any} */ (made.children);
      const on = state === name;
      button.onclick = () => take(name, n);
      button.setAttribute("aria-label", `${on ? words.taken : words.take} ${words.of[name]}`);
      button.setAttribute("aria-pressed", String(on));
      button.textContent = on ? words.taken : words.take;
      said.textContent = hunks[n].text[name] ? "" : words.empty;
    };
  }

  /** @param {HTMLElement} made @param {number} n @param {string} state */
  function fillResult(made, n, state) {
    if (!made.firstChild) made.append(document.createElement("span"));
    made.firstChild.textContent = words.hunk(n + 1, hunks.length, hunks[n].who, state);
  }

  /** Make the rows for the width there is; texts, history and cursors stay. */
  function arrange() {
    const width = parent.clientWidth;
    mode = width >= WIDE ? "wide" : !width || width >= MIDDLE ? "middle" : "narrow";
    const focused = ALL.find((name) => views[name]?.hasFocus);
    leave();
    box.className = mode;
    const shown = ROWS[mode].map((names) => names.filter((name) => name !== "base" || withBase)).filter((names) => names.length);
    rows = shown.map((names) => {
      const group = document.createElement("div");
      group.className = names.includes("result") ? "group with-result" : "group";
      const row = document.createElement("div");
      row.className = "row";
      group.append(row);
      box.append(group);
      const made = names.map((name) => open(name, row));
      return { group, views: made, level: align(made) };
    });
    gaps = new Set([...equal()].filter((gap) => gaps.has(gap)));
    for (const view of Object.values(views)) view.dispatch({ effects: [told.of({ states, now }), folded.of(gaps)] });
    rows.forEach((row) => row.level.again());
    if (focused) (views[focused] || views.result).focus();
    if (now >= 0) requestAnimationFrame(() => follow());
  }

  /** @param {Name} name @param {HTMLElement} row */
  function open(name, row) {
    const place = document.createElement("div");
    place.className = `pane of-${name}`;
    const head = document.createElement("div");
    head.className = "head";
    head.setAttribute("aria-hidden", "true");
    head.textContent = given.heads[name];
    place.append(head);
    row.append(place);
    return (views[name] = new EditorView({ state: kept[name], root, parent: place }));
  }

  function leave() {
    for (const row of rows) row.level.end();
    for (const [name, view] of Object.entries(views)) {
      kept[name] = view.state;
      view.destroy();
    }
    views = {};
    box.replaceChildren();
  }

  const watch = new ResizeObserver(() => {
    const width = parent.clientWidth;
    const next = width >= WIDE ? "wide" : width >= MIDDLE ? "middle" : "narrow";
    if (width && next !== mode) arrange();
  });
  arrange();
  watch.observe(parent);
  queueMicrotask(report);

  return {
    next: () => step(1)(views.result),
    previous: () => step(-1)(views.result),
    take: (/** @type {string} */ side) => take(side),
    fold(/** @type {boolean} */ on) {
      kept.result = views.result.state;
      fold(on ? equal() : new Set());
    },
    base(/** @type {boolean} */ on) {
      withBase = on;
      arrange();
    },
    destroy() {
      watch.disconnect();
      leave();
    },
  };
}
