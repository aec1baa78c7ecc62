/** A message's text: struck through once it is deleted, folded while it is very long. */
import { useState } from "react";
import type { Message } from "../../queries/api";
import { RichText } from "../text/RichText";
import classes from "./MessageBody.module.css";

const LONG_CHARACTERS = 1_800;
const LONG_LINES = 24;

export function MessageText({ message }: { message: Message }) {
  const [isOpen, setOpen] = useState(false);
  const { text, entities, deleted_at } = message;
  const isLong = text.length > LONG_CHARACTERS || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
  const content = <RichText text={text} entities={entities} />;
  return (
    <>
      <div className={isLong && !isOpen ? classes.clamped : undefined}>
        {deleted_at ? <del className={classes.struck}>{content}</del> : content}
      </div>
      {isLong ? (
        <button
          type="button"
          className={classes.more}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? "Show less" : "Show all"}
        </button>
      ) : null}
    </>
  );
}
