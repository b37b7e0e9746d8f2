// What both sides changed: texts hunk by hunk, values by key.
import { h, Fragment, useEffect, useMemo, useRef, useState } from "../host.js";
import { Ask, Badge, Button, Card, Code, Empty, ErrorBox, Go, Waiting, counted } from "../parts/basic.jsx";
import { Change } from "../parts/change.jsx";
import { announce } from "../parts/live.jsx";
import { Merge } from "../parts/merge.jsx";
import { NoPackage } from "../parts/nopackage.jsx";
import { Outcome } from "../parts/outcome.jsx";
import { useChange, useKeptFocus, useRead } from "../use.js";

const BODY = "[part=body]";
const placeOf = (/** @type {any} */ one) => (one.key ? `${one.path}: ${one.key}` : one.path);
const isText = (/** @type {any} */ one) => !one.key || one.key === BODY;

/** @param {{profile: string, item: string, row?: any}} props */
export function Conflicts({ profile, item, row }) {
  const list = useRead("conflicts", profile);
  const files = useMemo(() => byFile(list.data?.conflicts || []), [list.data]);
  const chosen = files.find((file) => file.path === item) || files[0];
  const change = useChange("resolve", profile);
  const place = useKeptFocus(change.phase);
  const [deciding, setDeciding] = useState("");
  const look = (/** @type {any} */ fields, /** @type {string} */ state) => {
    setDeciding(chosen.path);
    change.look(fields, state);
  };
  // A profile that is kept in sync has conflicts without a package, too.
  if (row && !row.managed && !row.conflicts && !list.data?.conflicts.length && change.phase === "idle") return <NoPackage profile={profile} row={row} so="nothing can be in conflict" />;
  if (list.fatal) return <ErrorBox error={list.fatal} onAgain={list.reload} />;
  if (!list.data) return <Card><Waiting rows={8} /></Card>;
  return (
    <div className="d-stack" ref={place} tabIndex={-1}>
      <ErrorBox error={list.error} onAgain={list.reload} />
      {change.phase !== "idle" ? <Deciding change={change} profile={profile} path={deciding} onClose={change.reset} /> : null}
      {files.length ? (
        <div className="d-aside" hidden={change.phase !== "idle"}>
          <nav aria-label="Files in conflict" className="d-card d-picks">
            <h2 className="d-card-title">{counted(list.data.conflicts.length, "open conflict")}</h2>
            <ul>
              {files.map((file) => (
                <li key={file.path}>
                  <Go to={{ profile, screen: "conflicts", item: file.path }} current={file === chosen ? "true" : undefined} className="d-pick">
                    <span className="d-mono d-break d-grow">{file.path}</span><Badge tone="bad">{file.rows.length}</Badge>
                  </Go>
                </li>
              ))}
            </ul>
          </nav>
          <File key={`${chosen.path} ${list.state}`} profile={profile} file={chosen} state={list.state} onLook={look} />
        </div>
      ) : change.phase !== "idle" ? null : (
        <Card><Empty title="No conflict is open.">
          <p>Where you and the author change the same place, yours stays, and it is listed here.</p>
        </Empty></Card>
      )}
      {list.data.kept?.length ? (
        <Card title="Always yours" className="d-quietcard">
          <p className="d-dim">Updates never ask about these. <Go to={{ profile, screen: "profile" }}>Change that on the profile's page.</Go></p>
          <ul className="d-files">{list.data.kept.map((place) => <li key={place}><Code>{place}</Code></li>)}</ul>
        </Card>
      ) : null}
    </div>
  );
}

function byFile(conflicts) {
  /** @type {Map<string, {path: string, rows: any[]}>} */
  const found = new Map();
  for (const one of conflicts) {
    if (!found.has(one.path)) found.set(one.path, { path: one.path, rows: [] });
    found.get(one.path).rows.push(one);
  }
  return [...found.values()];
}

/** One file: its keys as a table, its text in the editor. */
function File({ profile, file, state, onLook }) {
  const keys = file.rows.filter((row) => !isText(row));
  const text = file.rows.find(isText);
  return (
    <div className="d-stack">
      {keys.length ? <Keys profile={profile} file={file} rows={keys} onLook={(fields) => onLook(fields, state)} /> : null}
      {text ? <Text profile={profile} row={text} onLook={onLook} /> : null}
    </div>
  );
}

