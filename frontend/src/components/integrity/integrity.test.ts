import { expect, test } from "vitest";
import { gapParameters, readGapFilter } from "../../queries/gaps";
import { formatHole, formatShare, present, summary } from "./classes";
import { formatSpan } from "./span";

const IDS = {
  stored: 1200,
  deleted: 0,
  dead_letter: 0,
  empty: null,
  unreachable: 0,
  outside: null,
  open: 3,
  unaccounted: null,
};

test("spans have two units at most", () => {
  expect(formatSpan(0.2504)).toBe("0.25 s");
  expect(formatSpan(59.6)).toBe("1 min");
  expect(formatSpan(3_661)).toBe("1 h 1 min");
  expect(formatSpan(3 * 86_400 + 90)).toBe("3 d");
});

test("nearly everything is never called everything", () => {
  expect(formatShare(0.999_999)).toBe("99.99 %");
  expect(formatShare(1)).toBe("100 %");
  expect(formatShare(null)).toBe("–");
});

test("a bar is told in words, without the classes that have nothing", () => {
  expect(present(IDS).map(({ name }) => name)).toEqual(["stored", "open"]);
  expect(summary(IDS)).toBe("Stored 1,200, Open 3");
});

test("a hole without a known end says so", () => {
  expect(formatHole({ first_id: 4, last_id: 4 })).toBe("4");
  expect(formatHole({ first_id: 4, last_id: 9 })).toBe("4–9");
  expect(formatHole({ first_id: 4, last_id: null })).toBe("4 and above");
});

test("the filter of gaps comes back from its address", () => {
  const filter = { chat: -1_000_000_000_007, isOpen: true, since: "2026-03-01" };
  expect(readGapFilter(new URLSearchParams(gapParameters(filter)))).toEqual(filter);
  const none = { chat: null, isOpen: false, since: null };
  expect(readGapFilter(new URLSearchParams("chat=harbour&open=yes&since=soon"))).toEqual(none);
  expect(gapParameters(none)).toEqual({});
});
