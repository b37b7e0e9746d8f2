// What an update would bring, what is yours, and then the update itself.
import { h, Fragment, useEffect, useState } from "../host.js";
import { Ask, Badge, Button, Card, Choice, Code, Empty, ErrorBox, Field, Go, Waiting, counted, upper } from "../parts/basic.jsx";
import { Change } from "../parts/change.jsx";
import { Exceptions } from "../parts/exceptions.jsx";
import { Inputs, answersIn, unanswered } from "../parts/inputs.jsx";
import { NoPackage } from "../parts/nopackage.jsx";
import { Outcome, pinWords } from "../parts/outcome.jsx";
import { useChange, useLast, useRead } from "../use.js";

const POLICY = [
  ["", "Yours stays, and the conflict waits for you"],
  ["keep", "Keep yours, and settle it"],
  ["theirs", "Take the author's side"],
];

/** @param {{profile: string, row?: any}} props */
export function Update({ profile, row }) {
  const status = useRead("status", profile);
  const change = useChange("update", profile);
  const [conflict, setConflict] = useState("");
  const [to, setTo] = useState("");
  const [given, setGiven] = useState({});
  const [asked, setAsked] = useState(false);
  const [answers, setAnswers] = useState({});
  const info = useRead("info", profile);
  const seen = change.body?.data.asks || [];
  const asks = useLast(seen.length ? seen : undefined, info.data?.inputs || []);
  const open = unanswered(seen);
  const managed = status.data?.managed;
  const look = (/** @type {any} */ more = {}) => change.look(filled({ conflict, to, ...given, ...answersIn(answers), ...more }), status.state);
  useEffect(() => {
    if (managed) look();
  }, [managed]);
  if (status.fatal && change.phase === "idle") return <ErrorBox error={status.fatal} onAgain={status.reload} />;
  if (!status.data) return <Card><Waiting rows={8} /></Card>;
  if (!managed) return <NoPackage profile={profile} row={row} so="there is nothing to update" />;
  return (
    <div className="d-stack">
      <ErrorBox error={status.error} onAgain={status.reload} />
      <Change
        change={change}
        looking="Asking the source, and merging with your edits"
        working={`Updating ${profile}`}
        preview={(body) => (
          <Preview body={body} status={status.data} open={open} onYes={() => setAsked(true)} onLook={() => look()}>
            <Ask open={asked} title={`Update ${profile}?`} yes="Update" onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go(); }}>
              <p>{counted(body.data.steps.length, "file")} of <strong>{profile}</strong> will change, {pinWords(body.data.before) ? <>from <Code>{pinWords(body.data.before)}</Code> </> : ""}to <Code>{pinWords(body.data.pin)}</Code>.</p>
              <ul className="d-notes">
                <li>Your edits stay. {body.data.conflicts.length ? `${counted(body.data.conflicts.length, "place")} that both sides changed ${body.data.conflicts.length === 1 ? "waits" : "wait"} for you.` : "No place was changed by both sides."}</li>
                <li>{body.data.parked.length ? "What runs, or loosens a setting, stays off until you approve it." : "Nothing new runs."}</li>
                <li>It happens whole or not at all, and Undo takes it back.</li>
              </ul>
            </Ask>
          </Preview>
        )}
        done={(body) => <Done body={body} profile={profile} onAgain={() => look()} />}
      />
      {asks.length && (change.phase === "preview" || change.phase === "failed") ? (
        <Card title="Answers">
          <form className="d-stack" onSubmit={(/** @type {any} */ event) => { event.preventDefault(); look(); }}>
            <Inputs asks={asks} given={answers} onGiven={setAnswers} />
            <div className="d-row"><Button type="submit">Answer, and show the preview</Button></div>
          </form>
        </Card>
      ) : null}
      {change.phase === "preview" || change.phase === "failed" ? (
        <Card title="Another way" className="d-quietcard">
          <form className="d-stack" onSubmit={(/** @type {any} */ event) => { event.preventDefault(); look(); }}>
            <div className="d-row d-wrap d-bottom">
            <Field label="Follow another tag, branch or commit" id="to" value={to} onValue={setTo} placeholder="v1.2.0" mono hint="Empty: as now" />
            <Choice label="Where both sides changed" id="policy" value={conflict} options={POLICY} onValue={setConflict} />
            <Button type="submit">Show the preview</Button>
            </div>
            <Exceptions given={given} onGiven={setGiven} />
          </form>
        </Card>
      ) : null}
    </div>
  );
}

