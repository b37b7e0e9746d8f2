// The frame: where one is, which profile is written to, and the screens.
import { alone, h, useEffect, useMemo, useRef, useState } from "./host.js";
import { Ask, Badge, Button, Go, Icon } from "./parts/basic.jsx";
import { Live } from "./parts/live.jsx";
import { Last } from "./parts/last.jsx";
import { plain } from "./plain.js";
import { go, usePlace } from "./route.js";
import { Conflicts } from "./screens/conflicts.jsx";
import { Find } from "./screens/find.jsx";
import { Gateways } from "./screens/gateways.jsx";
import { Machine } from "./screens/machine.jsx";
import { Profile } from "./screens/profile.jsx";
import { Publish } from "./screens/publish.jsx";
import { Review } from "./screens/review.jsx";
import { Update } from "./screens/update.jsx";
import { useRead } from "./use.js";

/** @typedef {{title: string, icon: any, one: boolean, view: any, key: string}} Screen */
/** @type {Record<string, Screen>} */
const SCREENS = {
  machine: { title: "Machine", icon: "machine", one: false, view: Machine, key: "m" },
  profile: { title: "Profile", icon: "profile", one: true, view: Profile, key: "p" },
  update: { title: "Update", icon: "update", one: true, view: Update, key: "u" },
  conflicts: { title: "Conflicts", icon: "conflicts", one: true, view: Conflicts, key: "c" },
  review: { title: "Review", icon: "review", one: true, view: Review, key: "r" },
  find: { title: "Find", icon: "find", one: false, view: Find, key: "f" },
  gateways: { title: "Gateways and routes", icon: "gateways", one: false, view: Gateways, key: "g" },
  publish: { title: "Publish", icon: "publish", one: true, view: Publish, key: "b" },
};
const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };

/** The dashboard has a main part of its own, and a page has one. */
const Main = alone ? "main" : "section";

