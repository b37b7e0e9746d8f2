// What waits for a yes, whole and one by one; what was approved, and how to take that back.
import { h, Fragment, useEffect, useRef, useState } from "../host.js";
import { Ask, Badge, Button, Card, Code, Empty, ErrorBox, Fold, Waiting, counted } from "../parts/basic.jsx";
import { Change, Stale } from "../parts/change.jsx";
import { ConsentCard } from "../parts/effects.jsx";
import { announce } from "../parts/live.jsx";
import { NoPackage } from "../parts/nopackage.jsx";
import { Outcome } from "../parts/outcome.jsx";
import { useChange, useRead } from "../use.js";

/** @param {{profile: string, row?: any}} props */
export function Review({ profile, row }) {
  const list = useRead("consents", profile);
  const [skipped, setSkipped] = useState(/** @type {string[]} */ ([]));
  // A profile that is kept in sync has things that wait without a package, too.
  if (row && !row.managed && !row.parked && !list.data) return <NoPackage profile={profile} row={row} so="nothing waits for your approval" />;
  if (list.fatal) return <ErrorBox error={list.fatal} onAgain={list.reload} />;
  if (!list.data) return <Card><Waiting rows={8} /></Card>;
  const { waiting, approved, off } = list.data;
  const left = waiting.filter((group) => !skipped.includes(idOf(group)));
  const now = left[0];
  const at = now ? waiting.indexOf(now) + 1 : 0;
  const skip = () => {
    setSkipped([...skipped, idOf(now)]);
    announce(left.length > 1 ? "Skipped. The next one is shown." : "Skipped. That was the last one.");
  };
  return (
    <div className="d-stack">
      <ErrorBox error={list.error} onAgain={list.reload} />
      {now ? (
        <One key={idOf(now)} profile={profile} group={now} changed={changesOf(now, list.data.changed || [])} at={at} of={waiting.length} state={list.state} onSkip={skip} onDone={list.reload} />
      ) : (
        <Card>
          {waiting.length ? (
            <Empty title={`${counted(waiting.length, "item")} skipped: off until you approve them.`} icon="review"><Button onClick={() => setSkipped([])}>Look at them again</Button></Empty>
          ) : <Empty title="Nothing waits for your approval." />}
        </Card>
      )}
      <Card title="Approved" side={<Badge>{approved.length}</Badge>}>
        {approved.length ? (
          <div className="d-stack d-tight">
            {approved.map((group) => <Approved key={idOf(group)} profile={profile} group={group} state={list.state} />)}
          </div>
        ) : <p className="d-dim">Nothing so far.</p>}
      </Card>
      {off.length ? (
        <Card title="Off" side={<Badge>{off.length}</Badge>}>
          <ul className="d-files">
            {off.map((one) => <li key={`${one.path} ${one.key}`}><Code>{one.key || one.path}</Code> <span className="d-dim">{one.cause}</span></li>)}
          </ul>
        </Card>
      ) : null}
    </div>
  );
}

const idOf = (/** @type {any} */ group) => `${group.kind} ${group.name}`;

/** What was approved before at the places of one thing. */
function changesOf(group, changed) {
  const places = group.effects.map((/** @type {any} */ one) => (one.key ? `${one.path}: ${one.key}` : one.path));
  return changed.filter((/** @type {any} */ row) => places.some((/** @type {string} */ place) => row.place === place || row.place.startsWith(`${place} `)));
}

/** One thing that waits. */
function One({ profile, group, changed, at, of, state, onSkip, onDone }) {
  const change = useChange("approve", profile);
  const [asked, setAsked] = useState(false);
  const head = useRef(/** @type {any} */ (null));
  useEffect(() => {
    if (at > 1) head.current?.focus();
  }, []);
  const look = async () => {
    setAsked(true);
    await change.look({ things: [group.name] }, state);
  };
  const yes = async () => {
    setAsked(false);
    if (await change.go()) onDone();
  };
  return (
    <Card
      title={<span ref={head} tabIndex={-1}>{at} of {of} that wait</span>}
      side={<><Button onClick={onSkip}>Skip</Button><Button kind="main" busy={change.phase === "working"} onClick={look}>Approve…</Button></>}
    >
      {change.phase === "working" ? <Change change={change} working="Switching it on" preview={() => null} done={() => null} /> : null}
      {change.phase === "stale" && !asked ? <Stale error={change.error} onAgain={() => { change.reset(); onDone(); }} again="Show it as it is now" /> : null}
      {change.phase === "failed" && !asked ? <ErrorBox error={change.error} onAgain={change.again} /> : null}
      <ConsentCard group={group} changed={changed} />
      <Ask open={asked} title={`Approve ${group.label || group.name} in ${profile}?`} yes="Approve" busy={change.phase === "looking"} onNo={() => { setAsked(false); change.reset(); }} onYes={change.phase === "preview" ? yes : undefined}>
        {change.phase === "preview" ? (
          <>
            <p>It is switched on at once: {counted(change.body.data.steps.length, "file")} of <strong>{profile}</strong> will change. The yes is for exactly what the card shows; if it changes later, it waits again.</p>
            {change.body.data.parked.length ? null : <p className="d-dim">Nothing else waits after that.</p>}
          </>
        ) : change.phase === "looking" ? <Waiting rows={2} label="Preparing" /> : (
          change.phase === "stale" ? <Stale error={change.error} onAgain={change.again} /> : <ErrorBox error={change.error} />
        )}
      </Ask>
    </Card>
  );
}

/** One thing that was approved; revoking shows first what it brings. */
function Approved({ profile, group, state }) {
  const change = useChange("revoke", profile);
  const [asked, setAsked] = useState(false);
  return (
    <div>
    <Fold
      title={<><strong className="d-mono">{group.label || group.name}</strong> <Badge>{group.kind}</Badge> {group.since?.length ? <span className="d-dim d-small">since {group.since.map((one) => String(one)).join(", ")}</span> : null}</>}
      side={<Button kind="quiet" label={`Revoke ${group.label || group.name}`} onClick={() => { setAsked(true); change.look({ things: [group.name] }, state); }}>Revoke…</Button>}
    >
      <ConsentCard group={group} />
    </Fold>
      <Ask
        open={asked}
        title={`Revoke ${group.label || group.name} in ${profile}?`}
        yes="Revoke"
        danger
        busy={change.phase === "looking" || change.phase === "working"}
        onNo={() => { setAsked(false); change.reset(); }}
        onYes={change.phase === "preview" ? () => change.go().then((/** @type {any} */ done) => done && setAsked(false)) : undefined}
      >
        {change.phase === "preview" || change.phase === "working" ? <><p>It is switched off and waits for your approval again. {counted(change.body.data.steps.length, "file")} will change.</p><Outcome body={change.body} brief /></> : null}
        {change.phase === "looking" ? <Waiting rows={2} label="Preparing" /> : null}
        {change.phase === "stale" ? <Stale error={change.error} onAgain={change.again} /> : null}
        {change.phase === "failed" ? <ErrorBox error={change.error} /> : null}
      </Ask>
    </div>
  );
}
