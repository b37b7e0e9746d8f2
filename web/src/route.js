// Where one is, as the URL says it: ?profile=coder&screen=update. Back, forward and a copied link lead there again.
import { alone, useEffect, useState } from "./host.js";

/** @typedef {{profile: string, screen: string, item: string}} Place */

/** @returns {Place} */
export function here() {
  const query = new URLSearchParams(location.search);
  return { profile: query.get("profile") || "", screen: query.get("screen") || "", item: query.get("item") || "" };
}

/** @param {Partial<Place>} place */
export function link(place) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(place)) if (value) query.set(key, value);
  const words = query.toString();
  return `${location.pathname}${words ? `?${words}` : ""}`;
}

/** @type {Set<() => void>} */
const watching = new Set();
const heard = () => watching.forEach((one) => one());

/** @param {Partial<Place>} place @param {boolean} [replace] */
export function go(place, replace = false) {
  const to = link(place);
  if (to !== location.pathname + location.search) {
    history[replace ? "replaceState" : "pushState"](history.state, "", to);
  }
  heard();
}

/** @returns {Place} */
export function usePlace() {
  const [place, set] = useState(here());
  useEffect(() => {
    const look = () => set((old) => (JSON.stringify(old) === JSON.stringify(here()) ? old : here()));
    watching.add(look);
    addEventListener("popstate", look);
    // The dashboard's own switcher changes the URL without an event.
    const timer = alone ? 0 : setInterval(look, 250);
    return () => {
      watching.delete(look);
      removeEventListener("popstate", look);
      clearInterval(timer);
    };
  }, []);
  return place;
}
