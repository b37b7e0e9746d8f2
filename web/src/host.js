// Where the page runs: here alone, on Preact. `host.dashboard.js` says the same of the agent's dashboard; the build
// chooses. Both give React's names, and components use nothing else.
import { h as make } from "preact";
import { showing } from "./plain.js";

export { Fragment, render } from "preact";
export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback } from "preact/hooks";

export const h = showing(make);

/** Whether the page stands alone: it then has a head of its own, with a switcher and a theme. */
export const alone = true;

/** Where the API answers. */
export const base = "/api/v1/";

/** How a request is sent that changes nothing. */
export const reads = /** @type {"GET" | "POST"} */ ("GET");

/** What to do where nobody answers: a program that is started again is at another address. */
export const ended = "it ends after half an hour without use; copy what you did not save, start it again, and go on at the address that it opens: hermes-dist ui";

/** @param {string} path @param {RequestInit} init */
export const request = (path, init) => fetch(path, { credentials: "same-origin", ...init });

/** Where files beside this one lie, such as the editor. */
export const beside = (/** @type {string} */ name) => new URL(name, import.meta.url).href;
