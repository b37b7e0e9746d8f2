// One profile: what it has, what is yours in it, what happened to it, and how to go back.
import { h, Fragment, useState } from "../host.js";
import { Ask, Badge, Button, Card, Code, Empty, ErrorBox, Field, Fold, Go, Waiting, counted, upper } from "../parts/basic.jsx";
import { Change, Stale, when } from "../parts/change.jsx";
import { Diff, How, Keys } from "../parts/diff.jsx";
import { NoPackage } from "../parts/nopackage.jsx";
import { Manage, Delete, Rename } from "./lifecycle.jsx";
import { Sync } from "../parts/sync.jsx";
import { Layers, Outcome, Steps, pinWords } from "../parts/outcome.jsx";
import { useAct, useChange, useRead } from "../use.js";

/** @param {{profile: string, item: string, row?: any}} props `item`: `rename` or `delete`. */
export function Profile({ profile, item, row }) {
  if (item === "rename") return <Rename profile={profile} />;
  if (item === "delete") return <Delete profile={profile} />;
  return (
    <div className="d-stack">
      <Manage profile={profile} />
      <Content profile={profile} row={row} />
    </div>
  );
}

/** @param {{profile: string, row?: any}} props */
function Content({ profile, row }) {
  const status = useRead("status", profile);
  const info = useRead("info", profile);
  if (status.fatal) return <ErrorBox error={status.fatal} onAgain={status.reload} />;
  if (!status.data) return <Card><Waiting rows={10} label={`Loading ${profile}`} /></Card>;
  if (!status.data.managed) return <Unmanaged profile={profile} row={row} synced={status.data.synced} />;
  return (
    <div className="d-stack">
      <Calls status={status.data} />
      <div className="d-two">
        <About profile={profile} info={info} status={status} />
        <Standing profile={profile} status={status} info={info.data} />
      </div>
      {status.data.synced ? <Sync profile={profile} /> : null}
      <Yours profile={profile} status={status.data} />
      <History profile={profile} />
    </div>
  );
}

function Unmanaged({ profile, row, synced }) {
  if (synced) {
    return (
      <div className="d-stack">
        <Sync profile={profile} />
        <Card><Empty title="No package: sync keeps it the same on your machines." icon="box"><Go className="d-button" to={{ profile, screen: "publish" }}>Publish it</Go></Empty></Card>
      </div>
    );
  }
  if (row?.package) return <NoPackage profile={profile} row={row} so="nothing updates it" />;
  return (
    <Card title={profile}>
      <Empty title="This profile has no package." icon="box">
        <p>It is yours alone: nothing updates it. You can publish it, or install a package beside it.</p>
        <div className="d-row d-center">
          <Go className="d-button" to={{ profile, screen: "publish" }}>Publish it</Go>
          <Go className="d-button" to={{ profile, screen: "find" }}>Find a package</Go>
        </div>
      </Empty>
    </Card>
  );
}

/** What waits for the user, with the way there. */
function Calls({ status }) {
  const calls = [];
  if (status.conflicts.length) calls.push(["conflicts", "bad", `${counted(status.conflicts.length, "open conflict")}: yours stays until you decide.`, "Resolve"]);
  if (status.parked.length) calls.push(["review", "warn", "Something waits for your approval and is switched off until then.", "Review"]);
  if (!calls.length) return null;
  return (
    <div className="d-stack d-tight">
      {calls.map(([screen, tone, words, verb]) => (
        <div key={screen} className={`d-call d-call-${tone}`}>
          <span className="d-grow">{words}</span>
          <Go className="d-button" to={{ profile: status.profile, screen }}>{verb}</Go>
        </div>
      ))}
    </div>
  );
}

