// The hunks of a conflict: the places where yours and theirs differ, and what the result has at each.
import { places, within } from "../lines.js";

/** @typedef {"base" | "ours" | "theirs"} Side */
/** @typedef {[number, number]} Span */
/** @typedef {Record<Side, string>} Texts */
/**
 * @typedef {{spans: Record<Side, Span>, text: Record<Side | "both", string>, who: "both" | "ours" | "theirs",
 *   parts: () => readonly import("../lines.js").Place[]}} Hunk
 */

/** What a hunk of the result may be, besides edited. @type {(Side | "both")[]} */
export const TAKES = ["ours", "theirs", "both", "base"];

/** @param {Texts} texts @returns {Hunk[]} */
export function hunksOf(texts) {
  const mine = places(texts.base, texts.ours);
  const others = places(texts.base, texts.theirs);
  let last = 0;
  return places(texts.ours, texts.theirs).map((one) => {
    const left = origin(mine, one.fromA, one.toA);
    const right = origin(others, one.fromB, one.toB);
    const from = Math.max(last, Math.min(left[0], right[0]));
    last = Math.max(from, left[1], right[1]);
    return hunk(texts, { base: [from, last], ours: [one.fromA, one.toA], theirs: [one.fromB, one.toB] });
  });
}

/** @param {Texts} texts @param {Record<Side, Span>} spans @returns {Hunk} */
function hunk(texts, spans) {
  const [base, ours, theirs] = /** @type {Side[]} */ (["base", "ours", "theirs"]).map((side) => texts[side].slice(...spans[side]));
  /** @type {readonly import("../lines.js").Place[] | null} */
  let parts = null;
  return {
    spans,
    text: { base, ours, theirs, both: ended(ours, theirs) + theirs },
    who: theirs === base ? "ours" : ours === base ? "theirs" : "both",
    parts: () => (parts ||= within(ours, theirs)),
  };
}

/** Where in the first text a range of the second one is from. @param {import("../lines.js").Place[]} changes @param {number} from @param {number} to @returns {Span} */
function origin(changes, from, to) {
  let [start, end] = [from, to];
  for (const one of changes) {
    if (one.fromB > to) break;
    const [before, after] = [one.fromA - one.fromB, one.toA - one.toB];
    // A change that only took lines away lies between two characters of the second text: it belongs to what it touches.
    const gone = one.fromB === one.toB;
    if (one.toB < from || (one.toB === from && !gone)) start = from + after;
    else if (one.fromB <= from) start = one.fromA;
    if (one.toB <= to) end = to + after;
    else if (one.fromB < to) end = one.toA;
    else end = to + before;
  }
  return [start, Math.max(start, end)];
}

/** A text to which another can be appended. @param {string} text @param {string} next */
const ended = (text, next) => (text && next && !text.endsWith("\n") ? `${text}\n` : text);

/** What the result has at a hunk; nobody's is "edited". @param {Hunk} hunk @param {string} now */
export function stateOf(hunk, now) {
  return TAKES.find((side) => hunk.text[side] === now) || "edited";
}

/** The text to put into a document at a hunk, so that no line is joined with another. @param {string} text @param {string} before @param {string} after */
export function fitted(text, before, after) {
  if (!text) return text;
  return (before && before !== "\n" ? "\n" : "") + ended(text, after);
}
