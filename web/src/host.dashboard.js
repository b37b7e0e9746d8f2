// Where the page runs: as a tab of the agent's dashboard, on the React that the dashboard brings.
import { showing } from "./plain.js";

const sdk = /** @type {any} */ (window).__HERMES_PLUGIN_SDK__;
export const { React } = sdk;
const script = /** @type {any} */ (document.currentScript)?.src || location.href;

export const h = showing(React.createElement);
export const { Fragment, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback } = React;
export const render = null;
export const alone = false;
export const base = "/api/plugins/hermes-dist-packages/";
// All are POST there: in an address, the agent takes `?profile=` for itself.
export const reads = "POST";
export const ended = "the dashboard may have ended; copy what you did not save, start it again, then load this page anew: hermes dashboard";
/** @param {string} path @param {RequestInit} init */
export const request = (path, init) => sdk.authedFetch(path, init);
/** @param {string} name */
export const beside = (name) => new URL(name, script).href;