function About({ profile, info, status }) {
  const act = useAct(profile);
  const data = info.data;
  const held = status.data.held;
  const toggle = () => act.act(held ? "unhold" : "hold", status.state, {}, held ? "Released." : "Held.");
  return (
    <Card title="Package" side={<Button pressed={Boolean(held)} busy={Boolean(act.busy)} onClick={toggle}>{held ? "Held: release" : "Hold"}</Button>}>
      {act.error?.stale ? <Stale error={act.error} onAgain={() => { act.clear(); status.reload(); }} again="Show it as it is now" /> : <ErrorBox error={act.error} />}
      {info.error ? <ErrorBox error={info.error} onAgain={info.reload} /> : null}
      {data ? (
        <>
          <p className="d-lead"><strong className="d-break">{data.name}</strong> <span className="d-mono">{data.version}</span> {data.signer ? <Badge tone="good">signed by {data.signer}</Badge> : <Badge>unsigned</Badge>}</p>
          <p className="d-break" dir="auto">{data.description}</p>
          <dl className="d-pairs">
            <Pair name="From" value={data.source} mono />
            <Pair name="At" value={pinWords(data.pin)} mono />
            <Pair name="Author" value={data.author} />
            <Pair name="Licence" value={data.license} />
            <Pair name="Agent" value={data.hermes_requires} mono />
            <Pair name="Home" value={data.path} mono />
          </dl>
          {data.layers.length ? (
            <Fold title={<>Layers <span className="d-dim">{counted(data.layers.length, "package")} below it</span></>} open>
              <Layers layers={data.layers} />
            </Fold>
          ) : null}
          {data.env.length ? (
            <Fold title={<>Variables <span className="d-dim">{data.env.filter((one) => one.set).length} of {data.env.length} set</span></>} open={data.env.some((one) => one.required && !one.set)}>
              <ul className="d-files">
                {data.env.map((one) => (
                  <li key={one.name}><Code>{one.name}</Code> {one.set ? <Badge tone="good">set</Badge> : <Badge tone={one.required ? "warn" : "plain"}>{one.required ? "missing" : "optional"}</Badge>} <span className="d-dim">{one.description}</span></li>
                ))}
              </ul>
            </Fold>
          ) : null}
        </>
      ) : <Waiting rows={6} />}
    </Card>
  );
}

function Pair({ name, value, mono = false }) {
  if (!value) return null;
  return <div><dt>{name}</dt><dd className={`d-break ${mono ? "d-mono" : ""}`}>{value}</dd></div>;
}

/** The status by part: what the package has, and what is yours in it. */
function Standing({ profile, status, info }) {
  const data = status.data;
  const parts = parted(data, info?.parts || {});
  return (
    <Card title="By part" side={data.clean ? <Badge tone="good">as received</Badge> : null}>
      <table className="d-rows">
        <thead><tr><th scope="col">Part</th><th scope="col" className="d-num">Package</th><th scope="col" className="d-num">Edited</th><th scope="col" className="d-num">Your own</th></tr></thead>
        <tbody>
          {parts.map((row) => (
            <tr key={row.part}><th scope="row">{row.part}</th><td className="d-num">{row.count || "–"}</td><td className="d-num">{row.edited || "–"}</td><td className="d-num">{row.own || "–"}</td></tr>
          ))}
        </tbody>
      </table>
      <Kept profile={profile} status={status} />
      {data.notes.length ? <ul className="d-notes">{data.notes.map((note, n) => <li key={n}>{note}</li>)}</ul> : null}
      {data.links.length ? <p className="d-dim">Links that are not followed: {data.links.map((one) => one.path).join(", ")}</p> : null}
    </Card>
  );
}

const PARTS = { "SOUL.md": "soul", "config.yaml": "config", "distribution.yaml": "manifest", "mcp.json": "servers" };
const partOf = (/** @type {string} */ path) => PARTS[path] || (path.includes("/") ? path.split("/")[0] : "other");

function parted(data, counts) {
  /** @type {Record<string, any>} */
  const rows = {};
  const row = (/** @type {string} */ part) => (rows[part] ||= { part, count: counts[part] || 0, edited: 0, own: 0 });
  for (const part of Object.keys(counts)) row(part);
  for (const one of data.edited) row(partOf(one.path)).edited += 1;
  for (const path of data.own) row(partOf(path)).own += 1;
  return Object.values(rows);
}

function Kept({ profile, status }) {
  const act = useAct(profile);
  const [place, setPlace] = useState("");
  const kept = status.data.kept;
  const keep = async (/** @type {any} */ event) => {
    event.preventDefault();
    if (place && (await act.act("keep", status.state, { places: [place] }, `Kept ${place}.`))) setPlace("");
  };
  return (
    <div className="d-stack d-sub">
      <h3 className="d-h3">Kept yours, whatever updates bring</h3>
      {kept.length ? (
        <ul className="d-files">
          {kept.map((one) => (
            <li key={one} className="d-row"><span className="d-grow"><Code>{one}</Code></span><Button kind="quiet" busy={act.busy === one} label={`Keep ${one} no longer`} onClick={() => act.act("unkeep", status.state, { places: [one] }, `Kept no longer: ${one}`, one)}>Release</Button></li>
          ))}
        </ul>
      ) : <p className="d-dim">Nothing in particular.</p>}
      {act.error?.stale ? <Stale error={act.error} onAgain={() => { act.clear(); status.reload(); }} again="Show it as it is now" /> : <ErrorBox error={act.error} />}
      <form className="d-row d-bottom" onSubmit={keep}>
        <Field label="A file, a folder or a key" id="keep" value={place} onValue={setPlace} placeholder="SOUL.md or agent.max_turns" mono />
        <Button type="submit" busy={act.busy === "keep"} disabled={!place}>Keep</Button>
      </form>
    </div>
  );
}

