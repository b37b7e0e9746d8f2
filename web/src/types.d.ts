// For the check of types alone: elements are Preact's, although `h` is made in host.js.
import type { JSX as Of } from "preact";

declare global {
  namespace JSX {
    type Element = Of.Element;
    type ElementType = Of.ElementType;
    interface IntrinsicElements extends Of.IntrinsicElements {}
    interface IntrinsicAttributes extends Of.IntrinsicAttributes {}
    interface ElementChildrenAttribute extends Of.ElementChildrenAttribute {}
  }
}
