// Gateways: which run, how they are, what two of them can't share; and which profile answers a message.
import { h, Fragment, useEffect, useRef, useState } from "../host.js";
import { onWritten, read } from "../api.js";
import { Ask, Badge, Button, Card, Code, Empty, ErrorBox, Field, Go, Waiting, counted } from "../parts/basic.jsx";
import { Windowed } from "../parts/windowed.jsx";
import { useAct, useRead } from "../use.js";

const COLUMNS = [
  { key: "profile", title: "Profile", className: "d-c-name" },
  { key: "state", title: "State", className: "d-c-gateway" },
  { key: "channels", title: "Channels", className: "d-c-package" },
  { key: "pid", title: "Process", className: "d-c-new" },
  { key: "acts", title: "Actions", className: "d-c-acts" },
];
const WORDS = {
  "gateway-start": ["Start", "It begins to answer in its channels at once."],
  "gateway-stop": ["Stop", "It ends after the turn that it is in, and no longer answers in its channels."],
  "gateway-restart": ["Restart", "It ends after the turn that it is in, and starts again with what is in its files now."],
};

export function Gateways() {
  const list = useRead("gateways");
  const check = useRead("gateway-check");
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const [logs, setLogs] = useState("");
  const act = useAct(asked?.profile || "");
  const results = useRef(/** @type {any} */ (null));
  const carry = async () => {
    const body = await act.act(asked.verb, "", {}, `${WORDS[asked.verb][0]}: done.`);
    if (body) results.current = body.data;
    if (body) setAsked(null);
  };
  // What runs changes by itself, so it is looked at again now and then while somebody looks.
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && list.reload(), 10000);
    return () => clearInterval(timer);
  }, [list.reload]);
  const rows = list.data?.gateways || [];
  const clashes = check.data?.clashes || [];
  const open = async (/** @type {string} */ verb, /** @type {any} */ row) => {
    act.clear();
    setAsked({ verb, profile: row.profile });
  };
  // Nothing is shown before all of it is there: a clash stands first, and would push the rest down.
  if ((!list.data && !list.error) || (!check.data && !check.error)) return <Card key="waiting"><Waiting rows={12} /></Card>;
  return (
    <div className="d-stack" key="there">
      {list.error ? <ErrorBox error={list.error} onAgain={list.reload} /> : null}
      {clashes.map((clash, n) => <Clash key={n} clash={clash} />)}
      <Results data={results.current} />
      <Card title="Gateways" side={<Button onClick={list.reload}>Refresh</Button>}>
        {!list.data ? null : (
          <Windowed
            label="Gateways" items={rows} columns={COLUMNS} grid="d-grid-gateways" idOf={(row) => row.profile}
            cells={(row, at) => [
              <Go className="d-rowlink" to={{ profile: row.profile, screen: "profile" }} tabIndex={at.tabIndex}><span className="d-strong d-break">{row.profile}</span>{row.at_login ? <Badge>at login</Badge> : null}</Go>,
              <span className={`d-state d-state-${row.state}`} title={row.phase}>{row.state}</span>,
              <span className="d-break">{row.channels.join(", ") || <span className="d-dim d-void">–</span>}{row.troubles.length ? <span className="d-text-bad"> {row.troubles.join("; ")}</span> : null}</span>,
              row.pid ? <span className="d-mono">{row.pid}</span> : <span className="d-dim d-void">–</span>,
              <span className="d-row d-tight">
                {row.state === "stopped" ? <Button label={`Start the gateway of ${row.profile}`} onClick={() => open("gateway-start", row)}>Start</Button> : (
                  <>
                    <Button label={`Restart the gateway of ${row.profile}`} onClick={() => open("gateway-restart", row)}>Restart</Button>
                    <Button label={`Stop the gateway of ${row.profile}`} onClick={() => open("gateway-stop", row)}>Stop</Button>
                  </>
                )}
                <Button kind="quiet" label={`Logs of ${row.profile}`} pressed={logs === row.profile} onClick={() => setLogs(logs === row.profile ? "" : row.profile)}>Logs</Button>
              </span>,
            ]}
          />
        )}
      </Card>
      {logs ? <Logs key={logs} profile={logs} onClose={() => setLogs("")} /> : null}
      <Routes />
      <Ask open={Boolean(asked)} title={asked ? `${WORDS[asked.verb][0]} the gateway of ${asked.profile}?` : ""} yes={asked ? WORDS[asked.verb][0] : ""} danger={asked?.verb === "gateway-stop"} busy={Boolean(act.busy)} onNo={() => setAsked(null)} onYes={carry}>
        {asked ? <p>{WORDS[asked.verb][1]}</p> : null}
        <ErrorBox error={act.error} />
      </Ask>
    </div>
  );
}

function Results({ data }) {
  if (!data?.gateways) return null;
  return (
    <ul className="d-files" role="status">
      {data.gateways.map((row) => <li key={row.profile} className={`d-call d-call-${row.ok ? "good" : "bad"}`}><span><strong>{row.profile}</strong>: {row.outcome}{row.note ? `, ${row.note}` : ""}</span></li>)}
    </ul>
  );
}

