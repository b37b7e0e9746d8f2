// What would leave the machine, by part; what stays; which lines must not leave; and publishing it.
import { h, Fragment, useMemo, useState } from "../host.js";
import { Ask, Badge, Button, Card, Choice, Code, Empty, ErrorBox, Field, Fold, Waiting, counted, sized } from "../parts/basic.jsx";
import { Change } from "../parts/change.jsx";
import { How } from "../parts/diff.jsx";
import { useChange, useRead } from "../use.js";

const BUMPS = [
  ["", "As the manifest says"],
  ["patch", "Patch: mends something"],
  ["minor", "Minor: adds something"],
  ["major", "Major: changes what people rely on"],
  ["own", "Another…"],
];

/** @param {{profile: string}} props */
export function Publish({ profile }) {
  const shipping = useRead("shipping", profile);
  const checked = useRead("validate", profile);
  const change = useChange("publish", profile);
  const [fields, setFields] = useState({ to: "", bump: "", version: "", message: "" });
  const [asked, setAsked] = useState(false);
  const put = (/** @type {string} */ key) => (/** @type {string} */ value) => setFields({ ...fields, [key]: value });
  const data = shipping.data;
  const look = (/** @type {any} */ event) => {
    event.preventDefault();
    const { bump, version, ...rest } = fields;
    const chosen = bump === "own" ? { ...rest, version } : { ...rest, bump };
    change.look(Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)), shipping.state);
  };
  if (shipping.fatal) return <ErrorBox error={shipping.fatal} onAgain={shipping.reload} />;
  if (!data) return <Card><Waiting rows={10} /></Card>;
  return (
    <div className="d-stack">
      {data.refused?.length ? (
        <Card title="Must not leave this machine" side={<Badge tone="bad">{data.refused.length}</Badge>} className="d-badcard">
          <ul className="d-files">{data.refused.map((line, n) => <li key={n} className="d-mono d-break">{line}</li>)}</ul>
          <p className="d-dim">Nothing is published while such a line would go along, unless it is published already.</p>
        </Card>
      ) : null}
      <div className="d-two">
        <Ships data={data} />
        <div className="d-stack">
          <Card title="Secrets, replaced by variables" side={<Badge>{data.variables.length}</Badge>}>
            {checked.data?.replaced.length ? (
              <ul className="d-files">{checked.data.replaced.map((one, n) => <li key={n}><span className="d-mono d-break">{one.path}:{one.line}</span> <span aria-hidden="true">→</span> <Code>{`\${${one.variable}}`}</Code></li>)}</ul>
            ) : data.variables.length ? (
              <ul className="d-files">{data.variables.map((name) => <li key={name}><Code>{name}</Code></li>)}</ul>
            ) : <p className="d-dim">No secret was found in what ships.</p>}
            {data.variables.length ? <p className="d-dim">The values stay on this machine.</p> : null}
          </Card>
          <Problems checked={checked} />
          <Card title="Stays here" side={<Badge>{data.stays.length}</Badge>}>
            <ul className="d-files">{data.stays.map((one) => <li key={one.path}><span className="d-mono d-break">{one.path}</span> <span className="d-dim">{one.why}</span></li>)}</ul>
          </Card>
          {data.notes.length ? <ul className="d-notes">{data.notes.map((note, n) => <li key={n}>{note}</li>)}</ul> : null}
        </div>
      </div>
      <Card title="Publish">
        <form className="d-stack" onSubmit={look}>
          <div className="d-row d-wrap d-bottom">
            <Field label="Repository" id="repo" value={fields.to} onValue={put("to")} width="wide" placeholder="github.com/you/bot" mono hint="Empty: where it was published before" />
            <Choice label="Version" id="bump" value={fields.bump} options={BUMPS} onValue={put("bump")} />
            {fields.bump === "own" ? <Field label="Which version" id="version" value={fields.version} onValue={put("version")} placeholder="1.0.0" mono required /> : null}
          </div>
          <label className="d-field d-wide" htmlFor="message">
            <span className="d-label">Notes: the message of the commit</span>
            <textarea id="message" rows={3} value={fields.message} {...heard(put("message"))} />
          </label>
          <div className="d-row"><Button type="submit" kind={change.phase === "preview" ? "plain" : "main"}>Show what would be pushed</Button></div>
        </form>
      </Card>
      <Change
        change={change}
        looking="Comparing with what is published"
        working={`Publishing ${profile}`}
        preview={(body) => (
          <Made body={body}>
            <Button kind="main" disabled={!body.plan} onClick={() => setAsked(true)}>Publish…</Button>
            <Ask open={asked} title={`Publish ${profile}?`} yes="Publish" onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go(); }}>
              <p>{counted(body.data.changes.length, "file")} are pushed to <Code>{body.data.repository}</Code>, branch <Code>{body.data.branch}</Code>{body.data.tag ? <>, with the tag <Code>{body.data.tag}</Code></> : null}.</p>
              <p>Whoever can read the repository can read them then: a push can't be taken back.</p>
            </Ask>
          </Made>
        )}
        done={(body) => <Made body={body} done />}
      />
    </div>
  );
}

