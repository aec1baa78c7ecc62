/** Every text that a message had, each with what changed. */
import { Fragment, type ReactNode } from "react";
import type { Message, Revision } from "../../queries/api";
import { useRevisions } from "../../queries/revisions";
import { formatMoment } from "../format";
import { type Change, diff, isRewrite } from "../text/diff";
import { Dialog } from "../ui/Dialog";
import { ErrorState, LoadingRows } from "../ui/States";
import classes from "./History.module.css";

export default function HistoryDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  return (
    <Dialog title="Edit history" onClose={onClose}>
      <History message={message} />
    </Dialog>
  );
}

function History({ message }: { message: Message }) {
  const { data, error, refetch } = useRevisions(message);
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows count={2} label="Loading the history" />;
  const { revisions } = data;
  return (
    <ol className={classes.list}>
      {revisions.map((revision, index) => (
        <li key={`${revision.stored_at}/${revision.text}`} className={classes.entry}>
          <p className={classes.when}>
            {when(revision, index, message)}
            {revision.is_imported ? (
              <span title="Telegram has not confirmed this text">, from an imported file</span>
            ) : null}
          </p>
          <Changes before={revisions[index - 1]?.text ?? null} after={revision.text} />
        </li>
      ))}
    </ol>
  );
}

function when(revision: Revision, index: number, message: Message): string {
  if (index === 0) return `First text, ${formatMoment(message.date)}`;
  return `Edited ${formatMoment(revision.edited_at ?? revision.stored_at)}`;
}

function Changes({ before, after }: { before: string | null; after: string }) {
  if (before === null) return <Text>{after || "No text"}</Text>;
  const changes = diff(before, after);
  // Two texts that share little are two paragraphs, each in its own direction.
  if (isRewrite(changes)) return changes.map((change) => <Text key={change.kind}>{marked(change)}</Text>);
  let offset = 0;
  return (
    <Text>
      {changes.map((change, index) => {
        const key = `${offset}${change.kind}`;
        offset += change.text.length;
        const isReplacing = change.kind === "added" && changes[index - 1]?.kind === "removed";
        return (
          <Fragment key={key}>
            {isReplacing ? " " : ""}
            {marked(change)}
          </Fragment>
        );
      })}
    </Text>
  );
}

function Text({ children }: { children: ReactNode }) {
  return (
    <p className={classes.text} dir="auto">
      {children}
    </p>
  );
}

function marked({ kind, text }: Change): ReactNode {
  if (kind === "added") return <ins>{text}</ins>;
  if (kind === "removed") return <del>{text}</del>;
  return text;
}