/** The preview of a decision, the yes, and the result. */
function Deciding({ change, profile, path, onClose }) {
  const [asked, setAsked] = useState(false);
  const back = <Button kind={change.phase === "done" ? "main" : "plain"} onClick={onClose}>{change.phase === "done" ? "Go on" : "Back to the conflict"}</Button>;
  return (
    <Card title={change.phase === "done" ? "Settled" : "Your decision, checked"} side={change.phase === "working" ? null : back}>
      <Change
        change={change}
        looking="Checking it, and merging once more"
        working={`Settling ${path}`}
        preview={(body) => (
          <div className="d-stack">
            <div className="d-row d-wrap">
              <p className="d-grow"><Badge tone="good">valid</Badge> {body.data.conflicts.length ? `${counted(body.data.conflicts.length, "conflict")} would stay open.` : "No conflict would be left."}</p>
              <Button kind="main" disabled={!body.plan} onClick={() => setAsked(true)}>Save…</Button>
            </div>
            <Outcome body={body} brief />
            <Ask open={asked} title={`Save this in ${profile}?`} yes="Save" onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go().then((/** @type {any} */ done) => done && DRAFTS.delete(`${profile} ${path}`)); }}>
              <p>{counted(body.data.steps.length, "file")} of <strong>{profile}</strong> will change, and the conflict is settled. Undo takes it back.</p>
            </Ask>
          </div>
        )}
        done={(body) => (
          <div className="d-stack">
            <p className="d-strong">{body.data.conflicts.length ? `${counted(body.data.conflicts.length, "conflict")} left.` : "All conflicts are settled."}</p>
            <Outcome body={body} done brief />
          </div>
        )}
      />
    </Card>
  );
}

/** Values by key: base, yours, theirs, and a choice for each. */
function Keys({ profile, file, rows, onLook }) {
  const [sides, setSides] = useState(/** @type {Record<string, string>} */ ({}));
  const chosen = Object.entries(sides);
  const all = (/** @type {string} */ side) => {
    setSides(Object.fromEntries(rows.map((row) => [placeOf(row), side])));
    announce(`All set to ${side}.`);
  };
  return (
    <Card
      title={<Code>{file.path}</Code>}
      side={<><Button onClick={() => all("ours")}>All yours</Button><Button onClick={() => all("theirs")}>All theirs</Button></>}
    >
      <p className="d-dim">Choose for each key. Comments stay: yours beside your value, theirs beside theirs.</p>
      <div className="d-keyrows">
        {rows.map((row) => <KeyRow key={placeOf(row)} profile={profile} row={row} side={sides[placeOf(row)] || ""} onSide={(side) => setSides({ ...sides, [placeOf(row)]: side })} />)}
      </div>
      <div className="d-row d-wrap">
        <span className="d-dim d-grow" role="status">{chosen.length} of {rows.length} chosen</span>
        <Button kind="main" disabled={!chosen.length} onClick={() => onLook({ sides })}>Check the choice</Button>
      </div>
    </Card>
  );
}

const SIDES = [["base", "Base"], ["ours", "Yours"], ["theirs", "Theirs"]];

