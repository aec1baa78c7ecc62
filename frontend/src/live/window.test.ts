import { describe, expect, test } from "vitest";
import type { MessagePage } from "../queries/api";
import { CHAT, event, message, range } from "../testing/samples";
import {
  folded,
  fromPage,
  isTouched,
  LONGEST,
  trimmedHead,
  trimmedTail,
  type Window,
  withNewer,
  withOlder,
} from "./window";

const scope = { chatId: CHAT, topicId: null };

function page(ids: number[], before: number | null, after: number | null): MessagePage {
  return { messages: ids.map((id) => message(id)), before, after, anchor: null };
}

const ids = (window: Window) => window.messages.map(({ message_id }) => message_id);
const atEnd = fromPage(page([10, 11, 12], 10, null));
const inThePast = fromPage(page([10, 11, 12], 10, 12));

describe("live events fold into a window", () => {
  test("a new message joins at the live end", () => {
    expect(ids(folded(atEnd, [event(1, message(13))], scope))).toEqual([10, 11, 12, 13]);
  });

  test("a new message does not join a window that ends in the past, or there would be a hole", () => {
    expect(folded(inThePast, [event(1, message(13))], scope)).toBe(inThePast);
  });

  test("a message that comes twice is shown once", () => {
    const once = folded(atEnd, [event(1, message(13))], scope);
    expect(ids(folded(once, [event(1, message(13)), event(2, message(13), "edit")], scope))).toEqual([
      10, 11, 12, 13,
    ]);
  });

  test("a late message takes its place by id", () => {
    const gap = fromPage(page([10, 12], 10, null));
    expect(ids(folded(gap, [event(1, message(14)), event(2, message(11))], scope))).toEqual([10, 11, 12, 14]);
  });

  test("an edit replaces the text, a deletion keeps it", () => {
    const edited = folded(inThePast, [event(1, message(11, { text: "better" }), "edit")], scope);
    expect(edited.messages[1]?.text).toBe("better");
    const gone = message(11, { text: "better", deleted_at: "2026-03-01T13:00:00Z" });
    const deleted = folded(edited, [event(2, gone, "delete")], scope);
    expect(deleted.messages[1]).toEqual(gone);
    expect(ids(deleted)).toEqual([10, 11, 12]);
  });

  test("an observation changes the counters of a known message only", () => {
    const seen = folded(inThePast, [event(1, message(12, { views: 7 }), "observation")], scope);
    expect(seen.messages[2]?.views).toBe(7);
    expect(folded(inThePast, [event(1, message(2, { views: 7 }), "observation")], scope)).toBe(inThePast);
  });

  test("events of other chats and topics leave the very same window", () => {
    const elsewhere = event(1, message(13, { chat_id: -5 }));
    expect(folded(atEnd, [elsewhere], scope)).toBe(atEnd);
    const otherTopic = event(1, message(13, { topic_id: 9 }));
    expect(folded(atEnd, [otherTopic], { chatId: CHAT, topicId: 5 })).toBe(atEnd);
  });

  test("unchanged messages stay the same objects, so that they are not rendered again", () => {
    expect(folded(atEnd, [event(1, message(13))], scope).messages[0]).toBe(atEnd.messages[0]);
  });

  test("history that appears before the beginning can be asked for", () => {
    const whole = fromPage(page([10, 11], null, null));
    expect(folded(whole, [range(1, 1, 9)], scope).before).toBe(10);
  });

  test("an unread window stops growing and remembers where it stopped", () => {
    const many = Array.from({ length: LONGEST + 5 }, (_, n) => event(n, message(13 + n)));
    const grown = folded(atEnd, many, scope);
    expect(grown.messages).toHaveLength(LONGEST);
    expect(grown.after).toBe(grown.messages.at(-1)?.message_id);
  });
});

describe("pages extend a window", () => {
  test("an older page joins above without repeats", () => {
    const longer = withOlder(atEnd, page([8, 9, 10], 8, 10));
    expect(ids(longer)).toEqual([8, 9, 10, 11, 12]);
    expect([longer.before, longer.after]).toEqual([8, null]);
  });

  test("a newer page joins below and may reach the live end", () => {
    const longer = withNewer(inThePast, page([13, 14], 12, null));
    expect(ids(longer)).toEqual([10, 11, 12, 13, 14]);
    expect([longer.before, longer.after]).toEqual([10, null]);
  });

  test("an event that arrived while the last page was on its way is folded in after it", () => {
    const longer = withNewer(folded(inThePast, [event(1, message(15))], scope), page([13, 14], 12, null));
    expect(ids(folded(longer, [event(1, message(15))], scope))).toEqual([10, 11, 12, 13, 14, 15]);
  });

  test("what is cut off can be asked for again", () => {
    expect(trimmedHead(atEnd, 2)).toMatchObject({ before: 11, after: null });
    expect(trimmedTail(atEnd, 2)).toMatchObject({ before: 10, after: 11 });
    expect(trimmedHead(atEnd, 3)).toBe(atEnd);
  });
});

test("bulk history touches a window when it falls inside it or follows its live end", () => {
  expect(isTouched(inThePast, 11, 11)).toBe(true);
  expect(isTouched(inThePast, 1, 9)).toBe(false);
  expect(isTouched(inThePast, 13, 20)).toBe(false);
  expect(isTouched(atEnd, 13, 20)).toBe(true);
  expect(isTouched({ ...atEnd, messages: [] }, 1, 2)).toBe(true);
});
