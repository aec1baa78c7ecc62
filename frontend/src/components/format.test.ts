import { expect, test } from "vitest";
import { formatDay, formatDuration, formatPace, formatSize, plural } from "./format";

test("sizes and durations are short", () => {
  expect(formatSize(999)).toBe("999 B");
  expect(formatSize(2_345_678)).toBe("2.3 MB");
  expect(formatSize(48_211)).toBe("48 kB");
  expect(formatDuration(94)).toBe("1:34");
  expect(formatDuration(3_605)).toBe("1:00:05");
});

test("near days have names", () => {
  const now = new Date(2026, 2, 15, 8);
  expect(formatDay(new Date(2026, 2, 15, 1), now)).toBe("Today");
  expect(formatDay(new Date(2026, 2, 14, 23), now)).toBe("Yesterday");
  expect(formatDay(new Date(2025, 2, 14), now)).toContain("2025");
});

test("one is not many", () => {
  expect(plural(1, "person", "people")).toBe("1 person");
  expect(plural(2, "chat")).toBe("2 chats");
});

test("a slow pace is told by the minute", () => {
  expect(formatPace(1.318)).toBe("1.3/s");
  expect(formatPace(0.05)).toBe("3/min");
});
