// Packages to find, what each would run and want, and installing one with a preview.
import { h, Fragment, useEffect, useMemo, useState } from "../host.js";
import { Ask, Badge, Button, Card, Choice, Code, Empty, ErrorBox, Field, Go, Waiting, counted } from "../parts/basic.jsx";
import { Change } from "../parts/change.jsx";
import { Exceptions } from "../parts/exceptions.jsx";
import { Inputs, answersIn, unanswered } from "../parts/inputs.jsx";
import { Outcome, pinWords } from "../parts/outcome.jsx";
import { go } from "../route.js";
import { useChange, useLast, useRead } from "../use.js";

/** @param {{profile: string, item: string, list: any}} props `item` is `registry/name`, or empty. */
export function Find({ profile, item, list }) {
  if (item) return <Package key={item} item={item} profile={profile} list={list} />;
  return <Search profile={profile} />;
}

/** So many packages are shown at first, and so many more each time. */
const PAGE = 24;

function Search({ profile }) {
  const [typed, setTyped] = useState("");
  const [words, setWords] = useState("");
  const [category, setCategory] = useState("");
  const [source, setSource] = useState("");
  const [most, setMost] = useState(PAGE);
  // Asked when somebody stops typing, not for each letter.
  useEffect(() => {
    const timer = setTimeout(() => setWords(typed.trim()), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useRead("search", "", { words: words.split(/\s+/).filter(Boolean), category, limit: 1000 });
  const all = useRead("search", "", { limit: 1000 });
  const categories = useMemo(() => [...new Set((all.data?.packages || []).map((one) => one.category).filter(Boolean))].sort(), [all.data]);
  const rows = found.data?.packages || [];
  return (
    <div className="d-stack">
      <Card>
        <div className="d-row d-wrap d-bottom">
          <Field label="Search for packages" id="search" type="search" value={typed} onValue={setTyped} placeholder="research, code review, …" />
          <Choice label="Category" id="category" value={category} options={[["", "All"], ...categories.map((one) => [one, one])]} onValue={setCategory} />
        </div>
        <form className="d-row d-wrap d-bottom d-sub" onSubmit={(/** @type {any} */ event) => { event.preventDefault(); if (source.trim()) go({ profile, screen: "find", item: `=${source.trim()}` }); }}>
          <Field label="Or from a source: a repository, folder or archive" id="source" value={source} onValue={setSource} width="wide" placeholder="github.com/you/bot" mono />
          <Button type="submit" disabled={!source.trim()}>Look at it</Button>
        </form>
      </Card>
      <Card title="Packages" side={<span className="d-dim" role="status">{found.data ? counted(rows.length, "package") : ""}</span>}>
        {found.error ? <ErrorBox error={found.error} onAgain={found.reload} /> : null}
        {!found.data && found.loading ? <Waiting rows={6} /> : null}
        {found.data && !rows.length ? <Empty title="No package matches." icon="find"><p>Try fewer words, or take a source above.</p></Empty> : null}
        <ul className="d-cards">
          {rows.slice(0, most).map((one) => (
            <li key={`${one.registry}/${one.name}`} className="d-pack">
              <div className="d-row d-wrap d-tight">
                <Go to={{ profile, screen: "find", item: `${one.registry}/${one.name}` }} className="d-strong d-break d-way">{one.title || one.name}</Go>
                {one.version ? <Badge>{one.version}</Badge> : null}
                {one.yanked ? <Badge tone="bad" title={one.yanked}>withdrawn</Badge> : null}
                {one.deprecated ? <Badge tone="warn" title={one.deprecated}>deprecated</Badge> : null}
              </div>
              <p className="d-break" dir="auto">{one.description}</p>
              <p className="d-dim d-small d-break">{one.category ? `${one.category} · ` : ""}<span className="d-mono">{one.registry}/{one.name}</span></p>
            </li>
          ))}
        </ul>
        {rows.length > most ? <div className="d-row d-center"><Button onClick={() => setMost(most + PAGE)}>Show {counted(Math.min(PAGE, rows.length - most), "more package")}</Button></div> : null}
      </Card>
    </div>
  );
}

/** A package: of a registry (`registry/name`), or a source (`=source`). */
function Package({ item, profile, list }) {
  const fromSource = item.startsWith("=");
  const [registry, ...rest] = fromSource ? ["", item.slice(1)] : item.split("/");
  const name = rest.join("/");
  const shown = useRead("package", "", { name, registry }, { skip: fromSource });
  const data = shown.data;
  return (
    <div className="d-stack">
      <p><Go className="d-way" to={{ profile, screen: "find" }}>← All packages</Go></p>
      {shown.error ? <ErrorBox error={shown.error} onAgain={shown.reload} /> : null}
      {fromSource ? <Card title={<Code>{name}</Code>}><p className="d-dim">The preview below says what it brings, runs and wants.</p></Card> : data ? <About data={data} registry={registry} /> : shown.error ? null : <Card><Waiting rows={8} /></Card>}
      {fromSource || data ? <Install source={name} registry={registry} suggested={fromSource ? "" : data.name} profiles={list.data?.profiles || []} /> : null}
    </div>
  );
}

function About({ data, registry }) {
  const runs = Object.entries(data.runs || {});
  return (
    <div className="d-two">
      <Card title={data.title || data.name} side={data.deprecated ? <Badge tone="warn">deprecated</Badge> : null}>
        <p className="d-break" dir="auto">{data.description}</p>
        {data.deprecated ? <p className="d-note">{data.deprecated}</p> : null}
        <dl className="d-pairs">
          <div><dt>Name</dt><dd className="d-mono d-break">{registry}/{data.name}</dd></div>
          <div><dt>Source</dt><dd className="d-mono d-break">{data.source}</dd></div>
          {data.category ? <div><dt>Category</dt><dd>{data.category}</dd></div> : null}
          {data.license ? <div><dt>Licence</dt><dd>{data.license}</dd></div> : null}
          {data.hermes_requires ? <div><dt>Agent</dt><dd className="d-mono">{data.hermes_requires}</dd></div> : null}
          {data.keywords.length ? <div><dt>Keywords</dt><dd>{data.keywords.join(", ")}</dd></div> : null}
        </dl>
        <h3 className="d-h3">Runs</h3>
        {runs.length ? <ul className="d-files">{runs.map(([kind, count]) => <li key={kind}><Badge tone="warn">{String(count)}</Badge> {kind}</li>)}</ul> : <p className="d-dim">Nothing, as its author says. The preview shows what is so.</p>}
        <h3 className="d-h3">Wants</h3>
        {data.env.length ? <ul className="d-files">{data.env.map((one) => <li key={one}><Code>{one}</Code></li>)}</ul> : <p className="d-dim">No variable.</p>}
      </Card>
      <Card title="Versions" side={<Badge>{data.versions.length}</Badge>}>
        {data.versions.length ? (
          <div className="d-scroll" role="region" tabIndex={0} aria-label="Versions">
            <table className="d-rows">
              <thead><tr><th scope="col">Version</th><th scope="col">Date</th><th scope="col">Signed by</th><th scope="col">Commit</th></tr></thead>
              <tbody>
                {[...data.versions].reverse().map((one) => (
                  <tr key={`${one.version} ${one.commit}`}>
                    <th scope="row" className="d-mono">{one.version} {one.yanked ? <Badge tone="bad" title={one.yanked}>withdrawn</Badge> : null}</th>
                    <td>{one.date || "–"}</td>
                    <td className="d-break">{one.signer || <span className="d-dim">unsigned</span>}</td>
                    <td className="d-mono">{one.commit.slice(0, 7)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : <p className="d-dim">The registry lists none; what is newest at the source is installed.</p>}
      </Card>
    </div>
  );
}

function Install({ source, registry, suggested, profiles }) {
  const change = useChange("install", "");
  const [name, setName] = useState(suggested);
  const [alias, setAlias] = useState(false);
  const [given, setGiven] = useState({});
  const [asked, setAsked] = useState(false);
  const [answers, setAnswers] = useState({});
  const asks = useLast(change.body?.data.asks, []);
  const open = unanswered(change.body?.data.asks || []);
  const taken = profiles.some((one) => one.name === name);
  const look = (/** @type {any} */ event) => {
    event.preventDefault();
    change.look(Object.fromEntries(Object.entries({ source, registry, name, alias, ...given, ...answersIn(answers) }).filter(([, value]) => value)), "");
  };
  return (
    <>
      <Card title="Install">
        <form className="d-stack" onSubmit={look}>
          <div className="d-row d-wrap d-bottom">
          <Field label="As the profile" id="as" value={name} onValue={setName} placeholder="the package's name" mono hint={taken ? "There is a profile of this name: choose another." : ""} />
          <label className="d-radio"><input type="checkbox" checked={alias} onChange={(/** @type {any} */ event) => setAlias(event.target.checked)} /> Make a command of this name</label>
          <Button type="submit" kind={change.phase === "preview" ? "plain" : "main"} disabled={taken}>Show the preview</Button>
          </div>
          {asks.length ? <Inputs asks={asks} given={answers} onGiven={setAnswers} /> : null}
          {asks.length ? <div className="d-row"><Button type="submit" kind="main" disabled={taken}>Answer, and show the preview</Button></div> : null}
          <Exceptions given={given} onGiven={setGiven} />
        </form>
      </Card>
      <Change
        change={change}
        looking="Fetching the package"
        working={`Installing ${name || "it"}`}
        preview={(body) => (
          <div className="d-stack">
            <Card className="d-hero">
              <div className="d-row d-wrap">
                <p className="d-lead d-grow d-break">New profile <strong>{body.data.profile}</strong> <span className="d-mono">{pinWords(body.data.pin)}</span></p>
                <Button kind="main" disabled={open.length > 0} onClick={() => setAsked(true)}>Install…</Button>
              </div>
              {open.length ? <p className="d-text-warn">It asks you something first: {open.map((one) => one.description || one.name).join(", ")}</p> : null}
            </Card>
            <Outcome body={body} />
            <Ask open={asked} title={`Install as ${body.data.profile}?`} yes="Install" onNo={() => setAsked(false)} onYes={() => { setAsked(false); change.go(); }}>
              <p>The new profile <strong>{body.data.profile}</strong> gets {counted(body.data.steps.length, "file")}. No other profile changes, and nothing runs until you approve it.</p>
            </Ask>
          </div>
        )}
        done={(body) => (
          <div className="d-stack">
            <Card className="d-hero d-good">
              <div className="d-row d-wrap">
                <p className="d-lead d-grow">Installed as <strong>{body.data.profile}</strong></p>
                <Go className="d-button d-main" to={{ profile: body.data.profile, screen: "profile" }}>Open it</Go>
              </div>
            </Card>
            <Outcome body={body} done />
          </div>
        )}
      />
    </>
  );
}
