// What a screen reader hears while the page works, and the words at the foot of the page.
import { h, Fragment, useEffect, useState } from "../host.js";

/** @type {Set<(said: {text: string, urgent: boolean}) => void>} */
const ears = new Set();

/** Say something to those who do not see it. @param {string} text @param {boolean} [urgent] */
export function announce(text, urgent = false) {
  for (const ear of ears) ear({ text, urgent });
}

export function Live() {
  const [said, set] = useState({ text: "", urgent: false });
  useEffect(() => {
    ears.add(set);
    return () => void ears.delete(set);
  }, []);
  return (
    <>
      <div className="d-unseen" role="status" aria-live="polite">{said.urgent ? "" : said.text}</div>
      <div className="d-unseen" role="alert" aria-live="assertive">{said.urgent ? said.text : ""}</div>
    </>
  );
}
