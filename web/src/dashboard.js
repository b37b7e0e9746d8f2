// Where the page begins as a tab of the agent's dashboard.
import { App } from "./app.jsx";
import { h, React } from "./host.dashboard.js";

/** What fails in here stays in here: an error that nobody catches takes the whole dashboard with it. */
class Tab extends React.Component {
  /** @param {any} props */
  constructor(props) {
    super(props);
    this.state = { error: null };
  }

  /** @param {any} error */
  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    const { error } = this.state;
    if (!error) return h(App);
    return h(
      "div",
      { className: "hd hd-inside", role: "alert" },
      h("p", null, `This tab failed: ${error.message}.`),
      h("button", { className: "d-button", onClick: () => this.setState({ error: null }) }, "Show it again"),
    );
  }
}

/** @type {any} */ (window).__HERMES_PLUGINS__.register("hermes-dist-packages", Tab);
