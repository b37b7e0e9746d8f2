// Make a profile, rename it, delete it and bring it back: what would happen, then the yes, then the way back.
import { h, Fragment, useEffect, useState } from "../host.js";
import { Ask, Badge, Button, Card, Choice, Code, Command, ErrorBox, Field, Fold, Go, Waiting, counted, upper } from "../parts/basic.jsx";
import { Change } from "../parts/change.jsx";
import { Notes, tell } from "../parts/last.jsx";
import { go } from "../route.js";
import { useChange, useRead } from "../use.js";

const CLONES = [
  ["clone", "Settings, keys, SOUL.md, skills"],
  ["clone_all", "Everything, memories too"],
];

/** What is true or says something. @param {Record<string, any>} fields */
const filled = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value));

/** Rows of a name and what is so; empty ones are left out. @param {{rows: [string, any][]}} props */
function Pairs({ rows }) {
  return <dl className="d-pairs">{rows.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="d-break">{value}</dd></div>)}</dl>;
}

/** @param {{label: string, value: boolean, onValue: (value: boolean) => void}} props */
function Check({ label, value, onValue }) {
  return <label className="d-radio"><input type="checkbox" checked={value} onChange={(/** @type {any} */ event) => onValue(event.target.checked)} /> {label}</label>;
}

/** Puts the focus where somebody begins: what led here is gone. @param {string} id */
function useFocusOn(id) {
  useEffect(() => document.getElementById(id)?.focus(), [id]);
}

/** @param {{list: any}} props */
export function NewProfile({ list }) {
  const rows = list.data?.profiles || [];
  const [name, setName] = useState("");
  const [source, setSource] = useState("");
  const [how, setHow] = useState("clone");
  const [tokens, setTokens] = useState(false);
  const [skills, setSkills] = useState(true);
  const [alias, setAlias] = useState(true);
  const [description, setDescription] = useState("");
  const [asked, setAsked] = useState(false);
  const change = useChange("create", "");
  useFocusOn("new-name");
  const taken = rows.some((/** @type {any} */ one) => one.name === name.trim().toLowerCase());
  const look = (/** @type {any} */ event) => {
    event.preventDefault();
    const cloned = source ? { clone_from: source, [how]: true, with_channel_tokens: tokens } : { no_skills: !skills };
    if (name.trim() && !taken) change.look(filled({ name: name.trim(), alias, description: description.trim(), ...cloned }), "");
  };
  return (
    <div className="d-stack">
      <p><Go className="d-way" to={{ screen: "machine" }}>← All profiles</Go></p>
      {change.phase === "done" ? null : (
        <Card title="New profile">
          <form className="d-stack" onSubmit={look}>
            <div className="d-row d-wrap d-bottom">
              <Field label="Name" id="new-name" value={name} onValue={setName} mono required hint={taken ? "There is a profile of this name: choose another." : "Small letters, digits, - and _"} />
              <Choice label="Begins as" id="new-source" value={source} options={[["", "An empty profile"], ...rows.map((/** @type {any} */ one) => [one.name, `A clone of ${one.name}`])]} onValue={setSource} />
              {source ? <Choice label="What is copied" id="new-how" value={how} options={CLONES} onValue={setHow} /> : null}
            </div>
            <div className="d-row"><Field label="What it is good at, in a sentence or two" id="new-about" value={description} onValue={setDescription} width="wide" /></div>
            <div className="d-row d-wrap">
              {source ? <Check label="Copy bot tokens, too: only one gateway at a time can use them" value={tokens} onValue={setTokens} /> : <Check label="Add the agent's bundled skills" value={skills} onValue={setSkills} />}
              <Check label="Make a command of this name" value={alias} onValue={setAlias} />
            </div>
            <div className="d-row"><Button type="submit" kind={change.phase === "preview" ? "plain" : "main"} disabled={!name.trim() || taken}>Show the preview</Button></div>
          </form>
        </Card>
      )}
      <Change
        change={change}
        working={`Creating ${change.fields.name}`}
        preview={(body) => (
          <Card className="d-hero">
            <div className="d-row d-wrap">
              <p className="d-lead d-grow d-break">New profile <strong>{body.data.profile}</strong>{body.data.source ? <>, a clone of <strong>{body.data.source}</strong></> : null}</p>
              <Button kind="main" onClick={() => setAsked(true)}>Create…</Button>
            </div>
            <Made data={body.data} fields={change.fields} />
            <Ask open={asked} title={`Create ${body.data.profile}?`} yes="Create" onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go(); }}>
              <p>The profile <strong>{body.data.profile}</strong> is made{body.data.source ? <> as a clone of <strong>{body.data.source}</strong></> : null}. No other profile changes, and nothing starts. To undo it, delete it.</p>
            </Ask>
          </Card>
        )}
        done={(body) => (
          <Card className="d-hero d-good">
            <div className="d-row d-wrap">
              <p className="d-lead d-grow d-break">Created <strong>{body.data.profile}</strong>{body.data.source ? <>, a clone of <strong>{body.data.source}</strong></> : null}</p>
              <Go className="d-button" to={{ profile: body.data.profile, screen: "profile", item: "delete" }}>Undo: delete it…</Go>
              <Go className="d-button d-main" to={{ profile: body.data.profile, screen: "profile" }}>Open it</Go>
            </div>
            <Made data={body.data} fields={change.fields} />
            <Next data={body.data} />
          </Card>
        )}
      />
    </div>
  );
}

