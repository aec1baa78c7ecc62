/** What is not as it should be with a chat's mirror, or not yet. */
import { Progress } from "@mantine/core";
import type { Chat } from "../../queries/api";
import { formatCount } from "../format";
import { Icon } from "../ui/Icon";
import classes from "./ChatHeader.module.css";

export function ChatNotice({ chat }: { chat: Chat }) {
  if (chat.status === "error") {
    return (
      <div className={classes.notice} data-tone="bad" role="note">
        <Icon name="warning" size={18} />
        <span>{chat.last_error ?? "This chat cannot be read at present."}</span>
      </div>
    );
  }
  if (chat.is_import) {
    return (
      <div className={classes.notice} role="note">
        Everything here comes from imported files; Telegram has not confirmed it.
      </div>
    );
  }
  if (chat.status === "inactive") {
    return (
      <div className={classes.notice} role="note">
        No account of yours is in this chat; what is stored stays.
      </div>
    );
  }
  const { progress } = chat;
  if (!progress || progress.is_complete || progress.total === 0) return null;
  return (
    <div className={classes.notice} data-tone="busy" role="note">
      <span>
        Fetching history: {formatCount(progress.done)} of {formatCount(progress.total)}
      </span>
      <Progress
        className={classes.bar}
        value={(progress.done / progress.total) * 100}
        aria-label="Fetched share of the history"
      />
    </div>
  );
}
