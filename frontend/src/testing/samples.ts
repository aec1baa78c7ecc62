/** Messages, chats and events for tests. */
import type { Chat, LiveEvent, Message } from "../queries/api";

export const CHAT = -1_000_000_000_007;

export function message(message_id: number, more: Partial<Message> = {}): Message {
  return {
    chat_id: CHAT,
    message_id,
    date: new Date(Date.UTC(2026, 2, 1, 12, message_id)).toISOString(),
    sender: { id: 1, kind: "user", name: "Aino", username: null, is_bot: false, is_deleted: false },
    author_signature: null,
    text: `Message ${message_id}`,
    entities: [],
    reply_to: null,
    topic_id: null,
    album_id: null,
    forward: null,
    media: null,
    service: null,
    edited_at: null,
    deleted_at: null,
    revision_count: 0,
    views: null,
    forwards: null,
    replies: null,
    reactions: [],
    is_imported: false,
    ...more,
  };
}

export function chat(chat_id: number, last_id: number, more: Partial<Chat> = {}): Chat {
  const last = message(last_id);
  return {
    chat_id,
    kind: "supergroup",
    title: "Harbour",
    username: null,
    status: "active",
    member_count: null,
    message_count: last_id,
    last_message: {
      message_id: last_id,
      date: last.date,
      sender_name: "Aino",
      text: last.text,
      media_kind: null,
      service_type: null,
      is_deleted: false,
    },
    progress: null,
    last_error: null,
    is_import: false,
    topics: [],
    ...more,
  };
}

type Change = Extract<LiveEvent, { type: "message" }>["change"];

export function event(n: number, changed: Message, change: Change = "new"): LiveEvent {
  return { type: "message", position: `1.${n}`, change, message: changed };
}

export function range(n: number, first_id: number, last_id: number): LiveEvent {
  return {
    type: "range",
    position: `1.${n}`,
    chat_id: CHAT,
    first_id,
    last_id,
    count: last_id - first_id + 1,
  };
}
