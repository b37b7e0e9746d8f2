// Characters that nobody sees, or that turn the text around them, are shown by their number: a name can't look like
// another, and a line can't pretend to be ours. Both hosts put everything that is shown through it.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\uFE00-\uFE0E]/u;
const EACH = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\uFE00-\uFE0E]/gu;
const WORDS = ["title", "aria-label", "placeholder"];

/** @param {string} text */
export const plain = (text) => (UNSEEN.test(text) ? text.replace(EACH, (one) => `\\u{${one.codePointAt(0).toString(16)}}`) : text);

/** @param {any} child @returns {any} */
function plainly(child) {
  if (typeof child === "string") return plain(child);
  return Array.isArray(child) ? child.map(plainly) : child;
}

/** An element whose texts are shown plainly. @param {(...given: any[]) => any} make @returns {any} */
export const showing = (make) => (/** @type {any} */ type, /** @type {any} */ props, /** @type {any[]} */ ...children) => {
  if (props && typeof type === "string") {
    for (const word of WORDS) if (typeof props[word] === "string") props = { ...props, [word]: plain(props[word]) };
  }
  return make(type, props, ...children.map(plainly));
};
