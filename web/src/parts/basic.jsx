// Small pieces that every screen uses.
import { h, useEffect, useRef, useState } from "../host.js";
import { go, here, link } from "../route.js";

const PATHS = {
  machine: "M3 4h18v6H3zM3 14h18v6H3zM7 7h.01M7 17h.01",
  profile: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6 8-6s8 2 8 6",
  update: "M12 4v12m0 0 5-5m-5 5-5-5M4 20h16",
  conflicts: "M6 3v6a4 4 0 0 0 4 4h4a4 4 0 0 1 4 4v4M18 3v6a4 4 0 0 1-4 4M6 21v-4",
  review: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM9 12l2 2 4-4",
  find: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
  gateways: "M12 20v-8m0 0a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7 15a7 7 0 0 1 0-10m10 0a7 7 0 0 1 0 10",
  publish: "M12 16V4m0 0 5 5m-5-5L7 9M4 20h16",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.5 1.5M17.500 17.500 19 19M5 19l1.500-1.500M17.500 6.500 19 5",
  moon: "M20 14.500A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500z",
  auto: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  help: "M9 9a3 3 0 1 1 4 2.800c-.7.3-1 .8-1 1.700M12 17h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  check: "M4 12l5 5L20 6",
  cross: "M6 6l12 12M18 6L6 18",
  right: "M9 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  warn: "M12 3l10 18H2zM12 10v5M12 18h.01",
  box: "M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9",
};

/** @param {{name: keyof typeof PATHS}} props */
export function Icon({ name }) {
  return (
    <svg className="d-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/**
 * @param {{children?: any, onClick?: (event: any) => void, kind?: "plain"|"main"|"danger"|"quiet", busy?: boolean,
 *   disabled?: boolean, label?: string, type?: "button"|"submit", pressed?: boolean, id?: string, title?: string}} props
 */
export function Button({ children, onClick, kind = "plain", busy = false, disabled = false, label, type = "button", pressed, id, title }) {
  return (
    <button
      id={id}
      type={type}
      title={title}
      className={`d-button d-${kind}`}
      onClick={busy || disabled ? undefined : onClick}
      aria-disabled={busy || disabled ? true : undefined}
      aria-busy={busy ? true : undefined}
      aria-label={label}
      aria-pressed={pressed}
    >
      {busy ? <span className="d-spin" aria-hidden="true" /> : null}
      {children}
    </button>
  );
}

/** A link inside the page; the browser's own ways of opening it stay. @param {any} props */
export function Go({ to, children, className = "", current, label, title, onKeyDown, tabIndex, innerRef, replace = false }) {
  const click = (/** @type {MouseEvent} */ event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to, replace);
  };
  return (
    <a className={className} href={link(to)} onClick={click} aria-current={current} aria-label={label} title={title} onKeyDown={onKeyDown} tabIndex={tabIndex} ref={innerRef}>
      {children}
    </a>
  );
}

/** @param {{tone?: string, children?: any, title?: string}} props */
export function Badge({ tone = "plain", children, title }) {
  return <span className={`d-badge d-tone-${tone}`} title={title}>{children}</span>;
}

/** @param {{title?: any, children?: any, side?: any, id?: string, level?: 2|3, className?: string}} props */
export function Card({ title, children, side, id, level = 2, className = "" }) {
  const Title = /** @type {any} */ (`h${level}`);
  return (
    <section className={`d-card ${className}`} id={id}>
      {title ? (
        <header className="d-card-head">
          <Title className="d-card-title">{title}</Title>
          {side ? <div className="d-row d-end">{side}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  );
}

/** What, where, and what next. @param {{error: any, onAgain?: () => void, again?: string}} props */
export function ErrorBox({ error, onAgain, again = "Try again" }) {
  if (!error) return null;
  return (
    <div className="d-error" role="group" aria-label="Error">
      <Icon name="warn" />
      <div className="d-grow">
        <p className="d-strong">{upper(error.message)}</p>
        {error.where ? <p className="d-mono d-dim d-break">{error.where}</p> : null}
        {error.hint ? <p className="d-break">{upper(error.hint)}</p> : null}
      </div>
      {error.renamed ? <Go className="d-button d-main" to={{ ...here(), profile: error.renamed }}>Go to {error.renamed}</Go> : null}
      {onAgain && !error.renamed ? <Button onClick={onAgain}>{again}</Button> : null}
    </div>
  );
}

/** Room for what is not there yet, so that nothing jumps when it comes. @param {{rows?: number, label?: string}} props */
export function Waiting({ rows = 3, label = "Loading" }) {
  return (
    <div className="d-waiting" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, n) => <span key={n} className="d-bar" />)}
    </div>
  );
}

/** @param {{title: string, children?: any, icon?: any}} props */
export function Empty({ title, children, icon = "check" }) {
  return (
    <div className="d-empty">
      <Icon name={icon} />
      <p className="d-strong">{title}</p>
      {children ? <div className="d-dim">{children}</div> : null}
    </div>
  );
}

/** @type {any} Names that React and Preact spell alike, and their types do not. */
const PLAIN = { autoComplete: "off", spellCheck: false };

/** @param {any} props */
export function Field({ label, value, onValue, hint, type = "text", placeholder, list, id, width, step, mono = false, required = false }) {
  const name = id || `f-${label.replace(/\W+/g, "-").toLowerCase()}`;
  const change = (/** @type {any} */ event) => onValue(event.target.value);
  return (
    <label className={`d-field ${width ? `d-w-${width}` : ""}`} htmlFor={name}>
      <span className="d-label">{label}</span>
      <input id={name} className={mono ? "d-mono" : ""} type={type} value={value} placeholder={placeholder} list={list} step={step} required={required} {...PLAIN} onInput={change} onChange={change} />
      {hint ? <span className="d-hint">{hint}</span> : null}
    </label>
  );
}

/** @param {any} props */
export function Choice({ label, value, options, onValue, id }) {
  const name = id || `f-${label.replace(/\W+/g, "-").toLowerCase()}`;
  return (
    <label className="d-field" htmlFor={name}>
      <span className="d-label">{label}</span>
      <select id={name} value={value} onChange={(/** @type {any} */ event) => onValue(event.target.value)}>
        {options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}
      </select>
    </label>
  );
}

/** Asks first; the words say what will happen. Without `yes`, it only says something. @param {any} props */
export function Ask({ open, title, children, yes = "", danger = false, busy = false, onYes, onNo }) {
  const ref = useRef(/** @type {any} */ (null));
  const head = useRef(/** @type {any} */ (null));
  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    if (open && !dialog.open) {
      dialog.showModal();
      // The browser would choose the first button, which is at the end of a long text.
      head.current?.focus();
    }
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={ref} className="d-dialog" aria-label={title} onCancel={(/** @type {Event} */ event) => { event.preventDefault(); onNo(); }}>
      {open ? (
        <div className="d-stack">
          <h2 ref={head} tabIndex={-1} className="d-card-title d-dialog-title">{title}</h2>
          <div className="d-stack">{children}</div>
          <div className="d-row d-end">
            <Button onClick={onNo}>{yes ? "Cancel" : "Close"}</Button>
            {yes ? <Button kind={danger ? "danger" : "main"} busy={busy} disabled={!onYes} onClick={onYes}>{yes}</Button> : null}
          </div>
        </div>
      ) : null}
    </dialog>
  );
}

