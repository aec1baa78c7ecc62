import { expect, test } from "vitest";
import { safeAddress } from "./address";
import { pieces } from "./pieces";

test("only harmless schemes become links", () => {
  expect(safeAddress("https://example.org/a")).toBe("https://example.org/a");
  expect(safeAddress("tg://resolve?domain=a")).toBe("tg://resolve?domain=a");
  expect(safeAddress("mailto:a@example.org")).toBe("mailto:a@example.org");
  for (const bad of [
    "javascript:alert(1)",
    " JavaScript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
  ]) {
    expect(safeAddress(bad)).toBeNull();
  }
});

test("an address without a scheme is a web address", () => {
  expect(safeAddress("example.org/a")).toBe("https://example.org/a");
  expect(safeAddress("example.org:8080/a")).toBe("https://example.org:8080/a");
  expect(safeAddress("not an address")).toBeNull();
});

test("a snippet is split at its marks", () => {
  expect(pieces("a \uE000hit\uE001 b\uE000c\uE001")).toEqual([
    { text: "a ", isHit: false, offset: 0 },
    { text: "hit", isHit: true, offset: 3 },
    { text: " b", isHit: false, offset: 7 },
    { text: "c", isHit: true, offset: 10 },
  ]);
  expect(pieces("")).toEqual([]);
});
