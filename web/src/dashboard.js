// Where the page begins as a tab of the agent's dashboard.
import { App } from "./app.jsx";

/** @type {any} */ (window).__HERMES_PLUGINS__.register("hermes-dist-packages", App);
