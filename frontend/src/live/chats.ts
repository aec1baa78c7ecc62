/** Folds live events into the list of chats. Pure. */
import type { Chat, LastMessage, LiveEvent, Message } from "../queries/api";

/** Returns the chats with their newest messages, newest chat first; the same array when nothing concerns it. */
export function foldedChats(chats: readonly Chat[], events: readonly LiveEvent[]): readonly Chat[] {
  const byId = new Map<number, Chat>();
  for (const event of events) {
    if (event.type !== "message") continue;
    const chat =
      byId.get(event.message.chat_id) ?? chats.find(({ chat_id }) => chat_id === event.message.chat_id);
    if (chat) byId.set(chat.chat_id, withMessage(chat, event.message));
  }
  if (byId.size === 0) return chats;
  return newestFirst(chats.map((chat) => byId.get(chat.chat_id) ?? chat));
}

export function newestFirst(chats: readonly Chat[]): Chat[] {
  return [...chats].sort((a, b) => lastDate(b) - lastDate(a));
}

function withMessage(chat: Chat, message: Message): Chat {
  const known = chat.last_message?.message_id ?? 0;
  if (message.message_id < known) return chat;
  // The count is exact again with the next fetch; in between a higher id is the sign of one more.
  const more = message.message_id > known ? 1 : 0;
  return { ...chat, message_count: chat.message_count + more, last_message: lastOf(message) };
}

function lastOf(message: Message): LastMessage {
  return {
    message_id: message.message_id,
    date: message.date,
    sender_name: message.sender?.name ?? null,
    text: message.text,
    media_kind: kindOf(message.media, "kind"),
    service_type: kindOf(message.service, "type"),
    is_deleted: message.deleted_at !== null && message.deleted_at !== undefined,
  };
}

function kindOf(fields: Record<string, unknown> | null | undefined, key: string): string | null {
  const value = fields?.[key];
  return typeof value === "string" ? value : null;
}

function lastDate(chat: Chat): number {
  return chat.last_message ? Date.parse(chat.last_message.date) : 0;
}
