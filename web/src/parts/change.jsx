// From a preview to its result: what is happening, what went wrong, what changed in the meantime.
import { h } from "../host.js";
import { useKeptFocus } from "../use.js";
import { Button, Card, ErrorBox, Icon, Waiting, upper } from "./basic.jsx";

/** @param {{lines: string[], percent?: number, title: string}} props */
export function Progress({ lines, percent, title }) {
  const last = lines[lines.length - 1] || "";
  return (
    <div className="d-progress">
      <div className="d-row"><span className="d-spin" aria-hidden="true" /><strong>{title}</strong><span className="d-dim d-grow d-break">{last}</span></div>
      <progress max={100} value={percent ?? undefined} aria-label={title} />
      <p className="d-dim d-small">You may leave this page: the work goes on, and ends whole or not at all.</p>
    </div>
  );
}

/** What the history got since the page was shown. @param {{error: any, onAgain: () => void, again?: string}} props */
export function Stale({ error, onAgain, again = "Show a fresh preview" }) {
  return (
    <div className="d-stale" role="group" aria-label="What was shown is no longer so">
      <Icon name="warn" />
      <div className="d-grow d-stack">
        <p className="d-strong">{upper(error.message)}</p>
        <p>Nothing was written.{error.hint ? ` ${upper(error.hint)}` : ""}</p>
        {error.changed.length ? (
          <ul className="d-files">
            {error.changed.map((row, n) => (
              <li key={n}>{typeof row === "string" ? row : `${upper(row.verb || "")}${row.number ? `, generation ${row.number}` : ""}${row.when ? `, ${when(row.when)}` : ""}${row.steps ? `: ${row.steps.length} files` : ""}`}</li>
            ))}
          </ul>
        ) : null}
      </div>
      <Button kind="main" onClick={onAgain}>{again}</Button>
    </div>
  );
}

/**
 * The frame around a change.
 * @param {{change: any, working: string, looking?: string, preview: (body: any) => any, done: (body: any) => any, idle?: any}} props
 */
export function Change({ idle = null, ...more }) {
  const place = useKeptFocus(more.change.phase);
  if (more.change.phase === "idle") return idle;
  return <div ref={place} tabIndex={-1} className="d-stack">{step(more)}</div>;
}

function step({ change, working, looking = "Preparing the preview", preview, done }) {
  if (change.phase === "looking") return <Card><Progress lines={change.lines} percent={change.percent} title={looking} /><Waiting rows={4} /></Card>;
  if (change.phase === "working") return <Card><Progress lines={change.lines} percent={change.percent} title={working} /></Card>;
  if (change.phase === "stale") return <Stale error={change.error} onAgain={change.again} />;
  if (change.phase === "failed") return <ErrorBox error={change.error} onAgain={change.again} />;
  if (change.phase === "done") return done(change.body);
  return preview(change.body);
}

/** @param {number} seconds */
export const when = (seconds) => new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
