// What runs, is scheduled, is wanted, loosened or hidden: consent cards, whole.
import { h } from "../host.js";
import { Badge, Code } from "./basic.jsx";

export const KINDS = {
  runs: ["Runs", "bad", "starts a program or loads code"],
  schedules: ["Schedules", "warn", "runs by the clock"],
  wants: ["Wants", "plain", "asks for a variable"],
  loosens: ["Loosens", "warn", "weakens a setting, or decides where data go"],
  hides: ["Hides", "bad", "contains characters that nobody sees"],
};

/** Effects that belong to one server, job or setting. @param {any[]} effects */
export function grouped(effects) {
  /** @type {Map<string, any>} */
  const found = new Map();
  for (const effect of effects) {
    const name = effect.group;
    const place = `${effect.path} ${name}`;
    const label = effect.facts?.find((fact) => fact.name === "name")?.value || "";
    if (!found.has(place)) found.set(place, { name, kind: effect.kind, label, effects: [] });
    found.get(place).effects.push(effect);
  }
  return [...found.values()];
}

/** A value, and before it what it means if there are words for it. @param {{words?: string, value: string}} props */
function Said({ words, value }) {
  return words ? <span><span className="d-said">{words}</span><span className="d-dim">{value}</span></span> : <span>{value}</span>;
}

/** One effect, all of it: each fact by name. @param {{effect: any, within: string}} props */
function Effect({ effect, within }) {
  const key = effect.key.startsWith(`${within}.`) ? effect.key.slice(within.length + 1) : effect.key;
  const facts = effect.facts?.length ? effect.facts : [{ name: "", value: effect.what }];
  const before = effect.before;
  return (
    <div className="d-effect">
      <dl className="d-facts">
        {facts.map((fact, n) => (
          <div key={n}>
            <dt className="d-mono">{fact.name || (key !== within ? key : effect.path)}</dt>
            <dd className="d-mono d-pre"><Said words={fact.words} value={fact.value || "(empty)"} /></dd>
          </div>
        ))}
        {before ? (
          <div>
            <dt>Approved before</dt>
            <dd className="d-mono d-pre d-text-bad">{before}</dd>
          </div>
        ) : null}
      </dl>
    </div>
  );
}

/** @param {{group: any, changed?: any[], head?: any, children?: any, level?: 3|4}} props */
export function ConsentCard({ group, changed = [], head, children, level = 3 }) {
  const [word, tone, means] = KINDS[group.kind] || [group.kind, "plain", ""];
  const Title = /** @type {any} */ (`h${level}`);
  const paths = [...new Set(group.effects.map((effect) => effect.path))];
  return (
    <article className="d-consent" aria-label={`${word} ${group.label || group.name}`}>
      <header className="d-row d-wrap">
        <Badge tone={tone}>{word}</Badge>
        <Title className="d-consent-title d-break">{group.label || group.name}</Title>
        {head}
      </header>
      <p className="d-dim d-small">
        {means}{means ? " · " : ""}{group.label ? <Code>{group.name}</Code> : null}{group.label ? " · " : ""}in {paths.map((path, n) => <span key={path}>{n ? ", " : ""}<Code>{path}</Code></span>)}
      </p>
      {changed.length ? (
        <dl className="d-changed" aria-label="What was approved before, and what it is now">
          {changed.map((row) => (
            <div key={row.place}>
              <dt className="d-mono d-break">{row.place}</dt>
              <dd className="d-mono d-pre d-was"><span aria-hidden="true">− </span><span className="d-unseen">approved before: </span><Said words={row.before_words} value={row.before || "(none)"} /></dd>
              <dd className="d-mono d-pre d-now"><span aria-hidden="true">+ </span><span className="d-unseen">now: </span><Said words={row.after_words} value={row.after || "(none)"} /></dd>
            </div>
          ))}
        </dl>
      ) : null}
      {group.effects.map((effect) => <Effect key={`${effect.path} ${effect.key} ${effect.digest}`} effect={effect} within={group.name} />)}
      {children}
    </article>
  );
}