function Made({ data, fields }) {
  const skills = data.skills ? `${data.skills} bundled skills added` : fields.no_skills ? "no bundled skills, now or later" : "";
  const keys = data.variables.length ? `${data.dry_run ? "will be" : "were"} copied from .env: ${data.variables.join(", ")}` : data.source && "none in .env to copy";
  return (
    <>
      <Pairs rows={[["Home", <span className="d-mono">{data.path}</span>], ["Command", data.alias && <Code>{data.alias}</Code>], ["Skills", skills], ["Keys", keys]]} />
      {data.left_out.length ? <p className="d-break">Only one gateway can use these, so they {data.dry_run ? "will not be" : "were not"} copied: {data.left_out.join(", ")}</p> : null}
      {data.credentials.length ? <p className="d-break">These logins stay with {data.source} only; sign in again where {data.profile} needs them: {data.credentials.join(", ")}</p> : null}
      <Notes notes={data.notes} />
    </>
  );
}

/** What the command says to do next. */
function Next({ data }) {
  const begin = data.alias && data.on_path ? data.alias : `hermes -p ${data.profile}`;
  return (
    <>
      <p className="d-strong">Next, in a terminal:</p>
      <ul className="d-files">
        {data.source ? null : <li><Command text={`${begin} setup`} /> <span className="d-dim">choose a model, enter keys</span></li>}
        <li><Command text={`${begin} chat`} /> <span className="d-dim">start talking</span></li>
        {data.source ? <li className="d-break">Edit <Code>{data.path}/.env</Code> for other keys, and <Code>SOUL.md</Code> for another personality.</li> : null}
      </ul>
    </>
  );
}

/** At the top, where nothing that is still read moves it. @param {{profile: string}} props */
export function Manage({ profile }) {
  if (profile === "default") return null;
  return (
    <div className="d-row d-wrap">
      <Go className="d-button" to={{ profile, screen: "profile", item: "rename" }}>Rename…</Go>
      <Go className="d-button" to={{ profile, screen: "profile", item: "delete" }}>Delete…</Go>
    </div>
  );
}

/** The state that a profile is shown in, whether or not its lockfile can be read. @param {string} profile */
function useShown(profile) {
  const { state, error, reload } = useRead("status", profile, {}, { still: true });
  const gone = error && [0, 401, 403, 404].includes(error.status) ? error : null;
  return { state: gone ? "" : state || error?.state || "", gone, reload };
}

