// All profiles at a glance, those that need somebody first.
import { alone, h, useMemo, useState, Fragment } from "../host.js";
import { Asked } from "./asked.jsx";
import { Away, NewProfile } from "./lifecycle.jsx";
import { Badge, Card, Empty, ErrorBox, Field, Go, Waiting, counted } from "../parts/basic.jsx";
import { Windowed } from "../parts/windowed.jsx";
import { useRead } from "../use.js";

const COLUMNS = [
  { key: "name", title: "Profile", className: "d-c-name" },
  { key: "package", title: "Package", className: "d-c-package" },
  { key: "new", title: "Available", className: "d-c-new" },
  { key: "edits", title: "Your edits", className: "d-c-edits" },
  { key: "open", title: "Open", className: "d-c-open" },
  { key: "gateway", title: "Gateway", className: "d-c-gateway" },
];
const SHOWN = { all: "All", attention: "Needs you", updates: "Updates", running: "Running" };

/** @param {{list: any, item: string}} props `item`: `new` makes a profile, `trash` brings one back. */
export function Machine({ list, item }) {
  return item === "new" ? <NewProfile list={list} /> : <All list={list} item={item} />;
}

/** @param {{list: any, item: string}} props */
function All({ list, item }) {
  const outdated = useRead("outdated", "", {}, { skip: !list.data });
  const drift = useRead("status", "", { all: true }, { skip: !list.data });
  // In the dashboard no code is shown: what the agent serves, the agent could read.
  const asked = useRead("asked", "", {}, { skip: !alone });
  const [words, setWords] = useState("");
  const [only, setOnly] = useState("all");
  const rows = useMemo(() => merged(list.data, outdated.data, drift.data), [list.data, outdated.data, drift.data]);
  const shown = useMemo(() => rows.filter((row) => fits(row, words, only)), [rows, words, only]);
  if (list.fatal) return <ErrorBox error={list.fatal} onAgain={list.reload} />;
  const count = (/** @type {string} */ key) => rows.filter((row) => fits(row, "", key)).length;
  return (
    <div className="d-stack">
      <div className="d-tiles">
        {Object.entries(SHOWN).map(([key, title]) => (
          <button key={key} type="button" className={`d-tile ${only === key ? "d-on" : ""} d-tile-${key}`} aria-pressed={only === key} onClick={() => setOnly(key)}>
            <span className="d-tile-count">{list.data && (key !== "updates" || outdated.data) ? count(key) : "–"}</span>
            <span className="d-tile-title">{title}</span>
          </button>
        ))}
      </div>
      <Asked rows={asked.data?.asked || []} />
      <Card
        title={<>Profiles <span className="d-dim">{list.data ? shown.length : ""}</span></>}
        side={<><Field label="Filter" id="filter" value={words} onValue={setWords} placeholder="name or package" type="search" /><Go className="d-button" to={{ screen: "machine", item: "new" }}>New profile</Go></>}
      >
        {!list.data || (alone && asked.loading && !asked.data) ? <Waiting rows={12} label="Loading the profiles" /> : shown.length ? (
          <Windowed label="Profiles" items={shown} columns={COLUMNS} grid="d-grid-machine" idOf={(row) => row.name} cells={(row, at) => cells(row, at, outdated)} />
        ) : <Empty title={rows.length ? "No profile matches." : "There are no profiles yet."} icon="machine">{rows.length ? null : <Go to={{ screen: "find" }}>Find a package</Go>}</Empty>}
        {outdated.error ? <ErrorBox error={outdated.error} onAgain={outdated.reload} again="Check again" /> : null}
        {drift.error ? <ErrorBox error={drift.error} onAgain={drift.reload} /> : null}
      </Card>
      <Away open={item === "trash"} />
    </div>
  );
}

function merged(list, outdated, drift) {
  if (!list) return [];
  const news = new Map((outdated?.profiles || []).map((row) => [row.profile, row]));
  const edits = new Map((drift?.profiles || []).map((row) => [row.profile, row]));
  const rows = list.profiles.map((row) => ({ ...row, news: news.get(row.name), drift: edits.get(row.name) }));
  return rows.sort((a, b) => weight(b) - weight(a));
}