/** A part that opens; its content is made when it is open. @param {any} props */
export function Fold({ title, children, open: first = false, side }) {
  const [open, set] = useState(first);
  return (
    <div className="d-fold">
      <div className="d-row">
        <button type="button" className="d-fold-head" aria-expanded={open} onClick={() => set(!open)}>
          <span className={`d-turn ${open ? "d-open" : ""}`}><Icon name="right" /></span>
          <span className="d-grow d-break">{title}</span>
        </button>
        {side}
      </div>
      {open ? <div className="d-fold-body">{children}</div> : null}
    </div>
  );
}

/** @param {{children?: any}} props */
export const Code = ({ children }) => <code className="d-mono d-break">{children}</code>;

/** A command for a terminal: one press selects it whole, and the button copies it. @param {{text: string}} props */
export function Command({ text }) {
  const [copied, setCopied] = useState(false);
  // Where the page is not served to this machine alone, the browser gives it no clipboard.
  const clipboard = navigator.clipboard;
  const copy = () => clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false));
  return (
    <span className="d-command">
      <code className="d-mono d-break d-picked">{text}</code>
      {clipboard ? <Button kind="quiet" label={`${copied ? "Copied" : "Copy"}: ${text}`} onClick={copy}>{copied ? "Copied" : "Copy"}</Button> : null}
    </span>
  );
}

/** @param {string} text */
export const upper = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

/** @param {number} count @param {string} one @param {string} [many] */
export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** @param {number} bytes */
export const sized = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`);