/** @param {{profile: string}} props */
export function Rename({ profile }) {
  const status = useShown(profile);
  const [name, setName] = useState("");
  const [wanted, setWanted] = useState(/** @type {any} */ (null));
  const [asked, setAsked] = useState(false);
  const change = useChange("rename", profile, (body) => {
    const { old, profile: now, stopped, notes } = body.data;
    const back = { words: `Undo: name it ${old} again…`, place: { profile: now, screen: "profile", item: "rename" } };
    go({ profile: now, screen: "profile" }, true);
    tell({ said: `${old} is ${now} now`, notes: [...said(stopped), ...again(stopped), ...notes], to: back });
  });
  useFocusOn("rename");
  const look = (/** @type {any} */ event) => {
    event.preventDefault();
    if (name.trim()) setWanted({ name: name.trim() });
  };
  // Who is fast may ask before the state is known.
  useEffect(() => {
    if (wanted && status.state) change.look(wanted, status.state);
  }, [wanted, status.state]);
  return (
    <div className="d-stack">
      <p><Go className="d-way" to={{ profile, screen: "profile" }}>← {profile}</Go></p>
      <ErrorBox error={status.gone} onAgain={status.reload} />
      <Card title={`Rename ${profile}`}>
        <form className="d-row d-wrap d-bottom" onSubmit={look}>
          <Field label="Its new name" id="rename" value={name} onValue={setName} mono required hint="Small letters, digits, - and _" />
          <Button type="submit" kind={change.phase === "preview" ? "plain" : "main"} disabled={!name.trim()}>Show the preview</Button>
        </form>
      </Card>
      <Change
        change={change}
        working={`Renaming ${profile}`}
        preview={(body) => (
          <Card className="d-hero">
            <div className="d-row d-wrap">
              <p className="d-lead d-grow d-break"><strong>{body.data.old}</strong> <span aria-hidden="true">→</span><span className="d-unseen"> becomes </span> <strong>{body.data.profile}</strong></p>
              <Button kind="main" onClick={() => setAsked(true)}>Rename…</Button>
            </div>
            <Pairs rows={[
              ["Home", <span className="d-mono">{body.data.path}</span>],
              ["Commands", body.data.aliases.join(", ")],
              ["Service", body.data.services.join(", ")],
              ["Active", body.data.sticky && "plain commands still use it"],
              ["Gateway", body.data.gateway && "running: it will be stopped"],
            ]} />
            <p className="d-dim">Routes to it get the new name, too, and the old name leads to the new one.</p>
            <Notes notes={body.data.notes} />
            <Ask open={asked} title={`Rename ${profile}?`} yes="Rename" onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go(); }}>
              <p><strong>{body.data.old}</strong> becomes <strong>{body.data.profile}</strong>, with all that it has.{body.data.gateway ? " Its gateway is stopped, and you start it again." : ""} To undo it, give it its old name.</p>
            </Ask>
          </Card>
        )}
        done={() => null}
      />
    </div>
  );
}

/** @param {string[]} stopped */
const said = (stopped) => stopped.map((line) => `${upper(line)}.`);
/** @param {string[]} stopped */
const again = (stopped) => (stopped.length ? ["Start its gateway again on the screen Gateways and routes."] : []);

/** @param {{profile: string}} props */
export function Delete({ profile }) {
  const status = useShown(profile);
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState(false);
  const change = useChange("delete", profile, (body) => {
    const { data } = body;
    const routes = data.routes ? [`${counted(data.routes, "gateway route")} to ${profile} ${data.routes === 1 ? "stays" : "stay"}.`] : [];
    const gone = data.expired ? [`${counted(data.expired, "older profile")} left the trash for good.`] : [];
    const active = data.sticky ? ["Plain commands use the default profile now."] : [];
    go({ screen: "machine" }, true);
    const back = { words: "Undo: restore it…", place: { screen: "machine", item: "trash" } };
    tell({ said: `${profile} is in the trash for ${data.days} days`, notes: [...said(data.stopped), ...active, ...routes, ...gone, ...data.notes], to: back });
  });
  const ready = Boolean(status.state);
  const look = () => change.look({}, status.state);
  useEffect(() => {
    if (ready) look();
  }, [ready]);
  const close = () => { setAsked(false); setTyped(""); };
  const sure = typed.trim() === profile;
  const yes = () => { close(); change.go(); };
  return (
    <div className="d-stack">
      <p><Go className="d-way" to={{ profile, screen: "profile" }}>← {profile}</Go></p>
      <ErrorBox error={status.gone} onAgain={status.reload} />
      {!ready && !status.gone ? <Card><Waiting rows={4} /></Card> : null}
      <Change
        change={change}
        working={`Deleting ${profile}`}
        preview={({ data }) => (
          <Card title={`Delete ${profile}`} className="d-badcard">
            <p className="d-lead d-break">Profile <strong>{profile}</strong> will be moved to the trash, where it can be restored for {data.days} days.</p>
            <Pairs rows={[
              ["Home", <span className="d-mono">{data.path}</span>],
              ["Model", data.model],
              ["Package", data.package],
              ["Commands", data.aliases.join(", ")],
              ["Service", data.services.join(", ")],
              ["Gateway", data.gateway && "running: it will be stopped"],
              ["Routes", data.routes && `${counted(data.routes, "route")} to it, which ${data.routes === 1 ? "stays" : "stay"}`],
              ["Tasks", data.tasks && `${counted(data.tasks, "open task")} on boards keep its name`],
              ["Trash", data.due && `${counted(data.due, "older profile")} will leave it for good`],
              ["Active", data.sticky && "plain commands will use the default profile"],
            ]} />
            <Notes notes={data.notes} />
            <div className="d-row d-wrap">
              <Button kind="danger" onClick={() => setAsked(true)}>Delete…</Button>
              <Go className="d-button" to={{ profile, screen: "profile" }}>Cancel</Go>
            </div>
            <Ask open={asked} title={`Delete ${profile}?`} yes="Delete" danger onNo={close} onYes={sure ? yes : undefined}>
              <p>It goes into the trash with all that it has, and can be restored for {data.days} days.</p>
              <form onSubmit={(/** @type {any} */ event) => { event.preventDefault(); if (sure) yes(); }}>
                <Field label={`Type ${profile} to delete it`} id="delete" value={typed} onValue={setTyped} mono />
              </form>
            </Ask>
          </Card>
        )}
        done={() => null}
      />
    </div>
  );
}

