// Builds the page into hermes_dist/page/static, and the tab of the dashboard into plugins/dashboard/dashboard/dist:
// `node build.mjs [ROOT]`. The same sources and the same lockfile give the same bytes; .ci/run compares them with those
// that are committed.
import { build } from "esbuild";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(process.argv[2] || `${here}/..`);
const page = `${root}/hermes_dist/page/static`;
const tab = `${root}/plugins/dashboard/dashboard/dist`;
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "ascii", // invisible characters stay visible in the built files
  target: "es2022",
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  legalComments: "none",
  logLevel: "warning",
};

/** In the dashboard, the host is the dashboard's React. */
const inside = {
  name: "inside",
  setup(on) {
    on.onResolve({ filter: /\/host\.js$/ }, () => ({ path: `${here}/src/host.dashboard.js` }));
  },
};

await build({ ...common, entryPoints: { app: "src/main.js", editor: "src/editor.js" }, outdir: page, format: "esm" });
await build({ ...common, entryPoints: { app: "src/page.css" }, outdir: page });
await build({ ...common, entryPoints: { index: "src/dashboard.js" }, outdir: tab, format: "iife", plugins: [inside] });
await build({ ...common, entryPoints: { style: "src/dashboard.css" }, outdir: tab });
mkdirSync(page, { recursive: true });
for (const name of ["index.html", "icon.svg"]) cpSync(`${here}/${name}`, `${page}/${name}`);