/** Fields that say something. @param {Record<string, any>} fields */
const filled = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value));

function Preview({ body, status, open, onYes, onLook, children }) {
  const data = body.data;
  const nothing = !data.steps.length && (!data.before || JSON.stringify(data.before) === JSON.stringify(data.pin));
  if (!body.plan || nothing) {
    return (
      <Card>
        <Empty title={status.held ? `${data.profile} is held: updates skip it.` : `${data.profile} is up to date.`}>
          <p className="d-mono">{pinWords(data.pin)}</p>
          {data.notes.map((note, n) => <p key={n}>{note}</p>)}
          <Button onClick={onLook}>Check again</Button>
        </Empty>
        {children}
      </Card>
    );
  }
  return (
    <div className="d-stack">
      <Card className="d-hero">
        <div className="d-row d-wrap">
          <div className="d-grow">
            <p className="d-lead d-mono d-break">{pinWords(data.before) || "now"} <span aria-hidden="true">→</span><span className="d-unseen"> to </span> <strong>{pinWords(data.pin)}</strong></p>
            <p className="d-dim d-break">{data.pin?.url}{data.pin?.subfolder ? `//${data.pin.subfolder}` : ""} {body.trust ? `· ${body.trust}` : ""}</p>
          </div>
          <Button onClick={onLook}>Refresh</Button>
          <Button kind="main" disabled={open.length > 0} onClick={onYes}>Update…</Button>
        </div>
        {open.length ? <p className="d-text-warn">It asks you something first: {open.map((one) => one.description || one.name).join(", ")}</p> : null}
        <div className="d-row d-wrap d-tight">
          <Badge>{counted(data.steps.length, "file")}</Badge>
          {data.conflicts.length ? <Badge tone="bad">{counted(data.conflicts.length, "conflict")}</Badge> : <Badge tone="good">no conflict</Badge>}
          {data.parked.length ? <Badge tone="warn">something will need approval</Badge> : <Badge tone="good">nothing new runs</Badge>}
        </div>
      </Card>
      <div className="d-two">
        <Card title="Release notes">
          {data.release_notes ? (
            <>
              <pre className="d-prose" tabIndex={0} role="region" aria-label="Release notes">{data.release_notes.text}</pre>
              <p className="d-dim d-small">from <Code>{data.release_notes.from}</Code></p>
            </>
          ) : <p className="d-dim">The author wrote none.</p>}
        </Card>
        <Card title="What is yours and stays">
          {status.edited.length || status.own.length ? (
            <ul className="d-files">
              {status.edited.map((one) => <li key={one.path}><span className="d-mono d-break">{one.path}</span> {one.keys.map((key) => <span key={key}><Badge>{key}</Badge> </span>)}</li>)}
              {status.own.length ? <li>{counted(status.own.length, "file")} of your own</li> : null}
            </ul>
          ) : <p className="d-dim">You changed nothing.</p>}
        </Card>
      </div>
      <Outcome body={body} />
      {children}
    </div>
  );
}

function Done({ body, profile, onAgain }) {
  return (
    <div className="d-stack">
      <Card className="d-hero d-good">
        <div className="d-row d-wrap">
          <p className="d-lead d-grow">{upper(body.data.verb)} done: <strong className="d-mono">{pinWords(body.data.pin)}</strong></p>
          <Button onClick={onAgain}>Check again</Button>
          <Go className="d-button" to={{ profile, screen: "profile" }}>To the profile</Go>
        </div>
      </Card>
      <Outcome body={body} done />
    </div>
  );
}
