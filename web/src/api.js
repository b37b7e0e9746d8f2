// The only file that speaks to the API. A reading request gives data and the state that it shows; a writing one names the
// state that was shown and the plan that was agreed to, so that nothing is written that nobody saw.
import { base, ended, reads, request } from "./host.js";

/** Why a request failed: what, where, what next, and with 409 what changed. */
export class Problem extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    const said = body?.error?.error ?? body?.error ?? {};
    // The dashboard's own refusals have another form than ours.
    const other = typeof body?.detail === "string" ? body.detail : "";
    super(said.message || other || `the answer can't be read (${status})`);
    this.status = status;
    this.where = said.where || "";
    this.hint = said.hint || "";
    this.state = body?.state ?? "";
    /** @type {any[]} Rows of the history since the state that was shown. */
    this.changed = Array.isArray(body?.changed) ? body.changed : [];
    /** What would be done now, where another plan was agreed to. */
    this.preview = body?.changed?.schema ? { data: body.changed, plan: body.plan, state: body.state, profile: body.profile } : null;
    /** How the profile is named now. */
    this.renamed = body?.renamed ?? "";
  }

  /** Whether what was shown is no longer so. */
  get stale() {
    return this.status === 409;
  }
}

const lost = () =>
  new Problem(0, {
    error: {
      message: "the program behind this page does not answer",
      hint: ended,
    },
  });

/**
 * Ask for something that changes nothing.
 * @param {string} name @param {string} [profile] @param {Record<string, any>} [fields] @param {AbortSignal} [signal]
 */
export async function read(name, profile = "", fields = {}, signal) {
  // With the state that was shown, a profile that was renamed since is found.
  const state = STATES.get(profile) || "";
  const body = await asked(name, profile, state, fields, signal);
  if (profile && body.state) STATES.set(profile, body.state);
  return body;
}

/** @type {Map<string, string>} */
const STATES = new Map();

/** @param {string} name @param {string} profile @param {string} state @param {Record<string, any>} fields @param {AbortSignal} [signal] */
async function asked(name, profile, state, fields, signal) {
  if (reads === "POST") {
    const said = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value != null));
    return answered(await sent(base + name, { ...posted({ profile, state, fields: said }), signal }));
  }
  const query = new URLSearchParams();
  if (profile) query.set("profile", profile);
  if (profile && state) query.set("state", state);
  for (const [key, value] of Object.entries(fields)) {
    for (const one of [value].flat()) if (one !== "" && one != null) query.append(key, String(one));
  }
  const words = query.toString();
  return answered(await sent(`${base}${name}${words ? `?${words}` : ""}`, { signal }));
}

/**
 * Ask for a change, or for its preview (`fields.dry_run`).
 * @param {string} name
 * @param {{profile?: string, state?: string, plan?: string, fields?: Record<string, any>}} ask
 * @param {(step: {line: string, percent?: number}) => void} [progress]
 * @param {(body: any) => void} [leads] Hears of the change before everything is read anew: it may lead to where the profile is now.
 */
export async function write(name, { profile = "", state: shown = "", plan = "", fields = {} }, progress, leads) {
  const state = moved(profile, shown);
  const response = await sent(base + name, posted({ profile, state, plan, fields }, progress ? "text/event-stream" : undefined));
  const streamed = (response.headers.get("Content-Type") || "").startsWith("text/event-stream");
  const body = streamed ? await followed(response, progress) : await answered(response);
  if (!fields.dry_run) {
    if (state && body.state && body.state !== state) MOVES.set(`${profile} ${state}`, body.state);
    leads?.(body);
    written(profile);
  }
  return body;
}

/** @type {Map<string, string>} Where this page itself led a profile from a state, before that is read anew. */
const MOVES = new Map();

/** @param {string} profile @param {string} state All profiles without a package are in the same one. */
function moved(profile, state) {
  const seen = new Set();
  while (MOVES.has(`${profile} ${state}`) && !seen.has(state)) {
    seen.add(state);
    state = MOVES.get(`${profile} ${state}`);
  }
  return state;
}

/** @param {any} body @param {string} [accept] @returns {RequestInit} */
const posted = (body, accept = "application/json") => ({
  method: "POST",
  headers: { "Content-Type": "application/json", Accept: accept },
  body: JSON.stringify(body),
});

/** @param {string} path @param {RequestInit} init */
async function sent(path, init) {
  try {
    return await request(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw lost();
  }
}

/** @param {Response} response */
async function answered(response) {
  let body;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  if (!response.ok || body === null) throw new Problem(response.status, body);
  return body;
}

/**
 * Follow a stream of events to its reply.
 * @param {Response} response @param {((step: any) => void) | undefined} progress
 */
async function followed(response, progress) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch {
      throw lost();
    }
    if (piece.done) throw lost();
    rest += piece.value.replaceAll("\r", "");
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const [kind, data] = event(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (kind === "progress") progress?.(data);
      if (kind === "reply") {
        reader.cancel();
        if (data.status >= 400) throw new Problem(data.status, data.body);
        return data.body;
      }
    }
  }
}

/** @param {string} block @returns {[string, any]} */
function event(block) {
  let kind = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) kind = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trim());
  }
  return [kind, data.length ? JSON.parse(data.join("\n")) : null];
}

/** @type {Set<(profile: string) => void>} */
const listeners = new Set();

/** Call when something was written, whoever wrote it. @param {(profile: string) => void} heard */
export function onWritten(heard) {
  listeners.add(heard);
  return () => listeners.delete(heard);
}

/** @param {string} profile */
export function written(profile) {
  for (const heard of [...listeners]) heard(profile);
}
