import { expect, test } from "vitest";
import { boxOf, fileOf, formOf, heightOf, noteOf, wordsFor } from "./file";
import type { Media } from "./media";

const HASH = "ab".repeat(32);

function stored(kind: string, type: string | null, more: Media = {}): Media {
  return {
    kind,
    ...more,
    file: { state: "stored", sha256: HASH, size: 10, name: "a b.bin", mime_type: type },
  };
}

const formFor = (media: Media) => formOf(media, fileOf(media));

test("a stored file is served under its hash", () => {
  expect(fileOf(stored("photo", "image/jpeg"))?.address).toBe(`/api/media/${HASH}`);
});

test.each([undefined, null, "stored", { state: "gone" }, {}])(
  "what does not say where a file is says nothing: %j",
  (file) => {
    expect(fileOf({ kind: "photo", file })).toBeNull();
  },
);

test.each(["../../etc/passwd", "AB".repeat(32), "", 7])("only a hash becomes an address: %j", (sha256) => {
  expect(fileOf({ kind: "photo", file: { state: "stored", sha256 } })?.address).toBeNull();
});

test.each([
  ["photo", "image/jpeg", "image"],
  ["photo", null, "image"],
  ["sticker", "image/webp", "image"],
  ["sticker", "video/webm", "video"],
  ["sticker", "application/x-tgsticker", "card"],
  ["animation", "image/gif", "image"],
  ["animation", "video/mp4", "video"],
  ["video", "video/mp4", "video"],
  ["round_video", "video/mp4", "video"],
  ["voice", "audio/ogg", "sound"],
  ["audio", "audio/mpeg", "sound"],
  ["document", "image/png", "card"],
  ["photo", "image/svg+xml", "card"],
  ["photo", "text/html", "card"],
  ["contact", null, "card"],
])("a stored %s of type %s is shown as %s", (kind, type, form) => {
  expect(formFor(stored(kind, type))).toBe(form);
});

test.each(["remote", "missing", "not_included", "too_large", "unavailable"])(
  "a file that is %s is a card that says so",
  (state) => {
    const media = { kind: "photo", file: { state, sha256: null } };
    expect(formFor(media)).toBe("card");
    expect(noteOf(fileOf(media))).toMatch(/^File .*(not|missing|too large|unavailable)/);
    expect(heightOf(media, 600)).toBeGreaterThan(heightOf({ kind: "photo" }, 600));
  },
);

test("a stored file and an attachment without one need no note", () => {
  expect(noteOf(fileOf(stored("video", "video/mp4")))).toBeNull();
  expect(noteOf(fileOf({ kind: "poll" }))).toBeNull();
});

test.each([
  [{ kind: "photo", width: 4000, height: 3000 }, 420, 315],
  [{ kind: "photo", width: 3000, height: 4000 }, 315, 420],
  [{ kind: "photo", width: 200, height: 150 }, 200, 150],
  [{ kind: "photo" }, 420, 315],
  [{ kind: "photo", width: 10, height: 10_000 }, 120, 240],
  [{ kind: "photo", width: 10_000, height: 10 }, 120, 40],
  [{ kind: "photo", width: 0, height: -4 }, 420, 315],
  [{ kind: "sticker", width: 512, height: 512 }, 180, 180],
  [{ kind: "round_video", width: 384, height: 380 }, 240, 240],
])("the box of %j is known before it is loaded", (media, width, height) => {
  expect(boxOf(media)).toEqual({ width, height });
});

test("a narrow column makes the box smaller and keeps its shape", () => {
  const media = stored("photo", "image/jpeg", { width: 400, height: 300 });
  expect(heightOf(media, 800) - heightOf(media, 200)).toBe(150);
});

test("words name the kind and the sender", () => {
  expect(wordsFor({ kind: "photo" }, "Aino")).toBe("Photo from Aino");
  expect(wordsFor({ kind: "sticker", emoji: "⚓" }, null)).toBe("Sticker ⚓");
});
