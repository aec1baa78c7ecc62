/** What chat this is, and the ways to look through it. */
import { Skeleton } from "@mantine/core";
import { Link } from "wouter";
import type { Scope } from "../../live/window";
import type { Chat } from "../../queries/api";
import { searchAddress } from "../../queries/search";
import { formatCount, plural } from "../format";
import { Avatar } from "../ui/Avatar";
import { BackLink } from "../ui/BackLink";
import { Icon } from "../ui/Icon";
import classes from "./ChatHeader.module.css";
import { ExportChat } from "./ExportChat";
import { JumpToDate } from "./JumpToDate";
import { KINDS } from "./kinds";

export function ChatHeader({ chat, scope }: { chat: Chat | undefined; scope: Scope }) {
  return (
    <header className={classes.header}>
      <BackLink />
      {chat ? <Who chat={chat} /> : <Unknown />}
      <div className={classes.actions}>
        <Link
          href={searchAddress({ chat: scope.chatId })}
          className={classes.button}
          aria-label="Search in this chat"
          title="Search in this chat (/)"
        >
          <Icon name="search" />
        </Link>
        <JumpToDate scope={scope} className={classes.button} />
        <ExportChat scope={scope} className={classes.button} />
      </div>
    </header>
  );
}

function Unknown() {
  return (
    <>
      <h1 className="visually-hidden">Chat</h1>
      <Skeleton height={20} width="40%" />
    </>
  );
}

function Who({ chat }: { chat: Chat }) {
  const { label, members } = KINDS[chat.kind];
  return (
    <>
      <Avatar id={chat.chat_id} name={chat.title} size={40} />
      <div className={classes.who}>
        <h1 className={classes.title} dir="auto">
          {chat.title}
        </h1>
        <ul className={classes.facts} aria-label="About this chat">
          <li className={classes.lesser}>{label}</li>
          {chat.username ? <li className={classes.lesser}>@{chat.username}</li> : null}
          {chat.member_count === null ? null : <li>{plural(chat.member_count, ...members)}</li>}
          <li>{formatCount(chat.message_count)} mirrored</li>
        </ul>
      </div>
    </>
  );
}
