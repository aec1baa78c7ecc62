/**
 * A window: the contiguous stretch of a chat's messages that the page holds, ordered by id without repeats. Pages
 * extend it at either end, live events fold into it. Everything here is pure.
 */
import type { LiveEvent, Message, MessagePage } from "../queries/api";

export interface Window {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** Where the older page starts; null at the beginning of the chat. */
  readonly before: number | null;
  /** Where the newer page starts; null when the window reaches the live end. */
  readonly after: number | null;
  /** The message that the window was opened around. */
  readonly anchor: number | null;
}

/** What a window shows: one chat, or one topic of it. */
export interface Scope {
  readonly chatId: number;
  readonly topicId: number | null;
}

/** A window that is not scrolled to the end stops growing here; scrolling down fetches the rest. */
export const LONGEST = 3_000;

export function fromPage(page: MessagePage): Window {
  return {
    messages: merged([], page.messages),
    before: page.before,
    after: page.after,
    anchor: page.anchor ?? null,
  };
}

export function withOlder(window: Window, page: MessagePage): Window {
  return { ...window, messages: merged(window.messages, page.messages), before: page.before };
}

export function withNewer(window: Window, page: MessagePage): Window {
  return { ...window, messages: merged(window.messages, page.messages), after: page.after };
}

/** Drops the oldest messages beyond `keep`. */
export function trimmedHead(window: Window, keep: number): Window {
  if (window.messages.length <= keep) return window;
  const messages = window.messages.slice(-keep);
  return { ...window, messages, before: messages[0]?.message_id ?? window.before };
}

/** Drops the newest messages beyond `keep`. */
export function trimmedTail(window: Window, keep: number): Window {
  if (window.messages.length <= keep) return window;
  const messages = window.messages.slice(0, keep);
  return { ...window, messages, after: messages.at(-1)?.message_id ?? window.after };
}

/** Folds events into a window and returns the same object when none of them concerns it. */
export function folded(window: Window, events: readonly LiveEvent[], scope: Scope): Window {
  const changed: Message[] = [];
  let before = window.before;
  const first = window.messages[0];
  for (const event of events) {
    if (event.type === "message" && belongs(event.message, scope)) changed.push(event.message);
    // History appeared below the beginning: there is something older to ask for now.
    if (
      event.type === "range" &&
      event.chat_id === scope.chatId &&
      first &&
      event.first_id < first.message_id
    ) {
      before ??= first.message_id;
    }
  }
  const known = new Set(window.messages.map((message) => message.message_id));
  const fitting = changed.filter((message) => known.has(message.message_id) || isInside(window, message));
  if (fitting.length === 0) return before === window.before ? window : { ...window, before };
  return trimmedTail({ ...window, before, messages: merged(window.messages, fitting) }, LONGEST);
}

/** Whether bulk history of this range changes what a window shows. */
export function isTouched(window: Window, firstId: number, lastId: number): boolean {
  const first = window.messages[0]?.message_id;
  const last = window.messages.at(-1)?.message_id;
  if (first === undefined || last === undefined) return true;
  return lastId > first && (firstId < last || window.after === null);
}

export function belongs(message: Message, scope: Scope): boolean {
  return message.chat_id === scope.chatId && (scope.topicId === null || message.topic_id === scope.topicId);
}

function isInside(window: Window, message: Message): boolean {
  const first = window.messages[0]?.message_id;
  const last = window.messages.at(-1)?.message_id;
  const isAboveStart = window.before === null || (first !== undefined && message.message_id > first);
  const isBelowEnd = window.after === null || (last !== undefined && message.message_id < last);
  return isAboveStart && isBelowEnd;
}

function merged(present: readonly Message[], incoming: readonly Message[]): Message[] {
  const byId = new Map(present.map((message) => [message.message_id, message]));
  let isOrdered = true;
  let last = present.at(-1)?.message_id ?? 0;
  for (const message of incoming) {
    if (!byId.has(message.message_id)) {
      isOrdered &&= message.message_id > last;
      last = message.message_id;
    }
    byId.set(message.message_id, message);
  }
  const messages = [...byId.values()];
  return isOrdered ? messages : messages.sort((a, b) => a.message_id - b.message_id);
}