/** What needs somebody comes first; beside that, the order of the command stays. @param {any} row */
const weight = (row) => (broken(row) ? 8 : 0) + (row.conflicts ? 4 : 0) + (row.parked ? 2 : 0);

/** Its lockfile can't be read, so nobody knows what is open. @param {any} row */
const broken = (row) => row.managed && !row.source;

const behind = (/** @type {any} */ row) => Boolean(row.news && (row.news.state === "behind" || row.news.newer.length));

function fits(row, words, only) {
  if (only === "attention" && !weight(row)) return false;
  if (only === "updates" && !behind(row)) return false;
  if (only === "running" && row.gateway !== "running") return false;
  const text = `${row.name} ${row.package} ${row.description} ${row.display_name}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function cells(row, at, outdated) {
  return [
    <Go className="d-rowlink" to={{ profile: row.name, screen: "profile" }} tabIndex={at.tabIndex}>
      <span className="d-strong d-break">{row.display_name || row.name}</span>
      {row.active ? <Badge tone="accent" title="Commands without a name are about this profile">active</Badge> : null}
      {row.display_name ? <span className="d-dim d-mono">{row.name}</span> : null}
    </Go>,
    row.package ? <span className="d-mono d-cut" title={row.source}>{row.package}</span> : <span className="d-dim">no package</span>,
    available(row, outdated),
    edits(row),
    <span className="d-row d-wrap d-tight">
      {broken(row) ? <Go to={{ profile: row.name, screen: "profile" }} tabIndex={at.tabIndex} label={`${row.name}: its lockfile can't be read`}><Badge tone="bad">lockfile can't be read</Badge></Go> : null}
      {row.conflicts ? <Go to={{ profile: row.name, screen: "conflicts" }} tabIndex={at.tabIndex} label={`${row.name}: ${counted(row.conflicts, "conflict")}`}><Badge tone="bad">{counted(row.conflicts, "conflict")}</Badge></Go> : null}
      {row.parked ? <Go to={{ profile: row.name, screen: "review" }} tabIndex={at.tabIndex} label={`${row.name}: ${row.parked} waiting for approval`}><Badge tone="warn">{row.parked} waiting</Badge></Go> : null}
      {!weight(row) ? <span className="d-dim d-void">–</span> : null}
    </span>,
    <span className={`d-state d-state-${row.gateway}`}>{row.gateway}</span>,
  ];
}

function available(row, outdated) {
  if (!row.managed && row.package) return <span className="d-dim" title="hermes-dist did not install it, so nothing updates it">no lockfile</span>;
  if (!row.managed) return <span className="d-dim d-void">–</span>;
  if (!row.news) return <span className="d-dim">{outdated.loading ? "…" : "–"}</span>;
  const news = row.news;
  if (news.error) return <Badge tone="bad" title={news.error}>can't be read</Badge>;
  if (news.yanked) return <Badge tone="bad" title={news.yanked}>withdrawn</Badge>;
  if (behind(row)) return <Go to={{ profile: row.name, screen: "update" }}><Badge tone="accent">{news.newer[0] || news.latest || news.there}</Badge>{news.held ? <Badge>held</Badge> : null}</Go>;
  return <span className="d-dim">{news.held ? "held" : "up to date"}</span>;
}

function edits(row) {
  if (!row.managed) return <span className="d-dim d-void">–</span>;
  if (!row.drift) return <span className="d-dim">…</span>;
  if (row.drift.error) return <Badge tone="bad" title={row.drift.error.message}>can't be read</Badge>;
  const edited = row.drift.edited.length;
  const own = row.drift.own.length;
  if (!edited && !own) return <span className="d-dim">none</span>;
  return <span>{[edited ? counted(edited, "file") : "", own ? `${own} own` : ""].filter(Boolean).join(", ")}</span>;
}
