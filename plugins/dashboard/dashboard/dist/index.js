(function () {
  "use strict";
  const sdk = window.__HERMES_PLUGIN_SDK__;
  const h = sdk.React.createElement;
  const { useState, useEffect } = sdk.hooks;
  const ASK = { method: "POST", headers: { "Content-Type": "application/json" } };
  function Packages() {
    const [found, set] = useState(null);
    useEffect(() => {
      sdk
        .fetchJSON("/api/plugins/hermes-dist-packages/list", { ...ASK, body: JSON.stringify({ fields: {} }) })
        .then((reply) => set(reply.data.profiles))
        .catch((error) => set(String(error)));
    }, []);
    const rows = Array.isArray(found) ? found.map((row) => h("li", { key: row.name }, row.name)) : null;
    return h("div", { className: "hermes-dist-packages" }, rows ? h("ul", null, rows) : String(found || "…"));
  }
  window.__HERMES_PLUGINS__.register("hermes-dist-packages", Packages);
})();
