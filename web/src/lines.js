// The difference of two texts, line by line first, then by characters within the lines that differ. Lines that stand once
// in both texts divide them into short pieces, which the library compares: on a whole long text with many differences it
// takes seconds, or gives up and calls all of it one.
import { diff, presentableDiff } from "@codemirror/merge";

/** So many changed lines in one piece are compared exactly, for so long. */
const LINES = { scanLimit: 20000, timeout: 500 };
/** Longer pieces, in characters, are not compared by characters. */
const LONGEST = 4000;
const KNOWN = 0xd7ff;

/** A place where two texts differ: whole lines, by where they start and end in each. @typedef {{fromA: number, toA: number, fromB: number, toB: number}} Place */

/** The places where two texts differ, in order. @param {string} a @param {string} b @returns {Place[]} */
export function places(a, b) {
  if (a === b) return [];
  const [left, right] = [lines(a), lines(b)];
  const [startA, startB] = [starts(left), starts(right)];
  /** @type {Place[]} */
  const found = [];
  let [fromA, fromB] = [0, 0];
  for (const [toA, toB] of [...landmarks(left, right), [left.length, right.length]]) {
    for (const one of piece(left.slice(fromA, toA), right.slice(fromB, toB))) {
      found.push({ fromA: one.fromA + fromA, toA: one.toA + fromA, fromB: one.fromB + fromB, toB: one.toB + fromB });
    }
    [fromA, fromB] = [toA + 1, toB + 1];
  }
  return found.map((one) => ({ fromA: startA[one.fromA], toA: startA[one.toA], fromB: startB[one.fromB], toB: startB[one.toB] }));
}

/** What differs within one place, by characters; nothing where one of them is empty, or too long. @param {string} a @param {string} b @returns {readonly Place[]} */
export function within(a, b) {
  return !a || !b || a.length + b.length > LONGEST ? [] : presentableDiff(a, b, { scanLimit: 500 });
}

/** @param {string} text */
const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) || [];

/** The lines that stand once in both texts, and in the same order, by number. @param {string[]} a @param {string[]} b @returns {[number, number][]} */
function landmarks(a, b) {
  const [inA, inB] = [once(a), once(b)];
  /** The end of the best row of each length; each knows the one before it. @type {{at: [number, number], before: any}[]} */
  const rows = [];
  for (const [line, n] of inA) {
    const at = n < 0 ? -1 : inB.get(line) ?? -1;
    if (at < 0) continue;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].at[1] < at) low = middle + 1;
      else high = middle;
    }
    rows[low] = { at: [n, at], before: rows[low - 1] };
  }
  /** @type {[number, number][]} */
  const found = [];
  for (let one = rows.at(-1); one; one = one.before) found.push(one.at);
  return found.reverse();
}

/** Where each line stands; -1 if it stands more than once. @param {string[]} all */
function once(all) {
  /** @type {Map<string, number>} */
  const found = new Map();
  all.forEach((line, n) => found.set(line, found.has(line) ? -1 : n));
  return found;
}

/** What differs in one piece, by numbers of lines. @param {string[]} a @param {string[]} b @returns {readonly Place[]} */
function piece(a, b) {
  if (!a.length && !b.length) return [];
  const whole = [{ fromA: 0, toA: a.length, fromB: 0, toB: b.length }];
  const known = new Set(a);
  if (!b.some((line) => known.has(line))) return whole;
  const ids = new Map();
  const [spelledA, spelledB] = [spelled(a, ids), spelled(b, ids)];
  return ids.size < KNOWN ? diff(spelledA, spelledB, LINES) : whole;
}

/** Each different line as one character. @param {string[]} all @param {Map<string, number>} ids */
function spelled(all, ids) {
  return all.map((line) => {
    if (!ids.has(line)) ids.set(line, ids.size + 1);
    return String.fromCharCode(Math.min(ids.get(line), KNOWN));
  }).join("");
}

/** Where each line starts, and where the last one ends. @param {string[]} all */
function starts(all) {
  const found = [0];
  for (const line of all) found.push(found[found.length - 1] + line.length);
  return found;
}
