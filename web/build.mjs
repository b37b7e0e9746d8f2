// Builds the page into the package: `node build.mjs [FOLDER]`, FOLDER being hermes_dist/page by default. The same
// sources and the same lockfile give the same bytes; .ci/run compares them with those that are committed.
import { build } from "esbuild";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const page = resolve(process.argv[2] || `${here}/../hermes_dist/page`);
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
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

await build({ ...common, entryPoints: { app: "src/main.js", editor: "src/editor.js" }, outdir: `${page}/static`, format: "esm" });
await build({ ...common, entryPoints: { app: "src/page.css" }, outdir: `${page}/static` });
await build({ ...common, entryPoints: { index: "src/dashboard.js" }, outdir: `${page}/dashboard/dist`, format: "iife", plugins: [inside] });
await build({ ...common, entryPoints: { style: "src/dashboard.css" }, outdir: `${page}/dashboard/dist` });
mkdirSync(`${page}/static`, { recursive: true });
for (const name of ["index.html", "icon.svg"]) cpSync(`${here}/${name}`, `${page}/static/${name}`);