function KeyRow({ profile, row, side, onSide }) {
  // To show one costs a whole merge: only what comes into sight is asked for.
  const [place, seen] = useSeen();
  const shown = useRead("conflict", profile, { place: placeOf(row) }, { still: true, skip: !seen });
  const value = shown.data?.value;
  const options = [["ours", "Yours"], ["theirs", "Theirs"]];
  if (shown.data?.both) options.push(["both", "Both"]);
  return (
    <fieldset className="d-keyrow" ref={place}>
      <legend className="d-mono d-break">{row.key}</legend>
      {shown.error ? <ErrorBox error={shown.error} onAgain={shown.reload} /> : null}
      <div className="d-sides">
        {SIDES.map(([key, title]) => (
          <div key={key} className={`d-side d-side-${key} ${side === key || (side === "both" && key !== "base") ? "d-on" : ""}`}>
            <span className="d-label">{title}</span>
            {shown.data ? <Value value={value} side={key} says={shown.data.says} /> : <span className="d-bar" />}
            {(value?.comments?.[key] || []).map((line, n) => <span key={n} className="d-mono d-dim d-break">{line}</span>)}
          </div>
        ))}
      </div>
      <div className="d-row d-wrap">
        {options.map(([key, title]) => (
          <label key={key} className="d-radio">
            <input type="radio" name={`side ${placeOf(row)}`} checked={side === key} onChange={() => onSide(key)} /> {title}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Whether an element came near what is in sight; once it did, it stays so. @returns {[{current: any}, boolean]} */
function useSeen() {
  const place = useRef(/** @type {any} */ (null));
  const [seen, set] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver((all) => {
      if (!all.some((one) => one.isIntersecting)) return;
      set(true);
      watch.disconnect();
    }, { rootMargin: "300px" });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return [place, seen];
}

/** A value of one side; of several lines, those that the base does not have are marked. @param {{value: any, side: string, says: string}} props */
function Value({ value, side, says }) {
  if (!value) return <span className="d-mono d-pre">{says}</span>;
  const lines = (/** @type {string} */ one) => (value.whole[one] ?? words(value[one])).split("\n");
  const [now, was] = [lines(side), new Set(lines("base"))];
  if (now.length < 2) return <span className="d-mono d-pre">{now[0]}</span>;
  return <span className="d-mono d-pre">{now.map((line, n) => <span key={n} className={`d-valueline ${was.has(line) ? "" : "d-new"}`}>{line}{"\n"}</span>)}</span>;
}

const words = (/** @type {string | null} */ value) => (value === null || value === undefined ? "(none)" : value === "" ? "(empty)" : value);

/** What was edited and not saved, by profile and file: it is there again when one comes back. */
const DRAFTS = new Map();
addEventListener("beforeunload", (event) => {
  if (DRAFTS.size) event.preventDefault();
});

/** A text or a whole file. */
function Text({ profile, row, onLook }) {
  const place = placeOf(row);
  const shown = useRead("conflict", profile, { place }, { still: true });
  const draft = `${profile} ${row.path}`;
  const kept = DRAFTS.get(draft);
  const [data, setData] = useState(/** @type {any} */ (kept?.data ?? null));
  const [at, setAt] = useState(kept?.at ?? "");
  const [text, putText] = useState(/** @type {string | null} */ (kept?.text ?? null));
  const [always, setAlways] = useState(false);
  const setText = (/** @type {string | null} */ next) => {
    if (next === null) DRAFTS.delete(draft);
    else DRAFTS.set(draft, { data, at, text: next });
    putText(next);
  };
  // What is being edited stays, whatever is read meanwhile; that it is old by then is told.
  const differs = Boolean(data && shown.data && JSON.stringify(shown.data) !== JSON.stringify(data));
  useEffect(() => {
    if (!shown.data) return;
    if (!data || (differs && text === null)) setData(shown.data);
    if (!data || !differs || text === null) setAt(shown.state);
  }, [shown.data, text]);
  const afresh = () => {
    setText(null);
    // Another object with the same texts: the editor begins with them again.
    setData(shown.data && { ...shown.data, text: shown.data.text && { ...shown.data.text } });
    setAt(shown.state);
  };
  if (shown.fatal) return <ErrorBox error={shown.fatal} onAgain={shown.reload} />;
  if (!data) return <Card title={<Code>{row.path}</Code>}><Waiting rows={10} /></Card>;
  const take = (/** @type {string} */ side) => onLook({ place, side, ...(side === "ours" && always ? { always: true } : {}) }, shown.state);
  const old = differs && text !== null;
  return (
    <Card
      title={<Code>{row.path}</Code>}
      side={<>
        <Button onClick={() => take("ours")}>Keep yours</Button>
        <Button onClick={() => take("theirs")}>Take theirs</Button>
        {data.both ? <Button onClick={() => take("both")}>Take both</Button> : null}
      </>}
    >
      <div className="d-row d-wrap">
        <p className="d-dim d-grow">{data.says}</p>
        <label className="d-radio"><input type="checkbox" checked={always} onChange={(/** @type {any} */ event) => setAlways(event.target.checked)} /> Keep it yours from now on</label>
      </div>
      {data.editable && data.text ? (
        <>
          {old ? <div className="d-stale" role="group" aria-label="Changed meanwhile"><p className="d-grow">The file changed since you began to edit. Copy what you need from the result, then begin again.</p><Button kind="main" onClick={afresh}>Begin again</Button></div> : null}
          <Merge path={row.path} texts={data.text} start={text ?? data.text.ours} onChange={setText} />
          {data.beside.length ? <p className="d-note">The text settles {counted(data.beside.length, "other conflict")} of this file, too: {data.beside.map((one) => one.key || one.path).join(", ")}</p> : null}
          <div className="d-row d-wrap">
            <span className="d-dim d-grow">{text === null ? "The result begins as yours, with all that does not conflict merged in." : "Edited. It is checked before it can be saved."}</span>
            <Button disabled={text === null} onClick={afresh}>Start again</Button>
            <Button kind="main" onClick={() => onLook({ place: row.path, text: text ?? data.text.ours }, at)}>Check the result</Button>
          </div>
        </>
      ) : (
        <p className="d-note">{data.why_not ? `It can't be edited here: ${data.why_not}.` : "It can't be edited here."} You can take a side.</p>
      )}
    </Card>
  );
}
