/** Builds what the timeline shows out of messages: days, albums, groups of one sender. Pure. */
import type { Message } from "../../queries/api";

export interface Item {
  /** Stays the same when older or newer messages join, so that the reader's place can be kept. */
  readonly key: string;
  /** One message, or the pictures of one album. */
  readonly messages: readonly [Message, ...Message[]];
  /** The moment the day begins with, when this is the first item of a day. */
  readonly day: Date | null;
  /** Shows the sender: the first of a group. */
  readonly isFirstOfGroup: boolean;
}

const GROUP_GAP_MS = 7 * 60_000;

/**
 * While there are older messages to come, the first item is only context for the next one: whether it begins a day,
 * a group or an album is not known yet, and if that changed above the reader, the place would move.
 */
export function items(messages: readonly Message[], hasOlder = false): Item[] {
  const built = all(messages);
  return hasOlder && built.length > 1 ? built.slice(1) : built;
}

function all(messages: readonly Message[]): Item[] {
  const built: Item[] = [];
  let previous: Item["messages"] | null = null;
  for (const messagesOfOne of bundled(messages)) {
    const head = messagesOfOne[0];
    const date = new Date(head.date);
    const isNewDay = previous === null || !isSameDay(new Date(lastOf(previous).date), date);
    built.push({
      key: keyOf(head),
      messages: messagesOfOne,
      day: isNewDay ? date : null,
      isFirstOfGroup: isNewDay || previous === null || !isOneGroup(previous, messagesOfOne),
    });
    previous = messagesOfOne;
  }
  return built;
}

function bundled(messages: readonly Message[]): [Message, ...Message[]][] {
  const bundles: [Message, ...Message[]][] = [];
  for (const message of messages) {
    const last = bundles.at(-1);
    if (last && message.album_id && last[0].album_id === message.album_id) last.push(message);
    else bundles.push([message]);
  }
  return bundles;
}

function keyOf(message: Message): string {
  return message.album_id ? `album-${message.album_id}` : String(message.message_id);
}

/** One head never speaks for messages of which one is vouched for and one is not. */
function isOneGroup(previous: Item["messages"], next: Item["messages"]): boolean {
  const isAlike = [...previous, ...next].every(({ is_imported }) => is_imported === next[0].is_imported);
  return isAlike && isGrouped(lastOf(previous), next[0]);
}

function lastOf(messages: Item["messages"]): Message {
  return messages.at(-1) ?? messages[0];
}

function isGrouped(previous: Message, next: Message): boolean {
  if (previous.service || next.service || next.forward) return false;
  const isSameSender =
    previous.sender?.id === next.sender?.id && previous.author_signature === next.author_signature;
  return (
    isSameSender &&
    previous.topic_id === next.topic_id &&
    Date.parse(next.date) - Date.parse(previous.date) < GROUP_GAP_MS
  );
}

/** Where a message is, alone or in an album; -1 when it is not loaded. */
export function indexOfMessage(list: readonly Item[], messageId: number): number {
  return list.findIndex(({ messages }) => messages.some(({ message_id }) => message_id === messageId));
}

export function isSameDay(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}