/** What is wrong with the package, by file and line. */
function Problems({ checked }) {
  if (checked.error) return <ErrorBox error={checked.error} onAgain={checked.reload} />;
  if (!checked.data?.problems.length) return null;
  return (
    <Card title="Problems" side={<Badge tone={checked.data.valid ? "warn" : "bad"}>{checked.data.problems.length}</Badge>}>
      <Rows problems={checked.data.problems} />
    </Card>
  );
}

function Rows({ problems }) {
  return (
    <ul className="d-files">
      {problems.map((one, n) => <li key={n}><Badge tone={one.level === "error" ? "bad" : "warn"}>{one.level}</Badge> <span className="d-mono d-break">{one.path}{one.line ? `:${one.line}` : ""}</span> {one.message}{one.hint ? <span className="d-dim"> · {one.hint}</span> : null}</li>)}
    </ul>
  );
}

/** @param {(value: string) => void} put */
const heard = (put) => {
  const change = (/** @type {any} */ event) => put(event.target.value);
  return { onInput: change, onChange: change };
};

function Ships({ data }) {
  const parts = useMemo(() => {
    /** @type {Map<string, any[]>} */
    const found = new Map();
    for (const file of data.files) found.set(file.part, [...(found.get(file.part) || []), file]);
    return [...found];
  }, [data]);
  return (
    <Card title="What would ship" side={<Badge>{counted(data.files.length, "file")}, {sized(data.files.reduce((sum, one) => sum + one.size, 0))}</Badge>}>
      {data.files.length ? null : <Empty title="Nothing would ship." icon="publish" />}
      {parts.map(([part, files]) => (
        <Fold key={part} open={data.files.length <= 40} title={<><strong>{part}</strong> <span className="d-dim">{counted(files.length, "file")}</span></>}>
          <ul className="d-files">{files.map((one) => <li key={one.path} className="d-row"><span className="d-mono d-break d-grow">{one.path}</span><span className="d-dim d-small d-whole">{sized(one.size)}</span></li>)}</ul>
        </Fold>
      ))}
    </Card>
  );
}

function Made({ body, done = false, children = null }) {
  const data = body.data;
  return (
    <Card title={done ? "Published" : "What would be pushed"} side={children} className={done ? "d-hero d-good" : "d-hero"}>
      <p className="d-lead d-break"><strong>{data.label}</strong> → <span className="d-mono">{data.repository}</span> {data.tag ? <Badge tone="accent">{data.tag}</Badge> : null}</p>
      {data.problems.length ? <Rows problems={data.problems} /> : null}
      <ul className="d-files">{data.changes.map((one) => <li key={one.path}><How how={one.gone ? "deleted" : "changed"} /> <span className="d-mono d-break">{one.path}</span></li>)}</ul>
      {data.changes.length ? null : <p className="d-dim">Nothing is new.</p>}
      {data.taken_in.length ? <p>Taken in from others: {data.taken_in.join(", ")}</p> : null}
      {data.notes.length ? <ul className="d-notes">{data.notes.map((note, n) => <li key={n}>{note}</li>)}</ul> : null}
      {done && data.install ? <p>Install it with <Code>hermes-dist install {data.install}</Code></p> : null}
    </Card>
  );
}
