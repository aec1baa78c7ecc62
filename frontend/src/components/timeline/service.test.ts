import { expect, test } from "vitest";
import { message } from "../../testing/samples";
import { serviceSentence, spoken } from "./service";

const { sender } = message(1);

test("who adds or removes themselves joins or leaves", () => {
  expect(serviceSentence({ type: "chat_add_user", user_ids: [1] }, sender)).toBe("Aino joined");
  expect(serviceSentence({ type: "chat_add_user", user_ids: [2, 3] }, sender)).toBe("Aino added 2 people");
  expect(serviceSentence({ type: "chat_delete_user", user_id: 1 }, sender)).toBe("Aino left");
  expect(serviceSentence({ type: "chat_delete_user", user_id: 2 }, sender)).toBe("Aino removed someone");
});

test("an action of a newer Telegram is named as it is", () => {
  expect(serviceSentence({ type: "gift_sent" }, null)).toBe("Someone: gift sent");
});

test("the list says in words what the last service message was", () => {
  expect(spoken("pin_message")).toBe("pinned a message");
  expect(spoken("gift_sent")).toBe("gift sent");
});
