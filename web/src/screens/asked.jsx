// What owners asked for in a chat, and the code that lets it happen: the plan is shown first, whole; the code is typed there.
import { h, useState } from "../host.js";
import { read, write } from "../api.js";
import { Ask, Button, Card, Code, ErrorBox, Go, Waiting } from "../parts/basic.jsx";
import { Outcome } from "../parts/outcome.jsx";

const SCREENS = { update: "update", approve: "review", resolve: "conflicts" };
/** The words of a chat as fields of a request. @type {Record<string, (words: string[]) => any>} */
const FIELDS = {
  update: () => ({}),
  approve: (words) => ({ things: words }),
  resolve: (words) => ({ place: words.slice(0, -1).join(" "), side: words[words.length - 1] }),
};

/** @param {{rows: any[]}} props */
export function Asked({ rows }) {
  const [now, set] = useState(/** @type {any} */ (null));
  const look = async (/** @type {any} */ row) => {
    set({ row });
    try {
      const { state } = await read("status", row.profile);
      const body = await write(row.verb, { profile: row.profile, state, fields: { ...FIELDS[row.verb](row.words), dry_run: true } });
      set({ row, body });
    } catch (error) {
      set({ row, error });
    }
  };
  const show = async () => {
    const { row, body } = now;
    set({ row, body, busy: true });
    try {
      set({ row, body, data: (await write("code", { fields: { asked: row.id } })).data });
    } catch (error) {
      set({ row, body, error });
    }
  };
  if (!rows.length) return null;
  const row = now?.row;
  return (
    <Card title="Asked for in a chat">
      <ul className="d-files">
        {rows.map((one) => (
          <li key={one.id} className="d-row d-wrap">
            <span className="d-grow d-break"><strong>{one.verb}</strong> <Go to={{ profile: one.profile, screen: SCREENS[one.verb] || "profile" }}>{one.profile}</Go> {one.words.length ? <Code>{one.words.join(" ")}</Code> : null} <span className="d-dim">asked by {one.by}, as {one.id}</span></span>
            <Button onClick={() => look(one)} label={`Show code… for ${[one.verb, one.profile, ...one.words].join(" ")}`}>Show code…</Button>
          </li>
        ))}
      </ul>
      <Ask open={Boolean(now)} title={!row ? "" : now.data ? "Type this in the chat" : `Let ${row.by} do this?`} yes={now?.data ? "" : "Show code"} busy={Boolean(now && !now.body && !now.error) || now?.busy} onNo={() => set(null)} onYes={now?.body && !now.error ? show : undefined}>
        {now && !now.body && !now.error ? <Waiting rows={4} label="Making the plan once more" /> : null}
        <ErrorBox error={now?.error} />
        {now?.data ? (
          <div className="d-stack">
            <p className="d-code">{now.data.code}</p>
            <p><Code>{`/dist ${[row.verb, ...row.words, now.data.code].join(" ")}`}</Code></p>
            <p className="d-dim">It works once, for {Math.round(now.data.seconds / 60)} minutes, and only for exactly this plan. Whoever has it lets it happen: give it to nobody.</p>
          </div>
        ) : now?.body ? <Outcome body={now.body} /> : null}
      </Ask>
    </Card>
  );
}
