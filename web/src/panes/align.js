// Texts beside each other in one box that scrolls: each hunk, and the line after it, begins at the same height in all.
import { BAR, room, snapped, spaced, spans } from "./pane.js";

/** What nobody sees, in pixels. */
const SAME = 0.5;

/** @param {import("@codemirror/view").EditorView[]} views */
export function align(views) {
  let waiting = 0;
  return {
    /** Do it again: a height has changed. */
    again() {
      if (views.length > 1) waiting ||= requestAnimationFrame(() => { waiting = 0; level(views); });
    },
    end: () => cancelAnimationFrame(waiting),
  };
}

/** @param {import("@codemirror/view").EditorView[]} views */
function level(views) {
  const columns = views.map((view) => column(view));
  columns[0].at.forEach((_, n) => {
    for (const place of /** @type {("start" | "end")[]} */ (["start", "end"])) {
      const tops = columns.map((one) => one.top(n, place) - one.was + one.added);
      const lowest = Math.max(...tops);
      columns.forEach((one, p) => {
        const more = Number.isFinite(lowest) ? lowest - tops[p] : 0;
        one.room[place].push(more);
        one.added += more;
        one.was += one.old[place][n] || 0;
      });
    }
  });
  for (const one of columns) if (!alike(one.old, one.room)) one.view.dispatch({ effects: spaced.of(one.room) });
}

/** One text: where its hunks are, the room that was given to them, and the room that they need. @param {import("@codemirror/view").EditorView} view */
function column(view) {
  const { doc } = view.state;
  const at = view.state.field(spans);
  const old = view.state.field(room);
  /** Where a hunk begins or ends, from the top; Infinity where no line follows. @param {number} n @param {"start" | "end"} place */
  const top = (n, place) => {
    const [start, end] = at[n].map((one) => snapped(doc, one));
    if (place === "start" || start === end) return view.lineBlockAt(start).top + (place === "start" ? 0 : (old.start[n] || 0) + BAR);
    return end < at[n][1] && at[n][1] >= doc.length ? Infinity : view.lineBlockAt(end).top;
  };
  return { view, at, old, top, was: 0, added: 0, room: { start: /** @type {number[]} */ ([]), end: /** @type {number[]} */ ([]) } };
}

/** Whether all hunks stay where they are; many small differences add up. @param {{start: number[], end: number[]}} old @param {{start: number[], end: number[]}} now */
function alike(old, now) {
  let moved = 0;
  const stays = (/** @type {"start" | "end"} */ place, /** @type {number} */ n) => {
    moved += now[place][n] - (old[place][n] || 0);
    return Math.abs(moved) <= SAME;
  };
  return now.start.every((_, n) => stays("start", n) && stays("end", n));
}
