/** What a message refers to: the one it answers, the one it was forwarded from. */
import { Link, useLocation } from "wouter";
import type { Reply } from "../../queries/api";
import { useChatTitle } from "../../queries/chats";
import { chatAddress } from "../address";
import { formatMoment } from "../format";
import { Icon } from "../ui/Icon";
import classes from "./MessageBody.module.css";

interface ReplyProps {
  readonly reply: Reply;
  readonly chatId: number;
  readonly onJump: (messageId: number) => void;
}

export function ReplyLine({ reply, chatId, onJump }: ReplyProps) {
  const [, navigate] = useLocation();
  const { preview } = reply;
  const isElsewhere = typeof reply.chat_id === "number" && reply.chat_id !== chatId;
  const go = () => {
    if (isElsewhere) navigate(chatAddress(reply.chat_id ?? chatId, { at: reply.message_id }));
    else onJump(reply.message_id);
  };
  const shown =
    reply.quote || preview?.text || (preview ? "Attachment" : "A message that is not stored here");
  return (
    <button type="button" className={classes.reference} onClick={go} data-reply={reply.message_id}>
      <Icon name="reply" size={16} label="In reply to" />
      <span>
        {preview?.sender_name ? <bdi className={classes.referenceName}>{preview.sender_name}</bdi> : null}
        <bdi className={classes.referenceText}>{preview?.is_deleted ? <del>{shown}</del> : shown}</bdi>
        {isElsewhere ? <span className={classes.referencePlace}>In another chat</span> : null}
      </span>
    </button>
  );
}

export function ForwardLine({ forward }: { forward: Record<string, unknown> }) {
  const chatId = typeof forward.from_id === "number" && forward.from_id < 0 ? forward.from_id : null;
  const title = useChatTitle(chatId);
  const name = [title, forward.from_name, forward.author_signature].find(
    (part) => part && typeof part === "string",
  );
  const date = typeof forward.date === "number" ? new Date(forward.date * 1000).toISOString() : null;
  const at = typeof forward.message_id === "number" ? forward.message_id : null;
  return (
    <p className={classes.forward}>
      <Icon name="forward" size={15} />
      <span>
        Forwarded{name ? " from " : ""}
        {chatId !== null && title ? (
          <Link href={chatAddress(chatId, { at })} className={classes.origin}>
            <bdi>{title}</bdi>
          </Link>
        ) : (
          <bdi>{name ? String(name) : ""}</bdi>
        )}
        {date ? <>, written {formatMoment(date)}</> : null}
      </span>
    </p>
  );
}
