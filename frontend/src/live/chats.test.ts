import { expect, test } from "vitest";
import { CHAT, chat, event, message } from "../testing/samples";
import { foldedChats } from "./chats";

const OTHER = CHAT - 1;
const chats = [chat(OTHER, 20), chat(CHAT, 10)];

test("a chat moves to the top with its new message", () => {
  const moved = foldedChats(chats, [event(1, message(30, { text: "News" }))]);
  expect(moved.map(({ chat_id }) => chat_id)).toEqual([CHAT, OTHER]);
  expect(moved[0]).toMatchObject({ message_count: 11, last_message: { message_id: 30, text: "News" } });
});

test("a message that the list has already is not counted again", () => {
  const once = foldedChats(chats, [event(1, message(30))]);
  expect(foldedChats(once, [event(1, message(30))])[0]?.message_count).toBe(11);
});

test("the deletion of the last message shows, and counts nothing", () => {
  const deleted = message(10, { deleted_at: "2026-03-01T13:00:00Z" });
  const after = foldedChats(chats, [event(1, deleted, "delete")]);
  expect(after[1]).toMatchObject({ message_count: 10, last_message: { is_deleted: true } });
});

test("an edit of an earlier message leaves the last line alone", () => {
  const after = foldedChats(chats, [event(1, message(4, { text: "old" }), "edit")]);
  expect(after[1]?.last_message?.message_id).toBe(10);
});

test("events of unknown chats leave the very same list", () => {
  expect(foldedChats(chats, [event(1, message(1, { chat_id: -5 }))])).toBe(chats);
});
