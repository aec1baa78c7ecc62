import { expect, test } from "vitest";
import type { Export, ExportRequest } from "../../queries/api";
import { chosen, isReversed, toRequest } from "../../queries/exports";
import { startOfDay } from "../../queries/search";
import { chatsOf, FORMATS, limitsOf, progressOf, shareOf } from "./facts";

const REQUEST: ExportRequest = toRequest(chosen([], null));

function made(part: Partial<Export>): Export {
  return {
    export_id: 1,
    request: REQUEST,
    state: "running",
    done: 0,
    total: null,
    file_name: null,
    bytes: null,
    error: null,
    created_at: "2026-03-01T12:00:00Z",
    started_at: null,
    finished_at: null,
    expires_at: null,
    ...part,
  };
}

test("nothing chosen asks for everything of every chat", () => {
  expect(REQUEST.chat_ids).toBeNull();
  expect(new Set(Object.values(REQUEST.filter ?? {}))).toEqual(new Set([null]));
});

test("days are included as a whole, where the reader is", () => {
  const { filter } = toRequest({ ...chosen([5], null), from: "2026-03-01", to: "2026-03-01" });
  expect(filter?.since).toBe(startOfDay("2026-03-01"));
  expect(filter?.until).toBe(startOfDay("2026-03-02"));
});

test("a topic is asked for in its own chat only", () => {
  expect(toRequest(chosen([5], 7)).filter?.topic_id).toBe(7);
  expect(toRequest(chosen([5, 6], 7)).filter?.topic_id).toBeNull();
});

test("only and without are two different questions, and any is none", () => {
  const filter = toRequest({ ...chosen([5], null), edited: "only", deleted: "without" }).filter;
  expect([filter?.is_edited, filter?.is_deleted]).toEqual([true, false]);
});

test("words of spaces are no words", () => {
  expect(toRequest({ ...chosen([5], null), words: "  " }).filter?.words).toBeNull();
});

test("nothing is asked for that a format has no place for", () => {
  const choice = { ...chosen([5], null), withObservations: true, withBom: true };
  const asked = (format: ExportRequest["format"]) => {
    const { with_observations, with_bom } = toRequest({ ...choice, format });
    return [with_observations, with_bom];
  };
  expect(asked("csv")).toEqual([true, true]);
  expect(asked("parquet")).toEqual([true, false]);
  expect(asked("html")).toEqual([false, false]);
  expect(asked("telegram")).toEqual([false, false]);
});

test("an end before its beginning is noticed", () => {
  expect(isReversed({ ...chosen([], null), from: "2026-03-02", to: "2026-03-01" })).toBe(true);
  expect(isReversed({ ...chosen([], null), from: "2026-03-02", to: "" })).toBe(false);
});

test("chats are named, and counted where they are many", () => {
  const titles = new Map([[5, "Harbour"]]);
  expect(chatsOf(null, titles)).toBe("All chats");
  expect(chatsOf([5, 6], titles)).toBe("Harbour, Chat 6");
  expect(chatsOf([5, 6, 7, 8], titles)).toBe("Harbour, Chat 6 and 2 more");
});

test("what was left out is told, false as well as true", () => {
  const request = toRequest({ ...chosen([5], 7), deleted: "without", words: "light", withRevisions: true });
  expect(limitsOf(request)).toEqual(["topic 7", "without deleted ones", "“light”", "with earlier texts"]);
  expect(limitsOf(REQUEST)).toEqual([]);
});

test("the last day is told, not the moment after it", () => {
  const [told] = limitsOf(toRequest({ ...chosen([5], null), to: "2026-03-01" }));
  expect(told).toBe(
    `until ${new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(new Date(2026, 2, 1))}`,
  );
});

test("progress is a share once the messages are counted", () => {
  expect(shareOf(made({ state: "queued" }))).toBeNull();
  expect(shareOf(made({}))).toBeNull();
  expect(shareOf(made({ done: 1, total: 4 }))).toBe(0.25);
  expect(shareOf(made({ done: 0, total: 0 }))).toBe(1);
  expect(progressOf(made({ done: 4, total: 4 }))).toBe("Packing");
});

test("every format has an explanation of one line", () => {
  expect(FORMATS.every(({ hint }) => hint.length > 0 && hint.length < 90)).toBe(true);
});
