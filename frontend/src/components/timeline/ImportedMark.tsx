/** Says of messages that only an imported file told of them; whoever shows a chat says it once where all are. */
import type { Message } from "../../queries/api";
import classes from "./MessageBody.module.css";

const EXPLANATION = "From an imported file; Telegram has not confirmed it";

/** The messages of an album may differ. */
export function ImportedMark({ messages }: { messages: readonly Message[] }) {
  const word = importedWord(messages);
  return word === null ? null : (
    <span className={classes.imported} title={EXPLANATION}>
      {word}
    </span>
  );
}

export function importedWord(messages: readonly Message[]): string | null {
  if (!messages.some(({ is_imported }) => is_imported)) return null;
  return messages.every(({ is_imported }) => is_imported) ? "imported" : "partly imported";
}
