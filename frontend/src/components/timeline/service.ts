/** Says in words what a service message reports. */
import type { Sender } from "../../queries/api";
import { plural } from "../format";

type Fields = Record<string, unknown>;

/** A stretch of a sentence: the page's own words, or a name that runs in its own direction. */
export interface Part {
  readonly text: string;
  readonly isName: boolean;
}

/** Tells a template's own words from the names put into it. */
function says(words: TemplateStringsArray, ...names: unknown[]): Part[] {
  return words
    .flatMap((text, index) => [
      { text, isName: false },
      { text: String(names[index] ?? ""), isName: true },
    ])
    .filter(({ text }) => text !== "");
}

const MEMBERS_SHOWN = 3;

/** The people whom an imported message names, told one by one; Telegram's own has their ids instead. */
function namesOf(members: unknown): Part[] {
  const names = Array.isArray(members) ? members : [];
  const shown = names.slice(0, MEMBERS_SHOWN).flatMap((name, place): Part[] => {
    const one =
      typeof name === "string" ? { text: name, isName: true } : { text: "a deleted account", isName: false };
    return place === 0 ? [one] : [{ text: ", ", isName: false }, one];
  });
  const others = names.length - MEMBERS_SHOWN;
  if (others > 0) shown.push({ text: ` and ${plural(others, "other", "others")}`, isName: false });
  return shown.length > 0 ? shown : [{ text: "someone", isName: false }];
}

/** Says whether the person who did it is the only one whom it was done to. */
function isOwn(who: string, { user_ids, user_id, members }: Fields, own: number | null): boolean {
  const ids = Array.isArray(user_ids) ? user_ids : user_id === undefined ? null : [user_id];
  if (ids) return ids.every((id) => id === own);
  return Array.isArray(members) && members.length === 1 && members[0] === who;
}

const SENTENCES: Record<string, (who: string, fields: Fields, own: number | null) => Part[]> = {
  chat_create: (who, { title }) => says`${who} created the group “${title}”`,
  channel_create: (_who, { title }) => says`“${title}” was created`,
  chat_add_user: (who, fields, own) => {
    if (isOwn(who, fields, own)) return says`${who} joined`;
    const { user_ids, members } = fields;
    return Array.isArray(user_ids) && !Array.isArray(members)
      ? says`${who} added ${plural(user_ids.length, "person", "people")}`
      : [...says`${who} added `, ...namesOf(members)];
  },
  chat_delete_user: (who, fields, own) =>
    isOwn(who, fields, own) ? says`${who} left` : [...says`${who} removed `, ...namesOf(fields.members)],
  chat_joined_by_link: (who) => says`${who} joined by an invite link`,
  chat_joined_by_request: (who) => says`${who} was let in`,
  chat_edit_title: (who, { title }) => says`${who} changed the title to “${title}”`,
  chat_edit_photo: (who) => says`${who} changed the picture`,
  chat_delete_photo: (who) => says`${who} removed the picture`,
  pin_message: (who) => says`${who} pinned a message`,
  topic_create: (who, { title }) => says`${who} opened the topic “${title}”`,
  topic_edit: (who, { title }) =>
    title ? says`${who} renamed the topic to “${title}”` : says`${who} changed the topic`,
  chat_migrate_to: () => says`The group became a supergroup`,
  channel_migrate_from: (_who, { title }) =>
    title ? says`“${title}” became a supergroup` : says`Grew out of a group`,
  history_clear: () => says`The history was cleared`,
  contact_sign_up: (who) => says`${who} joined Telegram`,
  group_call: () => says`A voice chat took place`,
  boost_apply: (who) => says`${who} boosted the group`,
  set_messages_ttl: (who) => says`${who} changed the self-destruct timer`,
  todo_append_tasks: (who) => says`${who} added tasks`,
  star_gift: (who) => says`${who} gave a gift`,
  gift_premium: (who) => says`${who} gave Telegram Premium`,
  custom_action: (_who, { text }) => [{ text: String(text || "Something happened"), isName: true }],
};

/** @param signature a name without an id, as pages of an export tell it */
export function serviceSentence(
  service: Fields,
  sender: Sender | null,
  signature: string | null = null,
): Part[] {
  const type = String(service.type ?? "");
  const who = sender?.name ?? signature ?? "Someone";
  const sentence = SENTENCES[type];
  if (sentence) return sentence(who, service, sender?.id ?? null);
  return [...says`${who}: `, { text: spoken(type), isName: false }];
}

/** What somebody wrote along with an action: to a gift, for one. What Telegram wrote is the sentence itself. */
export function wordsOf(service: Fields): string | null {
  const own = service.type !== "custom_action" && typeof service.text === "string" ? service.text : "";
  return own.trim() === "" ? null : own;
}

/** What is said without the message's fields, which a line of the list does not have. */
const SHORT: Record<string, string> = {
  chat_create: "created the group",
  channel_create: "created",
  chat_add_user: "new member",
  chat_delete_user: "a member is gone",
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
  set_messages_ttl: "changed the self-destruct timer",
};

/** The same in a few words, for a line of the list. */
export function spoken(type: string): string {
  return SHORT[type] ?? (type.replaceAll("_", " ") || "service message");
}