function Clash({ clash }) {
  return (
    <div className="d-call d-call-bad" role="group" aria-label="Clash">
      <span className="d-grow d-break">
        <strong>{clash.profiles.join(" and ")}</strong> {clash.kind === "port" ? <>both listen on port {clash.port}</> : <>use the same {clash.channels.join(", ")} account</>}: only one of them can run. <span className="d-dim d-small">{clash.sources.join(" · ")}</span>
      </span>
    </div>
  );
}

/** The end of a log, read again every two seconds. */
function Logs({ profile, onClose }) {
  const [lines, setLines] = useState(/** @type {string[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [follow, setFollow] = useState(true);
  const box = useRef(/** @type {any} */ (null));
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const ask = async () => {
      try {
        const body = await read("logs", profile, { lines: 500 });
        if (gone) return;
        setLines(body.data.lines.map((/** @type {any} */ one) => one.text));
        setError(null);
      } catch (problem) {
        if (!gone) setError(problem);
      }
      if (!gone && follow) timer = window.setTimeout(ask, 2000);
    };
    ask();
    const stop = onWritten(() => void ask());
    return () => {
      gone = true;
      clearTimeout(timer);
      stop();
    };
  }, [profile, follow]);
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, follow]);
  return (
    <Card title={<>Logs of {profile}</>} side={<><Button pressed={follow} onClick={() => setFollow(!follow)}>Follow</Button><Button onClick={onClose}>Close</Button></>}>
      {error ? <ErrorBox error={error} /> : null}
      <div className="d-source d-logs" ref={box} tabIndex={0} role="log" aria-label={`Logs of ${profile}`} aria-live="off">
        {lines === null ? "…" : lines.length ? lines.map((line, n) => <div key={n}>{line}</div>) : <span className="d-dim">There is no log yet: a gateway writes one once it runs.</span>}
      </div>
    </Card>
  );
}

function Routes() {
  const list = useRead("routes");
  const [ids, setIds] = useState({ platform: "telegram", channel: "" });
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const test = useRead("route-test", "", asked || {}, { skip: !asked });
  const rows = list.data?.routes || [];
  return (
    <Card title="Routes" side={list.data ? <Badge tone={list.data.multiplex ? "good" : "plain"}>{list.data.multiplex ? "one gateway for all" : "each profile its own gateway"}</Badge> : null}>
      {list.error ? <ErrorBox error={list.error} onAgain={list.reload} /> : null}
      {!list.data && !list.error ? <Waiting rows={3} /> : null}
      {list.data && !rows.length ? <Empty title="There are no routes." icon="gateways"><p>Add one with <Code>hermes-dist gateway route add</Code>.</p></Empty> : null}
      {rows.length ? (
        <div className="d-scroll" role="region" tabIndex={0} aria-label="Routes">
          <table className="d-rows">
            <thead><tr><th scope="col">Route</th><th scope="col">Platform</th><th scope="col">Where</th><th scope="col">Profile</th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.number}>
                  <th scope="row">{row.name || row.number} {row.enabled ? null : <Badge>off</Badge>} {row.fault ? <Badge tone="bad">{row.fault}</Badge> : null}</th>
                  <td>{row.platform}</td>
                  <td className="d-mono d-break">{Object.entries(row.ids).map(([key, value]) => `${key} ${value}`).join(", ")}</td>
                  <td><Go to={{ profile: row.profile, screen: "profile" }}>{row.profile}</Go></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <form className="d-row d-wrap d-bottom d-sub" onSubmit={(/** @type {any} */ event) => { event.preventDefault(); setAsked({ ...ids }); }}>
        <Field label="Platform" id="platform" value={ids.platform} onValue={(platform) => setIds({ ...ids, platform })} />
        <Field label="Channel" id="channel" value={ids.channel} onValue={(channel) => setIds({ ...ids, channel })} mono placeholder="-100200300" />
        <Button type="submit" busy={test.loading} disabled={!ids.platform || !ids.channel}>Who answers?</Button>
      </form>
      {test.error ? <ErrorBox error={test.error} /> : null}
      {test.data ? (
        <div className="d-call d-call-good" role="status">
          <span className="d-grow"><strong>{test.data.profile || "Nobody"}</strong> answers{test.data.route ? <>, by the route <strong>{test.data.route.name || test.data.route.number}</strong></> : test.data.multiplex ? ", as no route fits" : ", as the agent looks at no route while gateway.multiplex_profiles is off"}.{test.data.exists ? "" : ` The profile ${test.data.route.profile} is not served.`}
            {test.data.others.length ? <span className="d-dim"> {counted(test.data.others.length, "other route")}: {test.data.others.map((/** @type {any} */ one) => `${one.route.name || one.route.number}: ${one.why}`).join("; ")}</span> : null}
          </span>
        </div>
      ) : null}
    </Card>
  );
}
