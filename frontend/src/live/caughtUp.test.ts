import { expect, test } from "vitest";
import { event, message } from "../testing/samples";
import { caughtUp } from "./caughtUp";
import { journal } from "./journal";

test("events that arrive while an answer is on its way come with it", async () => {
  const [data, missed] = await caughtUp(async () => {
    journal.append([event(1, message(1))]);
    return "page";
  });
  expect(data).toBe("page");
  expect(missed.map(({ position }) => position)).toEqual(["1.1"]);
});

test("an answer that was asked for before a resync is asked for again", async () => {
  let asked = 0;
  const [data, missed] = await caughtUp(async () => {
    asked += 1;
    if (asked === 1) journal.restart();
    return asked;
  });
  expect([data, missed]).toEqual([2, []]);
});