export function App() {
  const place = usePlace();
  const list = useRead("list");
  const rows = list.data?.profiles || [];
  const active = rows.find((row) => row.active)?.name || "";
  const name = SCREENS[place.screen] ? place.screen : place.profile ? "profile" : "machine";
  const screen = SCREENS[name];
  const profile = place.profile || (screen.one ? active : "");
  const row = rows.find((one) => one.name === profile);
  const [help, setHelp] = useState(false);
  const [theme, setTheme] = useTheme();
  const title = useRef(/** @type {any} */ (null));
  const first = useRef(true);

  // The URL always names the profile that is written to: a profile that became active meanwhile is not it.
  useEffect(() => {
    if (screen.one && !place.profile && active) go({ ...place, screen: name, profile: active }, true);
  }, [screen.one, place.profile, active]);
  // A profile that the list does not know may be newer than the list.
  const unknown = Boolean(list.data && profile && !row);
  useEffect(() => {
    if (unknown) list.reload();
  }, [unknown, profile]);
  useEffect(() => {
    document.title = plain(`${screen.title}${profile && screen.one ? ` · ${profile}` : ""} · hermes-dist`);
    // A new screen is read from its heading on, as a new page would be.
    if (first.current) first.current = false;
    else title.current?.focus({ preventScroll: true });
  }, [name, profile]);
  useEffect(() => {
    // Newer browsers return a promise, and React takes what an effect returns for its end.
    document.querySelector(".d-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [name]);
  useKeys({ place: { profile }, openHelp: () => setHelp(true), closed: !help });

  const View = screen.view;
  return (
    <div className={`hd ${alone ? "hd-alone" : "hd-inside"}`} data-theme={theme}>
      <a className="d-skip" href="#d-main" onClick={(/** @type {Event} */ event) => { event.preventDefault(); document.getElementById("d-main")?.focus(); }}>Skip to the content</a>
      <header className="d-top">
        {alone ? <Go to={{}} className="d-brand" label="hermes-dist: the machine"><span className="d-mark" aria-hidden="true" />hermes-dist</Go> : null}
        {alone ? <Switcher rows={rows} profile={profile} screen={name} /> : null}
        <span className="d-grow" />
        {alone ? (
          <span className="d-theme">
            <select aria-label="Theme" value={theme} onChange={(/** @type {any} */ event) => setTheme(event.target.value)}>
              {Object.entries(THEMES).map(([key, words]) => <option key={key} value={key}>{words}</option>)}
            </select>
          </span>
        ) : null}
        <Button kind="quiet" label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick={() => setHelp(true)}><Icon name="help" /></Button>
      </header>
      <nav className="d-nav" aria-label="Screens">
        <ul>
          {Object.entries(SCREENS).map(([key, one]) => (
            <li key={key}>
              <Go to={{ profile, screen: key }} current={key === name ? "page" : undefined}>
                <Icon name={one.icon} />
                <span>{one.title}</span>
                <Count screen={key} row={row} />
              </Go>
            </li>
          ))}
        </ul>
      </nav>
      <Main className="d-page" id="d-main" tabIndex={-1}>
        {screen.one ? <Banner profile={profile} row={row} loaded={Boolean(list.data) && !list.loading} /> : null}
        <h1 ref={title} tabIndex={-1} className="d-title">{screen.title}{screen.one && profile ? <span className="d-dim"> · {profile}</span> : null}</h1>
        <Last at={`${name} ${profile} ${place.item}`} />
        {screen.one && !profile ? null : <View key={`${name} ${screen.one ? profile : ""}`} profile={profile} item={place.item} list={list} row={row} />}
      </Main>
      <Help open={help} onClose={() => setHelp(false)} />
      <Live />
    </div>
  );
}

function Count({ screen, row }) {
  const count = { conflicts: row?.conflicts, review: row?.parked }[screen];
  if (!count) return null;
  return <span className={`d-count d-count-${screen}`} aria-label={`${count} open`}>{count}</span>;
}

/** Which profile is written to, always in sight. */
function Banner({ profile, row, loaded }) {
  if (loaded && profile && !row) {
    return (
      <p className="d-banner d-banner-gone" role="alert">
        <Icon name="warn" /><span className="d-grow d-break">There is no profile <strong>{profile}</strong>: it may have been renamed or deleted.</span>
        <Go className="d-button" to={{ screen: "machine" }}>All profiles</Go>
      </p>
    );
  }
  return (
    <p className="d-banner">
      <span className="d-dot" aria-hidden="true" />
      <span className="d-break">Changes go to <strong>{profile || "…"}</strong></span>
      <span className="d-mono d-dim d-cut d-grow">{row?.path}</span>
      {row?.package ? <Badge>{row.package}</Badge> : null}
    </p>
  );
}

/** Chooses a profile; the URL keeps it. */
function Switcher({ rows, profile, screen }) {
  const known = useMemo(() => new Set(rows.map((row) => row.name)), [rows]);
  const choose = (/** @type {any} */ event) => {
    const chosen = event.target.value;
    go({ profile: chosen, screen: SCREENS[screen].one || !chosen ? (chosen ? screen : "machine") : "profile" });
  };
  return (
    <span className="d-switch">
      <select aria-label="Profile" id="d-switch" value={known.has(profile) ? profile : ""} onChange={choose}>
        <option value="">All profiles</option>
        {rows.map((row) => (
          <option key={row.name} value={row.name}>{row.name}</option>
        ))}
      </select>
    </span>
  );
}

/** @returns {[string, (theme: string) => void]} */
function useTheme() {
  const [theme, set] = useState(stored());
  const choose = (/** @type {string} */ next) => {
    set(next);
    try {
      localStorage.setItem("hermes-dist-theme", next);
    } catch {
      // A browser that keeps nothing shows the chosen theme until it is closed.
    }
  };
  useEffect(() => {
    if (alone) document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, choose];
}

function stored() {
  try {
    const theme = alone ? localStorage.getItem("hermes-dist-theme") || "auto" : "auto";
    return THEMES[theme] ? theme : "auto";
  } catch {
    return "auto";
  }
}

/** One key leads to each screen, unless somebody is typing. */
function useKeys({ place, openHelp, closed }) {
  const now = useRef(/** @type {any} */ (null));
  now.current = { place, openHelp, closed };
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || typing(event)) return;
      if (!now.current.closed || document.querySelector("dialog[open]")) return;
      if (event.key === "?") {
        event.preventDefault();
        now.current.openHelp();
      }
      if (event.key === "/") {
        const box = document.querySelector(".hd input[type=search]");
        if (box) {
          event.preventDefault();
          /** @type {any} */ (box).focus();
        }
      }
      if (event.key === "s") document.getElementById("d-switch")?.focus();
      const found = Object.entries(SCREENS).find(([, one]) => one.key === event.key);
      if (found && alone) go({ ...now.current.place, screen: found[0] });
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** @param {KeyboardEvent} event */
function typing(event) {
  const at = /** @type {any} */ (event.composedPath()[0]);
  return at?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at?.tagName || "");
}

const KEYS = [
  ...Object.values(SCREENS).map((one) => [one.key, one.title]),
  ["s", "Choose a profile"],
  ["/", "Search or filter"],
  ["↑ ↓ Home End", "Move in a table; Enter opens"],
  ["Alt+↓ Alt+↑", "Next and previous difference in a text"],
  ["Alt+← Alt+→", "Take yours or theirs of this difference into the result"],
  ["?", "These shortcuts"],
  ["Esc", "Close a dialog"],
];

function Help({ open, onClose }) {
  return (
    <Ask open={open} title="Keyboard shortcuts" onNo={onClose}>
      <dl className="d-keys">
        {KEYS.filter(([key]) => alone || key.length > 1 || "/?".includes(key)).map(([key, words]) => <div key={key}><dt>{key.split(" ").map((one) => <kbd key={one}>{one}</kbd>)}</dt><dd>{words}</dd></div>)}
      </dl>
    </Ask>
  );
}
