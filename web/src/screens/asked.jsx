// What owners asked for in the agent's chats: each plan is carried out there, with a code that is shown here.
import { h, useState } from "../host.js";
import { write } from "../api.js";
import { announce } from "../parts/live.jsx";
import { Ask, Button, Card, Code, ErrorBox, Go } from "../parts/basic.jsx";
import { useRead } from "../use.js";

/** The screen that shows what such a plan does. */
const SCREENS = { update: "update", approve: "review", resolve: "conflicts" };

export function Asked() {
  const asked = useRead("asked");
  const [row, setRow] = useState(/** @type {any} */ (null));
  const [now, set] = useState(/** @type {any} */ ({ busy: false, code: null, error: null }));
  const rows = asked.data?.asked ?? [];
  if (!rows.length) return null;
  const close = () => (setRow(null), set({ busy: false, code: null, error: null }));
  const show = async () => {
    set({ busy: true, code: null, error: null });
    try {
      const { data } = await write("code", { fields: { asked: row.id } });
      set({ busy: false, code: data, error: null });
      announce("The code is here.");
    } catch (error) {
      set({ busy: false, code: null, error });
    }
  };
  return (
    <Card title="Asked for in a chat" id="asked">
      <ul className="d-files">
        {rows.map((one) => (
          <li key={one.id} className="d-row d-wrap">
            <span className="d-grow d-break">
              <Go to={{ profile: one.profile, screen: SCREENS[one.verb] }}>{words(one)}</Go> <span className="d-dim">by {one.by}, plan <Code>{one.id}</Code></span>
            </span>
            <Button onClick={() => setRow(one)} label={`Show code… for ${words(one)}`}>Show code…</Button>
          </li>
        ))}
      </ul>
      <Ask
        open={Boolean(row)}
        title={now.code ? "Type this in the chat" : row ? `Let ${row.by} do this?` : ""}
        yes={now.code ? "" : "Show code"}
        busy={now.busy}
        onYes={show}
        onNo={close}
      >
        {now.code ? (
          <p><Code>{`/dist ${words(now.code.asked, false)} ${now.code.code}`}</Code> is good once, for ten minutes, and for exactly this plan.</p>
        ) : row ? (
          <p>With the code, {row.by} can {words(row)} from a chat, once. Look at what it does first.</p>
        ) : null}
        {now.error ? <ErrorBox error={now.error} /> : null}
      </Ask>
    </Card>
  );
}

/** What was asked for, as it is typed. @param {any} asked @param {boolean} [named] */
const words = (asked, named = true) => [asked.verb, named ? asked.profile : "", ...asked.words].filter(Boolean).join(" ");
