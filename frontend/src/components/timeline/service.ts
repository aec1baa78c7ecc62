/** Says in words what a service message reports. */
import type { Sender } from "../../queries/api";
import { plural } from "../format";

type Fields = Record<string, unknown>;

const SENTENCES: Record<string, (who: string, fields: Fields, own: number | null) => string> = {
  chat_create: (who, { title }) => `${who} created the group “${title}”`,
  channel_create: (_who, { title }) => `“${title}” was created`,
  chat_add_user: (who, { user_ids }, own) =>
    !Array.isArray(user_ids) || user_ids.every((id) => id === own)
      ? `${who} joined`
      : `${who} added ${plural(user_ids.length, "person", "people")}`,
  chat_delete_user: (who, { user_id }, own) => (user_id === own ? `${who} left` : `${who} removed someone`),
  chat_joined_by_link: (who) => `${who} joined by an invite link`,
  chat_joined_by_request: (who) => `${who} was let in`,
  chat_edit_title: (who, { title }) => `${who} changed the title to “${title}”`,
  chat_edit_photo: (who) => `${who} changed the picture`,
  chat_delete_photo: (who) => `${who} removed the picture`,
  pin_message: (who) => `${who} pinned a message`,
  topic_create: (who, { title }) => `${who} opened the topic “${title}”`,
  topic_edit: (who, { title }) =>
    title ? `${who} renamed the topic to “${title}”` : `${who} changed the topic`,
  chat_migrate_to: () => "The group became a supergroup",
  channel_migrate_from: (_who, { title }) =>
    title ? `“${title}” became a supergroup` : "Grew out of a group",
  history_clear: () => "The history was cleared",
  contact_sign_up: (who) => `${who} joined Telegram`,
  group_call: () => "A voice chat took place",
  boost_apply: (who) => `${who} boosted the group`,
  set_messages_t_t_l: (who) => `${who} changed the self-destruct timer`,
};

export function serviceSentence(service: Fields, sender: Sender | null): string {
  const type = String(service.type ?? "");
  const who = sender?.name ?? "Someone";
  const sentence = SENTENCES[type];
  return sentence ? sentence(who, service, sender?.id ?? null) : `${who}: ${spoken(type)}`;
}

/** What is said without the message's fields, which a line of the list does not have. */
const SHORT: Record<string, string> = {
  chat_create: "created the group",
  channel_create: "created",
  chat_add_user: "new member",
  chat_delete_user: "a member left",
  chat_joined_by_link: "joined by an invite link",
  chat_joined_by_request: "was let in",
  chat_edit_title: "changed the title",
  chat_edit_photo: "changed the picture",
  chat_delete_photo: "removed the picture",
  pin_message: "pinned a message",
  topic_create: "opened a topic",
  topic_edit: "changed a topic",
  chat_migrate_to: "became a supergroup",
  channel_migrate_from: "grew out of a group",
  history_clear: "the history was cleared",
  contact_sign_up: "joined Telegram",
  group_call: "voice chat",
  boost_apply: "boosted the group",
  set_messages_t_t_l: "changed the self-destruct timer",
};

/** The same in a few words, for a line of the list. */
export function spoken(type: string): string {
  return SHORT[type] ?? (type.replaceAll("_", " ") || "service message");
}
