// How the panes of a conflict look. They live in a shadow root: their styles need no inline style sheet, which the
// page's policy forbids.
import { EditorView } from "@codemirror/view";

/** Inside of each editor. */
export const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--card)", fontSize: "13px", height: "auto !important" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--text)", padding: "6px 0" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", height: "auto !important", overflowY: "visible !important" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--dim)", border: "0" },
});

/** Around them. */
export const SHEET = `
  .group { border: 1px solid var(--line-strong); border-radius: 8px; overflow-x: hidden; overflow-y: auto; }
  .row { display: flex; align-items: stretch; }
  .group + .group { margin-top: 10px; }
  .pane { flex: 1 1 0; min-width: 0; display: flex; flex-direction: column; }
  .pane + .pane { border-left: 1px solid var(--line-strong); }
  .pane > .cm-editor { flex: 1 0 auto; }
  .head { position: sticky; top: 0; z-index: 300; padding: 4px 12px; font: 600 13px system-ui, sans-serif; color: var(--dim);
    background: var(--raised); border-bottom: 1px solid var(--line); }
  .of-result > .head { color: var(--text); }
  .wide .group { max-height: min(70vh, 860px); }
  .middle .group { max-height: min(40vh, 460px); }
  .narrow .group { max-height: min(34vh, 320px); }
  .narrow .group.with-result { max-height: min(44vh, 420px); }
  .bar { display: flex; align-items: center; gap: 8px; height: 30px; box-sizing: border-box; padding: 2px 8px; overflow: hidden;
    font: 12.5px system-ui, sans-serif; white-space: nowrap; color: var(--dim); background: var(--raised);
    border-block: 1px solid var(--line); cursor: default; }
  .bar.now { border-color: var(--accent); box-shadow: inset 3px 0 var(--accent); color: var(--text); }
  .bar span { overflow: hidden; text-overflow: ellipsis; }
  .bar button { flex: none; font: 600 12.5px system-ui, sans-serif; height: 24px; padding: 0 10px; cursor: pointer; color: var(--accent);
    background: var(--card); border: 1px solid var(--accent); border-radius: 6px; }
  .bar button[aria-pressed="true"] { color: var(--text); border-color: var(--line-strong); background: none; }
  .bar button[aria-pressed="true"]::before { content: "✓ " / ""; }
  .bar button:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
  .fold { display: block; height: 28px; line-height: 28px; box-sizing: border-box; padding: 0 14px; overflow: hidden; white-space: nowrap;
    font-family: system-ui, sans-serif; color: var(--dim); background: var(--raised); cursor: pointer; }
  .line.is-ours { background: var(--accent-soft); } .line.is-theirs { background: var(--warn-soft); }
  .line.is-both { background: linear-gradient(90deg, var(--accent-soft), var(--warn-soft)); }
  .line.is-base { background: var(--raised); } .line.is-edited { background: var(--good-soft); }
  .line.now { box-shadow: inset 3px 0 var(--accent); }
  .part { border-bottom: 2px solid currentcolor; }
`;
