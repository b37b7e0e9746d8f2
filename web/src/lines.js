// The difference of two texts, line by line first, then by characters within the lines that differ. By characters alone,
// the library gives up on long texts with many differences, and calls all of it one.
import { Change, diff } from "@codemirror/merge";

/** So many changed lines in one place are compared exactly, for so long. */
const LINES = { scanLimit: 20000, timeout: 1500 };
/** Longer pieces, in characters, are not compared by characters. */
const LONGEST = 4000;
const KNOWN = 0xd7ff;

/** @param {string} a @param {string} b @returns {readonly Change[]} */
export function changes(a, b) {
  const ids = new Map();
  const [left, right] = [lines(a), lines(b)];
  const [spelledA, spelledB] = [spelled(left, ids), spelled(right, ids)];
  // Each different line is one character; with more of them than there are characters, the library does it alone.
  if (ids.size >= KNOWN) return diff(a, b, { scanLimit: 500 });
  const [startA, startB] = [starts(left), starts(right)];
  return diff(spelledA, spelledB, LINES).flatMap((one) => {
    const [fromA, toA] = [startA[one.fromA], startA[one.toA]];
    const [fromB, toB] = [startB[one.fromB], startB[one.toB]];
    if (fromA === toA || fromB === toB || toA - fromA + toB - fromB > LONGEST) return [new Change(fromA, toA, fromB, toB)];
    return diff(a.slice(fromA, toA), b.slice(fromB, toB), { scanLimit: 500 }).map((part) => new Change(part.fromA + fromA, part.toA + fromA, part.fromB + fromB, part.toB + fromB));
  });
}

/** @param {string} text */
const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) || [];

/** @param {string[]} all @param {Map<string, number>} ids */
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
