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
            <span className={classes.title}>
              <bdi>{chat.title}</bdi>
            </span>
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

function LastLine({ message, isChannel }: { message: LastMessage | null; isChannel: boolean }) {
  if (!message) return <span className={classes.last}>No messages yet</span>;
  const content = lastText(message);
  return (
    <span className={classes.last}>
      {message.sender_name && !isChannel ? (
        <span className={classes.who}>
          <bdi>{message.sender_name}</bdi>:{" "}
        </span>
      ) : null}
      <bdi>{message.is_deleted ? <del>{content}</del> : content}</bdi>
    </span>
  );
}

function lastText(message: LastMessage): string {
  if (message.service_type) return spoken(message.service_type);
  const kind = message.media_kind ? kindOf(message.media_kind).label : "";
  // A message's first line is enough, and a long text costs layout time in every row.
  return (
    [kind, message.text.slice(0, 160).replaceAll(/\s+/g, " ")].filter(Boolean).join(" · ") || "Empty message"
  );
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
  if (chat.status === "inactive") return <span className={classes.badge}>Left</span>;
  return (
    <span className={classes.count} title={`${formatCount(chat.message_count)} messages`}>
      {formatCompact(chat.message_count)}
      <span className="visually-hidden"> messages</span>
    </span>
  );
}
