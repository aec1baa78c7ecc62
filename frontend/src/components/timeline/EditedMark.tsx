/** Says that a message was edited, and opens its history. */
import { lazy, Suspense, useState } from "react";
import type { Message } from "../../queries/api";
import { formatTime } from "../format";
import { Icon } from "../ui/Icon";
import classes from "./MessageBody.module.css";

const HistoryDialog = lazy(() => import("./HistoryDialog"));

export function EditedMark({ message }: { message: Message }) {
  const [isOpen, setOpen] = useState(false);
  if (!message.edited_at && message.revision_count === 0) return null;
  return (
    <>
      <button
        type="button"
        className={classes.edited}
        aria-haspopup="dialog"
        title="Show every text this message had"
        onClick={() => setOpen(true)}
      >
        <Icon name="history" size={14} />
        Edited{message.edited_at ? ` ${formatTime(message.edited_at)}` : ""}
      </button>
      <Suspense>
        {isOpen ? <HistoryDialog message={message} onClose={() => setOpen(false)} /> : null}
      </Suspense>
    </>
  );
}
