import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Attachment } from "./Attachment";
import type { Media } from "./media";

const HASH = "0f".repeat(32);

function shown(kind: string, type: string, more: Media = {}): string {
  const file = { state: "stored", sha256: HASH, size: 10, name: "tide.bin", mime_type: type };
  return renderToStaticMarkup(<Attachment media={{ kind, ...more, file }} from="Aino" />);
}

test("a photo is a button with a lazy picture, its words and its shape", () => {
  const html = shown("photo", "image/jpeg", { width: 400, height: 300 });
  expect(html).toContain(`src="/api/media/${HASH}"`);
  expect(html).toContain('alt="Photo from Aino"');
  expect(html).toContain('loading="lazy"');
  expect(html).toMatch(/<button[^>]*aspect-ratio:400 \/ 300/);
});

test("a video and a sound play with the browser's own controls and load nothing large before", () => {
  expect(shown("video", "video/mp4")).toMatch(/<video[^>]*aria-label="Video from Aino"[^>]*controls=""/);
  expect(shown("video", "video/mp4")).toContain('preload="metadata"');
  expect(shown("voice", "audio/ogg", { duration: 65 })).toMatch(/1:05.*<audio[^>]*preload="none"/);
});

test("a file is a link that keeps its name", () => {
  const html = shown("document", "application/pdf");
  expect(html).toMatch(/<a [^>]*download="tide.bin"/);
  expect(html).toContain("tide.bin");
});

test("a contact's card has the person's name, and the file keeps its own", () => {
  const html = shown("contact", "text/vcard", { first_name: "Bo", last_name: "Maker" });
  expect(html).toMatch(/<a [^>]*download="tide.bin"/);
  expect(html).toMatch(/<bdi[^>]*>Bo Maker<\/bdi>/);
});

test("a hidden picture is not loaded before it is asked for", () => {
  const html = shown("photo", "image/jpeg", { is_spoiler: true });
  expect(html).not.toContain(HASH);
  expect(html).toContain("Show hidden Photo from Aino");
});

test("what is missing says so and leads nowhere", () => {
  const html = renderToStaticMarkup(
    <Attachment media={{ kind: "document", file_name: "tide.pdf", file: { state: "missing" } }} />,
  );
  expect(html).toContain("tide.pdf");
  expect(html).toContain("File missing from the import");
  expect(html).not.toMatch(/href|src=/);
});

test("what is not known to have a file says nothing of one", () => {
  const html = renderToStaticMarkup(<Attachment media={{ kind: "geo", latitude: 60, longitude: 24 }} />);
  expect(html).not.toContain("File");
});

test("a list of tasks is read item by item", () => {
  const media = { kind: "todo", title: "To pack", items: ["Rope", "Two anchors", "Rope"] };
  const html = renderToStaticMarkup(<Attachment media={media} />);
  expect(html).toMatch(
    /Checklist.*To pack.*<li[^>]*>Rope<\/li><li[^>]*>Two anchors<\/li><li[^>]*>Rope<\/li>/,
  );
});
