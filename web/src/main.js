// Where the page begins when it stands alone.
import { App } from "./app.jsx";
import { h, render } from "./host.js";

render(h(App, null), document.getElementById("app"));
