// Two texts beside each other, of which the right one is the result: differences are taken over one by one, or typed.
// It lives in a shadow root: its styles need no inline style sheet, which the page's policy forbids.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { MergeView, getChunks, goToNextChunk, goToPreviousChunk, unifiedMergeView } from "@codemirror/merge";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { changes } from "./lines.js";

/** Below this width, in pixels, both texts are shown in one column. */
const LEAST = 640;

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--card)", fontSize: "13px" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--text)", padding: "6px 0" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--dim)", border: "0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft) !important" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--accent-soft)" },
  "&.cm-merge-b .cm-changedLine": { backgroundColor: "var(--warn-soft)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "none", borderBottom: "2px solid var(--accent)" },
  "&.cm-merge-b .cm-changedText": { background: "none", borderBottom: "2px solid var(--warn)" },
  ".cm-changedLineGutter": { background: "var(--accent)" },
  ".cm-collapsedLines": { color: "var(--dim)", background: "var(--raised)", padding: "3px 14px", fontFamily: "system-ui, sans-serif", "&:before": { content: '"⋯ "' }, "&:after": { content: '" ⋯"' } },
  ".cm-deletedChunk": { padding: "2px 6px", fontFamily: "var(--mono)" },
  ".cm-deletedChunk .cm-chunkButtons": { position: "static", display: "block", textAlign: "right" },
  ".cm-deletedChunk .cm-chunkButtons button": { border: "1px solid var(--accent)", color: "var(--accent)", background: "var(--card)", padding: "3px 14px", margin: "2px 4px" },
});

const SHEET = `
  .box { border: 1px solid var(--line-strong); border-radius: 8px; overflow: hidden; }
  .cm-mergeView { max-height: min(64vh, 720px); }
  .one .cm-editor { max-height: min(64vh, 720px); }
  .cm-mergeViewEditors { align-items: stretch; }
  .cm-merge-revert { width: 40px; flex: none; background: var(--raised); border-inline: 1px solid var(--line); position: relative; }
  button { font: 600 13px system-ui, sans-serif; cursor: pointer; color: var(--accent); background: var(--card);
    border: 1px solid var(--accent); border-radius: 6px; }
  button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .cm-merge-revert button { position: absolute; left: 4px; width: 32px; height: 26px; padding: 0; box-sizing: border-box; }
`;

/**
 * @param {HTMLElement} parent
 * @param {{left: string, result: string, leftName: string, resultName: string, take: string, folded: boolean,
 *   onChange: (text: string) => void}} given
 */
export function mount(parent, given) {
  const root = parent.shadowRoot || parent.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SHEET);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  root.replaceChildren();
  const box = document.createElement("div");
  box.className = "box";
  root.append(box);

  let { left, folded } = given;
  let text = given.result;
  /** @type {{editor: any, destroy: () => void} | null} */
  let view = null;
  let narrow = null;

  const heard = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    text = update.state.doc.toString();
    given.onChange(text);
  });
  const common = () => [
    lineNumbers(),
    highlightSpecialChars(),
    drawSelection(),
    EditorView.lineWrapping,
    EditorState.lineSeparator.of("\n"),
    look,
  ];
  const named = (/** @type {string} */ name) => EditorView.contentAttributes.of({ "aria-label": name, spellcheck: "false" });
  const keys = Prec.high(keymap.of([
    { key: "Alt-ArrowDown", run: goToNextChunk },
    { key: "Alt-ArrowUp", run: goToPreviousChunk },
    { key: "Alt-ArrowLeft", run: takeHere },
  ]));
  const fold = () => (folded ? { margin: 3, minSize: 6 } : undefined);
  const button = (/** @type {string} */ words, /** @type {string} */ sign) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = sign;
    made.setAttribute("aria-label", words);
    made.title = words;
    return made;
  };

  function wide() {
    const merge = new MergeView({
      a: { doc: left, extensions: [common(), named(given.leftName), EditorState.readOnly.of(true), keymap.of([{ key: "Alt-ArrowDown", run: goToNextChunk }, { key: "Alt-ArrowUp", run: goToPreviousChunk }])] },
      b: { doc: text, extensions: [common(), named(given.resultName), history(), keys, keymap.of([...defaultKeymap, ...historyKeymap]), heard] },
      root,
      parent: box,
      revertControls: "a-to-b",
      renderRevertControl: () => button(given.take, "→"),
      collapseUnchanged: fold(),
      diffConfig: { override: changes },
      gutter: true,
    });
    return { editor: merge.b, destroy: () => merge.destroy() };
  }

  function single() {
    const editor = new EditorView({
      doc: text,
      root,
      parent: box,
      extensions: [
        common(), named(given.resultName), history(), keys, keymap.of([...defaultKeymap, ...historyKeymap]), heard,
        unifiedMergeView({
          original: left,
          collapseUnchanged: fold(),
          diffConfig: { override: changes },
          gutter: true,
          mergeControls: (kind, action) => {
            const made = button(given.take, "Take");
            // What "rejects" a difference to the original takes the original's side: here that is the left one.
            if (kind === "reject") made.onmousedown = action;
            else made.hidden = true;
            return made;
          },
        }),
      ],
    });
    return { editor, destroy: () => editor.destroy() };
  }

  function show() {
    const was = view?.editor.hasFocus;
    view?.destroy();
    box.replaceChildren();
    box.classList.toggle("one", narrow);
    view = narrow ? single() : wide();
    if (was) view.editor.focus();
  }

  const watch = new ResizeObserver(() => {
    const now = parent.clientWidth < LEAST;
    if (now === narrow || !parent.clientWidth) return;
    narrow = now;
    show();
  });
  narrow = parent.clientWidth > 0 && parent.clientWidth < LEAST;
  show();
  watch.observe(parent);

  return {
    /** Compare the result with another text. */
    compare(/** @type {string} */ other, /** @type {string} */ name, /** @type {string} */ take) {
      left = other;
      given = { ...given, leftName: name, take };
      show();
    },
    fold(/** @type {boolean} */ on) {
      folded = on;
      show();
    },
    set(/** @type {string} */ all) {
      view.editor.dispatch({ changes: { from: 0, to: view.editor.state.doc.length, insert: all } });
    },
    next: () => { view.editor.focus(); goToNextChunk(view.editor); },
    previous: () => { view.editor.focus(); goToPreviousChunk(view.editor); },
    take: () => { view.editor.focus(); takeHere(view.editor); },
    /** How many places differ from the left text. */
    differences: () => getChunks(view.editor.state)?.chunks.length ?? 0,
    destroy() {
      watch.disconnect();
      view?.destroy();
      root.replaceChildren();
    },
  };

  /** Take the left side's text of the difference at the cursor. @param {any} editor */
  function takeHere(editor) {
    const at = editor.state.selection.main.head;
    const chunks = getChunks(editor.state)?.chunks ?? [];
    const chunk = chunks.find((one) => at >= one.fromB && at <= Math.max(one.fromB, one.endB)) || chunks.find((one) => one.fromB >= at);
    if (!chunk) return false;
    const lines = EditorState.create({ doc: left }).doc;
    let insert = lines.sliceString(chunk.fromA, Math.max(chunk.fromA, chunk.toA - 1));
    if (chunk.fromA !== chunk.toA && chunk.toB <= editor.state.doc.length) insert += "\n";
    editor.dispatch({
      changes: { from: chunk.fromB, to: Math.min(editor.state.doc.length, chunk.toB), insert },
      selection: { anchor: chunk.fromB },
      scrollIntoView: true,
      userEvent: "revert",
    });
    return true;
  }
}
