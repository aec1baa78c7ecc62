import { expect, test } from "vitest";
import { message } from "../../testing/samples";
import { serviceSentence, spoken } from "./service";

const { sender } = message(1);

function written(service: Record<string, unknown>, who = sender): string {
  return serviceSentence(service, who)
    .map(({ text }) => text)
    .join("");
}

test("who adds or removes themselves joins or leaves", () => {
  expect(written({ type: "chat_add_user", user_ids: [1] })).toBe("Aino joined");
  expect(written({ type: "chat_add_user", user_ids: [2, 3] })).toBe("Aino added 2 people");
  expect(written({ type: "chat_delete_user", user_id: 1 })).toBe("Aino left");
  expect(written({ type: "chat_delete_user", user_id: 2 })).toBe("Aino removed someone");
});

test("an action of a newer Telegram is named as it is", () => {
  expect(written({ type: "gift_sent" }, null)).toBe("Someone: gift sent");
});

test("the list says in words what the last service message was", () => {
  expect(spoken("pin_message")).toBe("pinned a message");
  expect(spoken("gift_sent")).toBe("gift sent");
});

test("names stand apart from the sentence, so that their direction does not turn it", () => {
  const who = sender && { ...sender, name: "ليلى" };
  expect(serviceSentence({ type: "chat_edit_title", title: "المرفأ" }, who)).toEqual([
    { text: "ليلى", isName: true },
    { text: " changed the title to “", isName: false },
    { text: "المرفأ", isName: true },
    { text: "”", isName: false },
  ]);
  expect(serviceSentence({ type: "gift_sent" }, who)[0]).toEqual({ text: "ليلى", isName: true });
});
