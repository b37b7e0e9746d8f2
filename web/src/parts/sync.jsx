// What a profile is kept in sync with, and what is open between the machines.
import { h, Fragment } from "../host.js";
import { useRead } from "../use.js";
import { Card, Code, Command, ErrorBox, Go, Waiting, counted } from "./basic.jsx";
import { when } from "./change.jsx";

/** @param {{profile: string}} props */
export function Sync({ profile }) {
  const sync = useRead("sync-status", profile);
  return (
    <Card title="Sync">
      <ErrorBox error={sync.error} onAgain={sync.reload} />
      {sync.data ? <Standing data={sync.data} /> : sync.loading ? <Waiting rows={5} label="Asking the meeting place" /> : null}
    </Card>
  );
}

function Standing({ data }) {
  const { profile } = data;
  const others = data.machines.filter((one) => !one.this);
  const rows = [
    ["With", <span className="d-mono">{data.url}</span>],
    ["Here", data.machine],
    ["Others", others.map((one) => `${one.name}${one.accepted ? "" : " (not accepted here)"}`).join(", ") || "none yet"],
    ["Last", data.commit ? <>{when(data.written)}, state <Code>{data.commit.slice(0, 7)}</Code></> : "nothing yet"],
    ["Private", data.with.join(", ") || "no memories or sessions"],
    ["Coming in", counted(data.coming.length, "file")],
    ["Going out", counted(data.going.length, "file")],
  ];
  return (
    <>
      <dl className="d-pairs">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="d-break">{value}</dd></div>)}</dl>
      {open(data).map((words) => <p key={words} className="d-note d-break">{words}</p>)}
      {data.conflicts.length ? <p>The machines disagree on {counted(data.conflicts.length, "place")}. <Go className="d-way" to={{ profile, screen: "conflicts" }}>Resolve</Go></p> : null}
      {data.waiting.length ? <p>Something that another machine sent waits for your approval. <Go className="d-way" to={{ profile, screen: "review" }}>Review</Go></p> : null}
      <p className="d-dim">To sync at once, in a terminal: <Command text={`hermes-dist sync now ${profile}`} /></p>
    </>
  );
}

/** What holds sync up, in words. @param {any} data @returns {string[]} */
function open(data) {
  const whose = (/** @type {any[]} */ rows) => rows.map((one) => one.machine).join(", ");
  return [
    data.reached ? "" : "The meeting place can't be reached; this is what was last seen of it.",
    data.refused ? `Nothing can be sent: ${data.refused}` : "",
    data.older ? `Nothing is synced: ${data.older}` : "",
    data.unsigned.length ? `${counted(data.unsigned.length, "file")} there ${data.unsigned.length === 1 ? "waits" : "wait"}, because no machine signed what is there now.` : "",
    data.unaccepted.length ? `Files of ${whose(data.unaccepted)} wait, because nobody accepted that machine here.` : "",
    data.withheld.length ? `Something that ${whose(data.withheld)} sent is missing there, or older.` : "",
    data.damaged.length ? `${counted(data.damaged.length, "file")} about machines can't be read; what depends on it waits.` : "",
  ].filter(Boolean);
}
