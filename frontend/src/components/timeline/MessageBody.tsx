/** A message or an album: who, when, in answer to what, with what, and how it was taken. */
import { Link } from "wouter";
import type { Message } from "../../queries/api";
import { chatAddress } from "../address";
import { formatCompact, formatMoment, formatTime } from "../format";
import { Avatar } from "../ui/Avatar";
import { Icon } from "../ui/Icon";
import { Attachment } from "./Attachment";
import { EditedMark } from "./EditedMark";
import type { ChatFacts } from "./facts";
import { ImportedMark } from "./ImportedMark";
import type { Item } from "./items";
import classes from "./MessageBody.module.css";
import { MessageText } from "./MessageText";
import { ForwardLine, ReplyLine } from "./References";
import { SenderName } from "./SenderName";

interface Props {
  readonly item: Item;
  readonly chat: ChatFacts;
  readonly onJump: (messageId: number) => void;
}

export function MessageBody({ item, chat, onJump }: Props) {
  const { isChannel } = chat;
  const head = item.messages[0];
  const isAlbum = item.messages.length > 1;
  // The caption of an album stands on any one of its pictures.
  const captions = item.messages.filter(({ text }) => text !== "");
  const deleted = item.messages.find(({ deleted_at }) => deleted_at);
  return (
    <div className={classes.body} data-post={isChannel || undefined}>
      {isChannel ? null : <Gutter item={item} />}
      <div className={classes.content}>
        {item.isFirstOfGroup || isChannel ? (
          <div className={classes.head}>
            {isChannel ? <Signature message={head} /> : <SenderName message={head} />}
            <Time message={head} />
            {chat.isImport ? null : <ImportedMark messages={item.messages} />}
            <TopicTag message={head} topics={chat.topics} />
          </div>
        ) : null}
        {head.forward ? <ForwardLine forward={head.forward} /> : null}
        {head.reply_to ? <ReplyLine reply={head.reply_to} chatId={head.chat_id} onJump={onJump} /> : null}
        {isAlbum ? <Album messages={item.messages} /> : null}
        {!isAlbum && head.media ? <Attachment media={head.media} from={head.sender?.name} /> : null}
        {captions.map((message) => (
          <MessageText key={message.message_id} message={message} />
        ))}
        <Footer message={captions[0] ?? head} deletedAt={deleted?.deleted_at ?? null} />
      </div>
    </div>
  );
}

function Gutter({ item }: { item: Item }) {
  const head = item.messages[0];
  return (
    <div className={classes.gutter}>
      {item.isFirstOfGroup ? (
        <Avatar id={head.sender?.id ?? 0} name={head.sender?.name ?? "?"} size={38} />
      ) : (
        <span className={classes.quiet}>
          <Time message={head} />
        </span>
      )}
    </div>
  );
}

/** In a channel every post is the channel's own; only a signature says more. */
function Signature({ message }: { message: Message }) {
  return message.author_signature ? <bdi className={classes.time}>{message.author_signature}</bdi> : null;
}

function TopicTag({ message, topics }: { message: Message; topics: ChatFacts["topics"] }) {
  const title = message.topic_id ? topics.get(message.topic_id) : undefined;
  if (title === undefined) return null;
  return (
    <Link href={chatAddress(message.chat_id, { topicId: message.topic_id })} className={classes.tag}>
      <bdi>{title}</bdi>
    </Link>
  );
}

function Time({ message }: { message: Message }) {
  return (
    <time className={classes.time} dateTime={message.date} title={formatMoment(message.date)}>
      {formatTime(message.date)}
    </time>
  );
}

function Album({ messages }: { messages: readonly Message[] }) {
  return (
    <ul className={classes.album} aria-label={`Album of ${messages.length}`}>
      {messages.map(({ message_id, media, deleted_at, sender }) => (
        <li key={message_id} data-deleted={deleted_at ? "" : undefined}>
          <Attachment media={media ?? {}} from={sender?.name} isTile />
        </li>
      ))}
    </ul>
  );
}

function Footer({ message, deletedAt }: { message: Message; deletedAt: string | null }) {
  const { reactions, views, forwards, replies } = message;
  const isEmpty =
    reactions.length === 0 && !views && !forwards && !replies && !message.edited_at && !deletedAt;
  if (isEmpty && message.revision_count === 0) return null;
  return (
    <div className={classes.footer}>
      {reactions.map((reaction, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: several may be custom emoji of which nobody knows which
        <span key={index} className={classes.reaction}>
          <Given reaction={reaction} /> {formatCompact(reaction.count)}
        </span>
      ))}
      <Counter icon="eye" label="Views" value={views} />
      <Counter icon="forward" label="Forwards" value={forwards} />
      <Counter icon="reply" label="Replies" value={replies} />
      <EditedMark message={message} />
      {deletedAt ? (
        <span className={classes.deleted} title={formatMoment(deletedAt)}>
          <Icon name="trash" size={14} /> Deleted {formatTime(deletedAt)}
        </span>
      ) : null}
    </div>
  );
}

function Given({ reaction: { emoji, is_paid } }: { reaction: Message["reactions"][number] }) {
  if (emoji) return emoji;
  return is_paid ? <span title="Paid with stars">★</span> : <span title="Custom emoji">◆</span>;
}

interface CounterProps {
  readonly icon: "eye" | "forward" | "reply";
  readonly label: string;
  readonly value: number | null | undefined;
}

function Counter({ icon, label, value }: CounterProps) {
  if (!value) return null;
  return (
    <span className={classes.counter} title={label}>
      <Icon name={icon} size={15} label={label} /> {formatCompact(value)}
    </span>
  );
}
