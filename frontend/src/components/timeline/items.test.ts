import { expect, test } from "vitest";
import type { Message } from "../../queries/api";
import { message } from "../../testing/samples";
import { indexOfMessage, items } from "./items";

const at = (day: number, hour: number, minute = 0) => new Date(2026, 2, day, hour, minute).toISOString();
const other: Message["sender"] = {
  id: 2,
  kind: "user",
  name: "Bek",
  username: null,
  is_bot: false,
  is_deleted: false,
};

test("the first item of each day begins it", () => {
  const list = items([
    message(1, { date: at(1, 9) }),
    message(2, { date: at(1, 23, 59) }),
    message(3, { date: at(2, 0, 1) }),
  ]);
  expect(list.map(({ day }) => day?.getDate() ?? null)).toEqual([1, null, 2]);
});

test("consecutive messages of one sender form a group", () => {
  const list = items([
    message(1, { date: at(1, 9, 0) }),
    message(2, { date: at(1, 9, 2) }),
    message(3, { date: at(1, 9, 3), sender: other }),
    message(4, { date: at(1, 9, 30), sender: other }),
  ]);
  expect(list.map(({ isFirstOfGroup }) => isFirstOfGroup)).toEqual([true, false, true, true]);
});

test("one head never speaks for imported messages and for others", () => {
  const list = items([
    message(1, { date: at(1, 9, 0), is_imported: true }),
    message(2, { date: at(1, 9, 1), is_imported: true }),
    message(3, { date: at(1, 9, 2) }),
    message(4, { date: at(1, 9, 3), album_id: "1" }),
    message(5, { date: at(1, 9, 3), album_id: "1", is_imported: true }),
    message(6, { date: at(1, 9, 4), is_imported: true }),
  ]);
  expect(list.map(({ isFirstOfGroup }) => isFirstOfGroup)).toEqual([true, false, true, true, true]);
});

test("service messages and forwards stand for themselves", () => {
  const list = items([
    message(1),
    message(2, { service: { type: "pin_message" } }),
    message(3),
    message(4, { forward: { from_name: "Old" } }),
  ]);
  expect(list.every(({ isFirstOfGroup }) => isFirstOfGroup)).toBe(true);
});

test("the pictures of an album are one item, whose key stays when it grows", () => {
  const pictures = [5, 6, 7].map((id) => message(id, { album_id: "9007199254740993" }));
  const whole = items([message(4), ...pictures, message(8)]);
  expect(whole.map(({ messages }) => messages.length)).toEqual([1, 3, 1]);
  expect(items(pictures.slice(1))[0]?.key).toBe(whole[1]?.key);
});

test("a message is found in its album", () => {
  const list = items([message(4), message(5, { album_id: "1" }), message(6, { album_id: "1" })]);
  expect(indexOfMessage(list, 6)).toBe(1);
  expect(indexOfMessage(list, 7)).toBe(-1);
});

test("what is shown does not change when older messages join", () => {
  const day = [1, 2, 3, 4, 5].map((id) => message(id, { date: at(1, 9, id), album_id: id < 3 ? "7" : null }));
  const before = items(day.slice(1), true);
  const after = items(day, true);
  expect(after.slice(-before.length)).toEqual(before);
  expect(items(day)[0]?.messages).toHaveLength(2);
});

test("a lone item is shown even while there are older ones", () => {
  expect(items([message(1)], true)).toHaveLength(1);
});