/** What is yours: edits line by line, files of your own. */
function Yours({ profile, status }) {
  const diff = useRead("diff", profile);
  const files = diff.data?.files || [];
  return (
    <Card title="Your changes" side={diff.data ? <Badge>{counted(status.edited.length, "file")}</Badge> : null}>
      {diff.error ? <ErrorBox error={diff.error} onAgain={diff.reload} /> : null}
      {diff.loading && !diff.data ? <Waiting rows={4} /> : null}
      {diff.data && !files.length && !status.own.length ? <Empty title="Nothing differs from what you received." /> : null}
      <div className="d-stack d-tight">
        {files.map((file) => (
          <Fold key={file.path} title={<><How how={file.how} /> <span className="d-mono">{file.was ? `${file.was} → ` : ""}{file.path}</span> <span className="d-dim d-small">+{file.added} −{file.removed}</span></>}>
            <Keys rows={file.keys} />
            {file.diff ? <Diff text={file.diff} label={`What you changed in ${file.path}`} /> : null}
          </Fold>
        ))}
        {status.own.length ? (
          <Fold title={<>Your own files <span className="d-dim">{status.own.length}: no update touches them</span></>}>
            <ul className="d-files d-mono">{status.own.map((path) => <li key={path} className="d-break">{path}</li>)}</ul>
          </Fold>
        ) : null}
      </div>
    </Card>
  );
}

function History({ profile }) {
  const history = useRead("history", profile);
  const back = useChange("rollback", profile);
  const undo = useChange("undo", profile);
  const [asked, setAsked] = useState(false);
  const rows = [...(history.data?.generations || [])].reverse();
  const change = back.phase !== "idle" ? back : undo;
  const word = change === undo ? "Undo" : "Go back";
  return (
    <Card title="History" side={rows.length > 0 ? <Button onClick={() => { back.reset(); undo.look({}, history.state); }}>Undo the last change</Button> : null}>
      {history.error ? <ErrorBox error={history.error} onAgain={history.reload} /> : null}
      {!history.data && history.loading ? <Waiting rows={4} /> : null}
      {history.data && !rows.length ? <p className="d-dim">Nothing yet: it begins with the next change that hermes-dist makes here.</p> : null}
      <Change
        change={change}
        working={`${word}…`}
        preview={(body) => (
          <div className="d-stack d-sub">
            <div className="d-row d-wrap">
              <h3 className="d-h3 d-grow">{change === undo ? "Undo the last change" : `Back to generation ${change.fields.number}`}: this is what it would do</h3>
              <Button onClick={change.reset}>Cancel</Button>
              <Button kind="main" disabled={!body.plan} onClick={() => setAsked(true)}>{word}…</Button>
            </div>
            <Outcome body={body} />
            <Ask open={asked} title={`${word} in ${profile}?`} yes={word} onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go(); }}>
              <p>{counted(body.data.steps.length, "file")} of <strong>{profile}</strong> will change. What you edited since stays, and a generation more remembers what was before.</p>
            </Ask>
          </div>
        )}
        done={(body) => (
          <div className="d-stack d-sub">
            <div className="d-row"><p className="d-strong d-grow">Done: {counted(body.data.steps.length, "file")} changed.</p><Button onClick={change.reset}>Close</Button></div>
            <Outcome body={body} done />
          </div>
        )}
      />
      <ol className="d-history">
        {rows.map((row, n) => (
          <li key={row.number}>
            <Fold
              title={<><span className="d-mono d-dim">{row.number}</span> <strong>{upper(row.verb)}</strong> <span className="d-mono">{pinWords(row.pin)}</span> <span className="d-dim">{when(row.when)} · {counted(row.steps.length, "file")}{row.conflicts ? ` · ${counted(row.conflicts, "conflict")}` : ""}</span></>}
              side={n ? <Button kind="quiet" label={`Go back to generation ${row.number}`} onClick={() => { undo.reset(); back.look({ number: row.number }, history.state); }}>Go back</Button> : <Badge>now</Badge>}
            >
              <Steps steps={row.steps} />
            </Fold>
          </li>
        ))}
      </ol>
    </Card>
  );
}
