/** One chat of the list: who it is, what was said last, and how its mirror stands. */
import { memo } from "react";
import { Link } from "wouter";
import type { Chat, LastMessage } from "../../queries/api";
import { formatCompact, formatCount, formatRecent } from "../format";
import { kindOf } from "../timeline/media";
import { spoken } from "../timeline/service";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import classes from "./ChatList.module.css";
import { KINDS } from "./kinds";

export const ChatRow = memo(function ChatRow({ chat, isOpen }: { chat: Chat; isOpen: boolean }) {
  const { label, icon } = KINDS[chat.kind];
  return (
    <li>
      <Link
        href={`/chat/${chat.chat_id}`}
        className={classes.row}
        data-chat={chat.chat_id}
        aria-current={isOpen ? "page" : undefined}
      >
        <Avatar id={chat.chat_id} name={chat.title} />
        <span className={classes.body}>
          <span className={classes.line}>
            <span className={classes.kind}>
              <Icon name={icon} size={14} label={label} />
            </span>
            <bdi className={classes.title}>{chat.title}</bdi>
            {chat.last_message ? (
              <time className={classes.time} dateTime={chat.last_message.date}>
                {formatRecent(chat.last_message.date)}
              </time>
            ) : null}
          </span>
          <span className={classes.line}>
            <LastLine message={chat.last_message} isChannel={chat.kind === "channel"} />
            <Badge chat={chat} />
          </span>
        </span>
      </Link>
    </li>
  );
});

/**
 * Who, what kind, and the words: each is clipped at its own end, since a line in two directions would be clipped in the
 * middle of what it says.
 */
function LastLine({ message, isChannel }: { message: LastMessage | null; isChannel: boolean }) {
  if (!message) return <span className={classes.last}>No messages yet</span>;
  const { sender_name, service_type, media_kind, is_deleted } = message;
  // A message's first line is enough, and a long text costs layout time in every row.
  const text = message.text.slice(0, 160).replaceAll(/\s+/g, " ");
  const kind = media_kind ? kindOf(media_kind).label : text === "" ? "Empty message" : "";
  return (
    <span className={classes.last}>
      {sender_name && !isChannel ? (
        <span className={classes.who}>
          <bdi className={classes.name}>{sender_name}</bdi>:{" "}
        </span>
      ) : null}
      {service_type ? (
        <span className={classes.words}>{spoken(service_type)}</span>
      ) : (
        <>
          {kind ? (
            <span className={classes.what}>{deletedIf(is_deleted, text ? `${kind} ·` : kind)}</span>
          ) : null}
          {text ? <bdi className={classes.words}>{deletedIf(is_deleted, text)}</bdi> : null}
        </>
      )}
    </span>
  );
}

function deletedIf(isDeleted: boolean, text: string) {
  return isDeleted ? <del>{text}</del> : text;
}

function Badge({ chat }: { chat: Chat }) {
  if (chat.status === "error") {
    return (
      <span className={classes.badge} data-tone="bad">
        Error
      </span>
    );
  }
  if (chat.progress && !chat.progress.is_complete && chat.progress.total > 0) {
    const percent = Math.min(99, Math.floor((chat.progress.done / chat.progress.total) * 100));
    return (
      <span className={classes.badge} data-tone="busy">
        <span className="visually-hidden">History fetched: </span>
        {percent} %
      </span>
    );
  }
  if (chat.is_import) return <span className={classes.badge}>Imported</span>;
  if (chat.status === "inactive") return <span className={classes.badge}>Left</span>;
  return (
    <span className={classes.count} title={`${formatCount(chat.message_count)} messages`}>
      {formatCompact(chat.message_count)}
      <span className="visually-hidden"> messages</span>
    </span>
  );
}
