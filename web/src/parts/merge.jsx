// The editor as a component. It is loaded when the first text is shown: most visits need none.
import { beside, h, useEffect, useRef, useState } from "../host.js";
import { Button, Choice, ErrorBox, Waiting, counted } from "./basic.jsx";

/** @type {Promise<any> | null} */
let module = null;
const load = () => (module ||= import(beside("editor.js")).catch((error) => { module = null; throw error; }));

/**
 * @param {{path: string, texts: {base: string, ours: string, theirs: string}, start: string, onChange: (text: string) => void}} props
 */
export function Merge({ path, texts, start, onChange }) {
  const place = useRef(/** @type {any} */ (null));
  const editor = useRef(/** @type {any} */ (null));
  const changed = useRef(onChange);
  changed.current = onChange;
  const [state, set] = useState({ ready: false, error: /** @type {any} */ (null), left: 0 });
  const [with_, setWith] = useState("theirs");
  const [folded, setFolded] = useState(true);
  const SIDES = { theirs: "Theirs", ours: "Yours", base: "Base: as it was received" };
  const take = (/** @type {string} */ side) => `Take this from ${{ theirs: "theirs", ours: "yours", base: "the base" }[side]}`;
  const count = () => set((old) => ({ ...old, left: editor.current?.differences() ?? 0 }));

  useEffect(() => {
    let gone = false;
    load().then((made) => {
      if (gone) return;
      editor.current = made.mount(place.current, {
        left: texts.theirs, result: start, leftName: `${path}: theirs`, resultName: `${path}: the result`, take: take("theirs"), folded: true,
        onChange: (/** @type {string} */ text) => { changed.current(text); count(); },
      });
      set({ ready: true, error: null, left: editor.current.differences() });
    }, (error) => gone || set({ ready: false, left: 0, error: { message: "the editor can't be loaded", where: String(error.message || error), hint: "load the page anew; taking a side works without it" } }));
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [path, texts]);

  const compare = (/** @type {string} */ side) => {
    setWith(side);
    editor.current?.compare(texts[side], `${path}: ${SIDES[side]}`, take(side));
    count();
  };
  const fold = () => {
    editor.current?.fold(!folded);
    setFolded(!folded);
  };
  return (
    <div className="d-stack d-tight">
      {state.error ? <ErrorBox error={state.error} /> : null}
      <div className="d-row d-wrap d-bottom d-tools">
        <Choice label="Compare the result with" id="compare" value={with_} options={Object.entries(SIDES)} onValue={compare} />
        <div className="d-row d-wrap d-tight">
          <Button label="Previous difference" title="Previous difference (Alt+↑)" onClick={() => editor.current?.previous()}>↑</Button>
          <Button label="Next difference" title="Next difference (Alt+↓)" onClick={() => editor.current?.next()}>↓</Button>
          <Button title="Take this difference into the result (Alt+←)" onClick={() => editor.current?.take()}>Take it</Button>
          <Button pressed={folded} onClick={fold}>Fold what is equal</Button>
        </div>
        <span className="d-dim" role="status">{state.ready ? (state.left ? counted(state.left, "difference") : "no difference") : ""}</span>
      </div>
      <div className="d-merge-heads" aria-hidden="true"><span>{SIDES[with_]}</span><span>Result: edit it here</span></div>
      <div className="d-merge" ref={place} />
      {state.ready || state.error ? null : <Waiting rows={8} label="Loading the editor" />}
    </div>
  );
}
