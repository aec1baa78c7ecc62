/** One item at its place in the feed: the day it begins, and its message or album. */
import { Fragment, memo, type Ref } from "react";
import type { Message } from "../../queries/api";
import { formatDay, formatTime } from "../format";
import { Attachment, Listed } from "./Attachment";
import type { ChatFacts } from "./facts";
import { ImportedMark, importedWord } from "./ImportedMark";
import type { Item } from "./items";
import { MessageBody } from "./MessageBody";
import classes from "./Row.module.css";
import { serviceSentence, wordsOf } from "./service";

interface Props {
  readonly ref: Ref<HTMLElement>;
  readonly index: number;
  readonly start: number;
  readonly item: Item;
  readonly chat: ChatFacts;
  readonly isTabStop: boolean;
  readonly isHighlighted: boolean;
  readonly onFocus: (key: string) => void;
  readonly onJump: (messageId: number) => void;
}

export const Row = memo(function Row(props: Props) {
  const { ref, index, start, item, isTabStop, isHighlighted, onFocus } = props;
  const head = item.messages[0];
  return (
    <article
      ref={ref}
      className={classes.row}
      data-index={index}
      data-item={item.key}
      data-message={head.message_id}
      data-skip-target={isTabStop ? "" : undefined}
      data-first={item.isFirstOfGroup || undefined}
      data-highlighted={isHighlighted || undefined}
      aria-posinset={index + 1}
      aria-setsize={-1}
      aria-label={label(item, props.chat)}
      tabIndex={isTabStop ? 0 : -1}
      // Not a transform: Chromium leaves a list unpainted that opens scrolled to its end with transformed rows.
      style={{ top: start }}
      onFocus={() => onFocus(item.key)}
    >
      {item.day ? (
        <div className={classes.day}>
          <time dateTime={head.date}>{formatDay(item.day)}</time>
        </div>
      ) : null}
      {head.service ? (
        <ServiceLine message={head} service={head.service} chat={props.chat} />
      ) : (
        <MessageBody item={item} chat={props.chat} onJump={props.onJump} />
      )}
    </article>
  );
});

/** A group shows once whether it was imported; who hears one message after the other hears it with each. */
function label({ messages }: Item, chat: ChatFacts): string {
  const [head] = messages;
  const who = head.sender?.name ?? head.author_signature ?? chat.title;
  const imported = chat.isImport ? null : importedWord(messages);
  return [who, formatTime(head.date), imported].filter(Boolean).join(", ");
}

interface ServiceProps {
  readonly message: Message;
  readonly service: Record<string, unknown>;
  readonly chat: ChatFacts;
}

/** The sentence is the page's own and runs left to right, whatever the names in it are. */
function ServiceLine({ message, service, chat }: ServiceProps) {
  let offset = 0;
  return (
    <div className={classes.service}>
      <p dir="ltr">
        {serviceSentence(service, message.sender, message.author_signature).map(({ text, isName }) => {
          const key = offset;
          offset += text.length;
          return isName ? <bdi key={key}>{text}</bdi> : <Fragment key={key}>{text}</Fragment>;
        })}
        {message.is_imported && !chat.isImport ? (
          <>
            {" "}
            <ImportedMark messages={[message]} />
          </>
        ) : null}
      </p>
      {wordsOf(service) ? (
        <blockquote className={classes.words} dir="auto">
          {wordsOf(service)}
        </blockquote>
      ) : null}
      {Array.isArray(service.items) ? (
        <Listed facts="Added to the list" title={null} items={service.items} />
      ) : null}
      {message.media ? <Attachment media={message.media} from={message.sender?.name} /> : null}
    </div>
  );
}
