// What became of a profile that was renamed, deleted or restored: told above the screen that this leads to.
import { h, useEffect, useRef, useState } from "../host.js";
import { Button, Go } from "./basic.jsx";

/** @typedef {{said: string, notes: string[], to?: {words: string, place: any}}} Told */
/** @type {Told | null} */
let last = null;
/** @type {Set<(told: Told | null) => void>} */
const watching = new Set();

/** @param {Told | null} next */
export function tell(next) {
  last = next;
  for (const heard of [...watching]) heard(next);
}

/** @param {{at: string}} props `at`: where one is; who goes on from there has read it. */
export function Last({ at }) {
  const [told, set] = useState(last);
  const box = useRef(/** @type {any} */ (null));
  const seen = useRef({ told, at });
  useEffect(() => {
    watching.add(set);
    return () => void watching.delete(set);
  }, []);
  useEffect(() => {
    const was = seen.current;
    if (was.told !== told) {
      seen.current = { told, at };
      // After the screen's own heading, and after a dialog that gives the focus back to what is gone.
      if (told) setTimeout(() => box.current?.focus({ preventScroll: true }));
    } else if (told && was.at !== at) tell(null);
  }, [told, at]);
  if (!told) return null;
  return (
    <section ref={box} tabIndex={-1} className="d-card d-hero d-good" aria-label="What was done">
      <div className="d-row d-wrap">
        <p className="d-lead d-grow d-break">{told.said}</p>
        {told.to ? <Go className="d-button" to={told.to.place}>{told.to.words}</Go> : null}
        <Button onClick={() => tell(null)}>Close</Button>
      </div>
      <Notes notes={told.notes} />
    </section>
  );
}

/** @param {{notes: string[]}} props */
export function Notes({ notes }) {
  return notes.length ? <ul className="d-notes">{notes.map((note) => <li key={note} className="d-break">{note}</li>)}</ul> : null;
}
