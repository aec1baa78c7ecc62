/** A search snippet with its hits marked; the server puts U+E000 before each hit and U+E001 after it. */
import { Fragment } from "react";
import { pieces } from "./pieces";

export function Highlighted({ snippet }: { snippet: string }) {
  return pieces(snippet).map(({ text, isHit, offset }) => (
    <Fragment key={offset}>{isHit ? <mark>{text}</mark> : text}</Fragment>
  ));
}
