// What a change did or would do, from the JSON that update, install, resolve, approve, rollback and publish share.
import { h, Fragment } from "../host.js";
import { Badge, Card, Code, Fold, Go, counted } from "./basic.jsx";
import { How } from "./diff.jsx";
import { ConsentCard, grouped } from "./effects.jsx";

/** @param {any} pin */
export const pinWords = (pin) => (pin ? [pin.version, pin.commit ? pin.commit.slice(0, 7) : pin.tree?.slice(0, 7)].filter(Boolean).join(" @ ") : "");

/** The packages that another one stands on, the lowest first. @param {{layers: any[]}} props */
export function Layers({ layers }) {
  return (
    <ul className="d-files">
      {layers.map((one) => (
        <li key={one.name}><Code>{one.name}</Code> <Badge>{one.layer}</Badge> <span className="d-mono">{pinWords(one.pin)}</span> {one.only.length ? <span>only {one.only.join(", ")} </span> : null}<span className="d-dim d-break">{one.source}</span></li>
      ))}
    </ul>
  );
}

/** @param {string} path */
export function placeWords(path) {
  const [top, ...rest] = path.split("/");
  return rest.length ? top : "top of the profile";
}

/** @param {any[]} steps */
function byPart(steps) {
  /** @type {Map<string, any[]>} */
  const parts = new Map();
  for (const step of steps) {
    const part = placeWords(step.path);
    parts.set(part, [...(parts.get(part) || []), step]);
  }
  return [...parts];
}

/** @param {{steps: any[]}} props */
export function Steps({ steps }) {
  if (!steps.length) return <p className="d-dim">No file changes.</p>;
  return (
    <div className="d-stack">
      {byPart(steps).map(([part, rows]) => (
        <Fold key={part} open={steps.length <= 40} title={<><strong>{part}</strong> <span className="d-dim">{counted(rows.length, "file")}</span></>}>
          <ul className="d-files">
            {rows.map((step) => <li key={step.path}><How how={step.how} /> <span className="d-mono d-break">{step.path}</span></li>)}
          </ul>
        </Fold>
      ))}
    </div>
  );
}

/** @param {{conflict: any}} props */
export function ConflictName({ conflict }) {
  return (
    <>
      <Code>{conflict.path}</Code>
      {conflict.key && conflict.key !== "[part=body]" ? <> <span aria-hidden="true">›</span> <Code>{conflict.key}</Code></> : null}
      {conflict.key === "[part=body]" ? <span className="d-dim"> text</span> : null}
    </>
  );
}

/**
 * Everything that an outcome says.
 * @param {{body: any, done?: boolean, brief?: boolean}} props `brief`: what was so before is folded.
 */
export function Outcome({ body, done = false, brief = false }) {
  const data = body.data;
  const groups = body.groups || grouped(data.parked || []);
  return (
    <div className="d-stack">
      {data.notes?.length ? (
        <ul className="d-notes">{data.notes.map((note, n) => <li key={n}>{note}</li>)}</ul>
      ) : null}
      <div className="d-two">
        <Card title={done ? "What changed" : "What arrives"} side={<Badge>{counted(data.steps.length, "file")}</Badge>}>
          <Steps steps={data.steps} />
          {data.skipped?.length ? <p className="d-text-warn">Changed while it was being merged, and left as it is: {data.skipped.join(", ")}</p> : null}
        </Card>
        <div className="d-stack">
          {data.conflicts.length ? (
            <Card title={done ? "Open conflicts" : "Conflicts: both sides changed it"} side={<Badge tone="bad">{data.conflicts.length}</Badge>}>
              <p className="d-dim">Yours stays until you decide.</p>
              <ul className="d-files">
                {data.conflicts.map((one) => <li key={`${one.path} ${one.key}`}><ConflictName conflict={one} /></li>)}
              </ul>
              {done ? <Go className="d-button d-main" to={{ profile: data.profile, screen: "conflicts" }}>Resolve them</Go> : null}
            </Card>
          ) : null}
          {!brief && (data.missing_env?.length || data.new_env?.length) ? (
            <Card title="Variables it wants">
              <ul className="d-files">
                {[...new Set([...(data.new_env || []), ...(data.missing_env || [])])].map((name) => (
                  <li key={name}><Code>{name}</Code> {data.new_env?.includes(name) ? <Badge tone="warn">new</Badge> : null} {data.missing_env?.includes(name) ? <Badge tone="warn">not set</Badge> : <Badge tone="good">set</Badge>}</li>
                ))}
              </ul>
              <p className="d-dim">Set them in the profile's <Code>.env</Code>.</p>
            </Card>
          ) : null}
          {!brief && data.layers?.length ? (
            <Card title="Layers">
              <Layers layers={data.layers} />
            </Card>
          ) : null}
          {!brief && data.left_out?.length ? (
            <Card title="Left out">
              <ul className="d-files">
                {data.left_out.map((one) => <li key={one.path}><span className="d-mono d-break">{one.path}</span> <span className="d-dim">{one.why}</span></li>)}
              </ul>
            </Card>
          ) : null}
        </div>
      </div>
      {groups.length && brief ? (
        <Fold title={<>{counted(groups.length, "item")} {groups.length === 1 ? "waits" : "wait"} for your approval</>}>
          {groups.map((group) => <ConsentCard key={`${group.name} ${group.kind}`} group={group} />)}
        </Fold>
      ) : null}
      {groups.length && !brief ? (
        <Card title={done ? "Needs your approval" : "Needs your approval afterwards"} side={<Badge tone="warn">{groups.length}</Badge>}>
          <p className="d-dim">Nothing below takes effect until you approve it, one by one.</p>
          <div className="d-stack">
            {groups.map((group) => <ConsentCard key={`${group.name} ${group.kind}`} group={group} />)}
          </div>
          {done ? <div className="d-row"><Go className="d-button d-main" to={{ profile: data.profile, screen: "review" }}>Review them</Go></div> : null}
        </Card>
      ) : null}
      {done && data.restart?.length ? <p className="d-note">The running gateway takes this up after a restart: {data.restart.join(", ")}</p> : null}
    </div>
  );
}
