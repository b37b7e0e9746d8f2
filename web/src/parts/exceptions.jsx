// What a rule refuses, and somebody may let pass for this once: said in full, off by default, and never remembered.
import { h } from "../host.js";
import { Fold } from "./basic.jsx";

const WORDS = {
  accept_new_key: "Accept a release that another key signed than before",
  accept_unsigned: "Accept a release that nobody signed",
  accept_moved_tag: "Accept a tag that was moved to another commit",
  allow_downgrade: "Accept a source that went back to an older commit",
  ignore_requires: "Skip the check of the agent's version",
};

/** @param {{given: Record<string, boolean>, onGiven: (given: Record<string, boolean>) => void}} props */
export function Exceptions({ given, onGiven }) {
  return (
    <Fold title="Exceptions, for this once">
      <p className="d-dim">A rule refused the change? Find out why before you let it pass.</p>
      <div className="d-stack d-tight">
        {Object.entries(WORDS).map(([key, words]) => (
          <label key={key} className="d-radio">
            <input type="checkbox" checked={Boolean(given[key])} onChange={(/** @type {any} */ event) => onGiven({ ...given, [key]: event.target.checked })} /> {words}
          </label>
        ))}
      </div>
    </Fold>
  );
}
