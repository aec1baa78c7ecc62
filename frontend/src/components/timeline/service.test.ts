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

test("an import, which knows names only, says who came and who left", () => {
  const said = (type: string, members: unknown, more = {}) => written({ type, members, ...more });
  expect(said("chat_add_user", ["Bo", "Carl"])).toBe("Aino added Bo, Carl");
  expect(said("chat_add_user", ["Bo", null])).toBe("Aino added Bo, a deleted account");
  expect(said("chat_add_user", ["A", "B", "C", "D", "E"])).toBe("Aino added A, B, C and 2 others");
  expect(said("chat_add_user", ["Aino"])).toBe("Aino joined");
  expect(said("chat_delete_user", ["Bo"])).toBe("Aino removed Bo");
  expect(said("chat_delete_user", ["Aino"])).toBe("Aino left");
  expect(said("chat_delete_user", ["Aino before she married"], { user_id: 1 })).toBe("Aino left");
  expect(said("chat_add_user", undefined)).toBe("Aino added someone");
  expect(said("chat_delete_user", undefined)).toBe("Aino removed someone");
  expect(serviceSentence({ type: "chat_add_user", members: ["مريم"] }, sender)[2]).toEqual({
    text: "مريم",
    isName: true,
  });
});

test("where the pages of an export tell names only, the sentence begins with one", () => {
  const service = { type: "chat_delete_user", members: ["Bo"] };
  expect(
    serviceSentence(service, null, "Bo")
      .map(({ text }) => text)
      .join(""),
  ).toBe("Bo left");
});

test("what Telegram says in words of its own is shown in them", () => {
  expect(written({ type: "custom_action", text: "The harbour master says hello" })).toBe(
    "The harbour master says hello",
  );
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
