// The editor as a component. It is loaded when the first text is shown: most visits need none.
import { beside, h, useEffect, useRef, useState } from "../host.js";
import { Button, ErrorBox, Waiting, counted } from "./basic.jsx";

/** @type {Promise<any> | null} */
let module = null;
const load = () => (module ||= import(beside("editor.js")).catch((error) => { module = null; throw error; }));

const WHO = { both: "both changed it", ours: "only you changed it", theirs: "only they changed it" };
const HAS = { ours: "yours", theirs: "theirs", both: "both", base: "base", edited: "edited" };
/** What a difference may become, with what the button is called. */
const TAKES = [["ours", "Yours", "Alt+←"], ["theirs", "Theirs", "Alt+→"], ["both", "Both", ""], ["base", "Base", ""]];
const HEADS = { base: "Base: as it was received", ours: "Yours", theirs: "Theirs", result: "Result: edit it here" };
const WORDS = {
  take: "Take this",
  taken: "In the result",
  of: { base: "from the base", ours: "from yours", theirs: "from theirs" },
  empty: "nothing here",
  hunk: (/** @type {number} */ n, /** @type {number} */ of, /** @type {string} */ who, /** @type {string} */ state) => `${n} of ${of}: ${HAS[state]} · ${WHO[who]}`,
};

/**
 * @param {{path: string, texts: {base: string, ours: string, theirs: string}, start: string, onChange: (text: string) => void}} props
 */
export function Merge({ path, texts, start, onChange }) {
  const place = useRef(/** @type {any} */ (null));
  const editor = useRef(/** @type {any} */ (null));
  const changed = useRef(onChange);
  changed.current = onChange;
  const [state, set] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [folded, setFolded] = useState(true);
  const [base, setBase] = useState(false);

  useEffect(() => {
    let gone = false;
    load().then((made) => {
      if (gone) return;
      editor.current = made.mount(place.current, {
        texts, start, heads: HEADS, words: WORDS,
        names: { base: `${path}: the base`, ours: `${path}: yours`, theirs: `${path}: theirs`, result: `${path}: the result` },
        onChange: (/** @type {string} */ text) => changed.current(text),
        onState: (/** @type {any} */ now) => gone || set(now),
      });
      setFolded(true);
      setBase(false);
    }, (failure) => gone || setError({ message: "the editor can't be loaded", where: String(failure.message || failure), hint: "load the page anew; taking a side works without it" }));
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [path, texts]);

  const fold = () => {
    editor.current?.fold(!folded);
    setFolded(!folded);
  };
  const showBase = () => {
    editor.current?.base(!base);
    setBase(!base);
  };
  const here = state && state.at >= 0;
  return (
    <div className="d-stack d-tight">
      {error ? <ErrorBox error={error} /> : null}
      <div className="d-row d-wrap d-tools">
        <div className="d-row d-tight" role="group" aria-label="Go to a difference">
          <Button label="Previous difference" title="Previous difference (Alt+↑)" disabled={!state?.count} onClick={() => editor.current?.previous()}>↑</Button>
          <Button label="Next difference" title="Next difference (Alt+↓)" disabled={!state?.count} onClick={() => editor.current?.next()}>↓</Button>
        </div>
        <div className="d-row d-wrap d-tight" role="group" aria-label="What the result has at this difference">
          {TAKES.map(([side, word, key]) => (
            <Button key={side} label={`${word} at this difference`} title={key && `${word} at this difference (${key})`} disabled={!here} pressed={Boolean(here && state.state === side)} onClick={() => editor.current?.take(side)}>{word}</Button>
          ))}
        </div>
        <div className="d-row d-wrap d-tight">
          <Button pressed={base} onClick={showBase}>Show the base</Button>
          <Button pressed={folded} onClick={fold}>Fold what is equal</Button>
        </div>
      </div>
      <p className="d-dim" role="status">{state ? said(state) : ""}</p>
      <div className="d-merge" ref={place} />
      {state || error ? null : <Waiting rows={8} label="Loading the editor" />}
    </div>
  );
}

/** How many differences there are, what the result has there, and which one is looked at. @param {any} state */
function said(state) {
  if (!state.count) return "no difference";
  const has = Object.keys(HAS).filter((one) => state.has[one]).map((one) => `${state.has[one].toLocaleString("en")} ${HAS[one]}`).join(", ");
  const all = `${counted(state.count, "difference")}, in the result: ${has}.`;
  return state.at < 0 ? all : `${all} Difference ${state.at + 1}: ${WHO[state.who]}, in the result: ${HAS[state.state]}.`;
}
