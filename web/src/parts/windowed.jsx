// A table of which only the rows in sight are made: a thousand profiles scroll like ten.
import { h, useEffect, useLayoutEffect, useRef, useState } from "../host.js";

const FEW = 60;
const SPARE = 8;

/**
 * @param {{label: string, items: any[], columns: {key: string, title: string, className?: string}[], grid: string,
 *   cells: (item: any, link: any) => any[], idOf: (item: any) => string, tall?: number, wide?: number}} props
 *   `cells` gets what the row's link needs to take part in the arrow keys; `tall` is the height of a row on a narrow page.
 */
export function Windowed({ label, items, columns, grid, cells, idOf, wide = 48, tall = 92 }) {
  const box = useRef(/** @type {any} */ (null));
  const [view, setView] = useState({ top: 0, height: 640, narrow: false });
  const [at, setAt] = useState(0);
  // The row that is to get the focus, and -1 for none: an effect that comes late belongs to a row of before.
  const wanted = useRef(-1);
  const height = view.narrow ? tall : wide;
  const many = items.length > FEW;

  useLayoutEffect(() => {
    const node = box.current;
    const measure = () =>
      setView((old) => {
        const next = { top: node.scrollTop, height: node.clientHeight || 640, narrow: node.clientWidth < 700 };
        return JSON.stringify(next) === JSON.stringify(old) ? old : next;
      });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(node);
    // Whoever has gone on to something else keeps the focus there, however late the row is drawn.
    const left = (/** @type {FocusEvent} */ event) => {
      if (event.relatedTarget && !node.contains(event.relatedTarget)) wanted.current = -1;
    };
    node.addEventListener("focusout", left);
    return () => {
      watch.disconnect();
      node.removeEventListener("focusout", left);
    };
  }, []);

  const first = many ? Math.max(0, Math.floor(view.top / height) - SPARE) : 0;
  const last = many ? Math.min(items.length, Math.ceil((view.top + view.height) / height) + SPARE) : items.length;
  const current = Math.min(at, Math.max(0, items.length - 1));

  useEffect(() => {
    if (wanted.current !== current) return;
    const node = box.current;
    if (many) {
      const top = current * height;
      if (top < node.scrollTop) node.scrollTop = top;
      if (top + height > node.scrollTop + node.clientHeight - height) node.scrollTop = top + 2 * height - node.clientHeight;
    }
    const link = node.querySelector(`[data-row="${current}"] a`);
    if (link) {
      wanted.current = -1;
      link.focus({ preventScroll: many });
    }
  });

  const move = (/** @type {any} */ event) => {
    const page = Math.max(1, Math.floor(view.height / height) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -items.length, End: items.length }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(items.length - 1, current + by));
    // At once where the row is there: the next key may be Enter, and it opens what has the focus.
    box.current.querySelector(`[data-row="${next}"] a`)?.focus({ preventScroll: many });
    wanted.current = next;
    setAt(next);
  };
  const scrolled = () => setView((old) => ({ ...old, top: box.current.scrollTop }));
  // The focused row stays although it is out of sight: focus would be lost with it.
  const shown = [];
  for (let n = first; n < last; n += 1) shown.push(n);
  if (many && items.length && (current < first || current >= last)) shown.push(current);

  return (
    <div className={`d-table ${grid} ${many ? "d-many" : ""}`} role="table" aria-label={label} aria-rowcount={items.length + 1}>
      <div role="rowgroup" className="d-thead">
        <div role="row" className="d-tr" aria-rowindex={1}>
          {columns.map((column) => <div role="columnheader" key={column.key} className={`d-th ${column.className || ""}`}>{column.title}</div>)}
        </div>
      </div>
      <div role="rowgroup" className="d-tbody" ref={box} onScroll={many ? scrolled : undefined} onKeyDown={move}>
        <div role="presentation" className={many ? "d-tall" : ""} style={many ? { height: `${items.length * height}px` } : undefined}>
          {shown.map((n) => (
            <div
              role="row"
              key={idOf(items[n])}
              data-row={n}
              className="d-tr"
              aria-rowindex={n + 2}
              style={many ? { position: "absolute", top: `${n * height}px`, height: `${height}px`, left: 0, right: 0 } : undefined}
            >
              {cells(items[n], { tabIndex: n === current ? 0 : -1, onFocus: n }).map((cell, c) => (
                <div role="cell" key={columns[c].key} className={`d-td ${columns[c].className || ""}`}>{cell}</div>
              ))}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
