// A diff as lines of text; text from a package is never anything else.
import { h, useState } from "../host.js";
import { Badge, Button, counted } from "./basic.jsx";

const MOST = 800;
const TONES = { "+": "add", "-": "del", "@": "hunk" };

/** @param {{text: string, label: string}} props */
export function Diff({ text, label }) {
  const [all, setAll] = useState(false);
  const lines = text.replace(/\n$/, "").split("\n").filter((line, n) => n > 1 || !/^(---|\+\+\+) /.test(line));
  const shown = all ? lines : lines.slice(0, MOST);
  return (
    <div className="d-diff" role="region" tabIndex={0} aria-label={label}>
      <pre>
        {shown.map((line, n) => (
          <span key={n} className={`d-line ${TONES[line[0]] ? `d-line-${TONES[line[0]]}` : ""}`}>{line || " "}{"\n"}</span>
        ))}
      </pre>
      {shown.length < lines.length ? <Button kind="quiet" onClick={() => setAll(true)}>Show {counted(lines.length - MOST, "more line")}</Button> : null}
    </div>
  );
}

const HOW = { added: ["+", "good"], deleted: ["−", "bad"], changed: ["~", "warn"], moved: ["→", "warn"], "type changed": ["~", "warn"] };

/** How a path changes: a sign, its colour, and the word for those who see neither. @param {{how: string}} props */
export function How({ how }) {
  const [sign, tone] = HOW[how] || ["~", "warn"];
  return (
    <span className={`d-how d-text-${tone}`}>
      <span aria-hidden="true">{sign}</span>
      <span className="d-unseen">{how}</span>
    </span>
  );
}

/** @param {{rows: {key: string, before: string, after: string}[]}} props */
export function Keys({ rows }) {
  if (!rows.length) return null;
  return (
    <div className="d-scroll" role="region" tabIndex={0} aria-label="Keys that differ">
      <table className="d-rows">
        <thead><tr><th scope="col">Key</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row" className="d-mono d-break">{row.key}</th>
              <td className="d-mono d-break d-text-bad">{row.before || <Badge>none</Badge>}</td>
              <td className="d-mono d-break d-text-good">{row.after || <Badge>none</Badge>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
