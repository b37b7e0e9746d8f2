// Requests as hooks: what is shown, what is previewed, what is carried out.
import { onWritten, read, write, written } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./host.js";
import { announce } from "./parts/live.jsx";

/**
 * Read something and keep it fresh: it is read anew when something was written.
 * @param {string} name @param {string} [profile] @param {Record<string, any>} [fields] @param {{skip?: boolean, still?: boolean}} [how]
 *   `skip`: not yet; `still`: only when it is asked for anew, as something else says when.
 */
export function useRead(name, profile = "", fields = {}, { skip = false, still = false } = {}) {
  const key = JSON.stringify([name, profile, fields]);
  const [answer, set] = useState(/** @type {any} */ ({ key: "", loading: true }));
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => {
    // At once: until the new answer is here, nobody may take the old one for what is so now.
    set((old) => (old.key ? { ...old, loading: true } : old));
    setTurn((n) => n + 1);
  }, []);
  useEffect(() => {
    if (skip) return undefined;
    // An answer that comes late is dropped: it may be about the profile that was shown before.
    const gone = new AbortController();
    set((old) => (old.key === key ? { ...old, loading: true } : { key, loading: true }));
    read(name, profile, fields, gone.signal).then(
      (body) => gone.signal.aborted || set({ key, loading: false, data: body.data, state: body.state, body }),
      (error) => {
        if (gone.signal.aborted) return;
        announce(error.message, true);
        set((old) => (old.key === key ? { ...old, loading: false, error } : { key, loading: false, error }));
      },
    );
    return () => gone.abort();
  }, [key, turn, skip]);
  useEffect(() => (still ? undefined : onWritten(reload)), [reload, still]);
  useEffect(() => (still ? undefined : onReturn(reload)), [reload, still]);
  const now = answer.key === key ? answer : { loading: !skip };
  // What was shown stays when it can't be read anew, unless it is gone or nobody may see it any more.
  const fatal = now.error && (!now.data || [401, 403, 404].includes(now.error.status)) ? now.error : null;
  return { data: now.data, state: now.state ?? "", error: now.error, fatal, loading: now.loading, body: now.body, reload };
}

/** Read anew when somebody comes back to the page: another tab or a command may have changed things. */
function onReturn(/** @type {() => void} */ reload) {
  let last = Date.now();
  const seen = () => {
    if (document.visibilityState !== "visible" || Date.now() - last < 3000) return;
    last = Date.now();
    reload();
  };
  document.addEventListener("visibilitychange", seen);
  addEventListener("focus", seen);
  return () => {
    document.removeEventListener("visibilitychange", seen);
    removeEventListener("focus", seen);
  };
}

/**
 * A change that is previewed, agreed to, and carried out.
 *
 * `phase`: idle → looking → preview → working → done; or stale (what was shown is no longer so), or failed.
 * @param {string} name @param {string} profile
 * @param {(body: any) => void} [leads] Hears of what was done before everything is read anew, as when the profile is gone from where it was.
 */
export function useChange(name, profile, leads) {
  const [now, set] = useState(/** @type {any} */ ({ phase: "idle", lines: [] }));
  const fields = useRef(/** @type {Record<string, any>} */ ({}));
  const shown = useRef("");
  const alive = useRef(true);
  const lead = useRef(leads);
  lead.current = leads;
  // Of two clicks that come at once, the second would be refused as too late, and hide what the first one did.
  const busy = useRef(false);
  useEffect(() => () => void (alive.current = false), []);
  const put = (/** @type {any} */ next) => alive.current && set(next);

  const failed = (/** @type {any} */ error) => {
    announce(error.message, true);
    if (error.stale || error.status === 404) written(profile);
    put((/** @type {any} */ old) => ({ ...old, phase: error.stale ? "stale" : "failed", error }));
  };
  const look = useCallback(async (/** @type {Record<string, any>} */ given, /** @type {string} */ state) => {
    fields.current = given;
    shown.current = state;
    put({ phase: "looking", lines: [] });
    try {
      const body = await write(name, { profile, state, fields: { ...given, dry_run: true } }, (step) =>
        put((/** @type {any} */ old) => ({ ...old, percent: step.percent, lines: [...old.lines, step.line].slice(-200) })),
      );
      put({ phase: "preview", body, lines: [] });
      announce("The preview is here.");
    } catch (error) {
      failed(error);
    }
  }, [name, profile]);
  const go = useCallback(async (/** @type {any} */ body) => {
    if (busy.current) return null;
    busy.current = true;
    put({ phase: "working", body, lines: [] });
    announce("Working…");
    try {
      const done = await write(name, { profile, state: body.state || shown.current, plan: body.plan, fields: fields.current }, (step) => {
        if (step.line) announce(step.line);
        put((/** @type {any} */ old) => ({ ...old, percent: step.percent, lines: [...old.lines, step.line].slice(-200) }));
      }, (done) => lead.current?.(done));
      put({ phase: "done", body: done, lines: [] });
      announce("Done.");
      return done;
    } catch (error) {
      failed(error);
      return null;
    } finally {
      busy.current = false;
    }
  }, [name, profile]);
  const reset = useCallback(() => put({ phase: "idle", lines: [] }), []);
  // The error tells the state that is so now, and the preview of now where it made one.
  const again = () => {
    if (now.error?.preview) put({ phase: "preview", body: now.error.preview, lines: [] });
    else look(fields.current, now.error?.state || shown.current);
  };
  return { ...now, look, go: () => go(now.body), again, reset, fields: fields.current };
}

/**
 * A small change without a preview, such as hold.
 * @param {string} profile
 */
export function useAct(profile) {
  const [now, set] = useState(/** @type {any} */ ({ busy: "", error: null }));
  const act = useCallback(async (/** @type {string} */ name, /** @type {string} */ state, /** @type {any} */ fields = {}, /** @type {string} */ said = "Done.", /** @type {string} */ mark = name) => {
    set({ busy: mark, error: null });
    try {
      const body = await write(name, { profile, state, fields });
      set({ busy: "", error: null });
      announce(said);
      return body;
    } catch (error) {
      announce(error.message, true);
      if (error.stale || error.status === 404) written(profile);
      set({ busy: "", error });
      return null;
    }
  }, [profile]);
  const clear = useCallback(() => set({ busy: "", error: null }), []);
  return { ...now, act, clear };
}

/**
 * What was known last: it stays while a new answer is on its way, or after an error.
 * @template T @param {T | undefined} now @param {T} first what counts until something is known
 */
export function useLast(now, first) {
  const last = useRef(/** @type {T | undefined} */ (undefined));
  if (now !== undefined) last.current = now;
  return last.current ?? first;
}

/**
 * Keep the focus near where it was: where a step replaces what had it, the place of both gets it.
 * @param {string} step What is shown; another one may take away what was pressed.
 * @returns {{current: any}} For the element that stays; it needs a `tabIndex`.
 */
export function useKeptFocus(step) {
  const place = useRef(/** @type {any} */ (null));
  const was = focused();
  useEffect(() => {
    const now = focused();
    if (was && (!now || now.closest("[hidden]"))) place.current?.focus();
  }, [step]);
  return place;
}

/** What has the focus, through the roots of shadows; null if nothing has. */
function focused() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at === document.body ? null : at;
}