/** What is in the trash and the archive; it is asked for when somebody looks. @param {{open: boolean}} props `open`: somebody was led here. */
export function Away({ open }) {
  return <Card className="d-quietcard"><Fold key={String(open)} title="Trash and archive" open={open}><Stored first={open} /></Fold></Card>;
}

function Stored({ first }) {
  const away = useRead("away");
  const here = Boolean(away.data);
  useEffect(() => {
    // The newest is the first.
    if (first && here) /** @type {any} */ (document.querySelector(".d-stored button"))?.focus();
  }, [first, here]);
  const [chosen, setChosen] = useState(/** @type {any} */ (null));
  const [name, setName] = useState("");
  const change = useChange("restore", "", (body) => {
    const { data } = body;
    const started = data.services.length ? ["Its service is in place again, and not started."] : [];
    const active = data.sticky ? [`To make it the active profile again: hermes-dist use ${data.profile}`] : [];
    tell({ said: `${data.profile} is back from the ${data.from}`, notes: [...started, ...active, ...data.notes], to: { words: "Open it", place: { profile: data.profile, screen: "profile" } } });
    setChosen(null);
  });
  const look = (/** @type {any} */ one, /** @type {string} */ as) => {
    setChosen(one);
    change.look(filled({ name: one.id, as }), "");
  };
  const close = () => { setChosen(null); setName(""); change.reset(); };
  if (away.fatal) return <ErrorBox error={away.fatal} onAgain={away.reload} />;
  if (!away.data) return <Waiting rows={2} />;
  return (
    <>
      {away.data.profiles.length ? null : <p className="d-dim">The archive and the trash are empty.</p>}
      <ul className="d-files d-stored">
        {away.data.profiles.map((/** @type {any} */ one) => (
          <li key={one.path} className="d-row d-wrap">
            <span className="d-grow d-break"><strong>{one.profile}</strong> <Badge>{one.from}</Badge> <span className="d-dim">{new Date(one.since).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}</span></span>
            <Button label={`Restore ${one.id}…`} onClick={() => { setName(""); look(one, ""); }}>Restore…</Button>
          </li>
        ))}
      </ul>
      <Ask
        open={Boolean(chosen)}
        title={chosen ? `Restore ${chosen.profile}?` : ""}
        yes="Restore"
        busy={change.phase === "looking" || change.phase === "working"}
        onNo={close}
        onYes={change.phase === "preview" ? change.go : undefined}
      >
        {change.phase === "preview" ? (
          <>
            <p>Profile <strong>{change.body.data.profile}</strong> comes back from the {change.body.data.from}, to <span className="d-mono d-break">{change.body.data.path}</span>. Nothing starts.</p>
            <Pairs rows={[["Commands", change.body.data.aliases.join(", ")], ["Service", change.body.data.services.join(", ")]]} />
            <Notes notes={change.body.data.notes} />
          </>
        ) : change.error ? <ErrorBox error={change.error} onAgain={change.phase === "stale" ? change.again : undefined} again="Show a fresh preview" /> : <Waiting rows={2} />}
        {chosen ? (
          <form className="d-row d-bottom" onSubmit={(/** @type {any} */ event) => { event.preventDefault(); look(chosen, name.trim()); }}>
            <Field label="Under another name" id="restore-as" value={name} onValue={setName} mono hint="Empty: as it was" />
            <Button type="submit">Show it so</Button>
          </form>
        ) : null}
      </Ask>
    </>
  );
}
