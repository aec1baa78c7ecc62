import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { Message } from "../../queries/api";
import { CHAT, message } from "../../testing/samples";
import type { ChatFacts } from "./facts";
import { items } from "./items";
import { Row } from "./Row";

const FACTS: ChatFacts = { title: "Harbour", isChannel: false, isImport: false, topics: new Map() };
const HASH = "0f".repeat(32);

function shown(more: Partial<Message>): string {
  const [item] = items([message(1, { chat_id: CHAT, text: "", ...more })]);
  if (!item) throw new Error("no item");
  const place = { ref: null, index: 0, start: 0, isTabStop: true, isHighlighted: false };
  return renderToStaticMarkup(
    <Row {...place} item={item} chat={FACTS} onFocus={() => {}} onJump={() => {}} />,
  );
}

test("words of a gift and tasks that were added are read", () => {
  const gift = shown({ service: { type: "star_gift", text: "Ahoy you" } });
  expect(gift).toMatch(/gave a gift.*<blockquote[^>]*>Ahoy you<\/blockquote>/);
  const tasks = shown({ service: { type: "todo_append_tasks", items: ["rope", "rope"] } });
  expect(tasks.match(/<li[^>]*>rope<\/li>/g)).toHaveLength(2);
  const custom = shown({ service: { type: "custom_action", text: "Said by Telegram" } });
  expect(custom.match(/Said by Telegram/g)).toHaveLength(1);
});

test("a service message about a picture shows the picture", () => {
  const file = { state: "stored", sha256: HASH, size: 10, name: "g.jpg", mime_type: "image/jpeg" };
  const html = shown({ service: { type: "chat_edit_photo" }, media: { kind: "photo", file } });
  expect(html).toContain("changed the picture");
  expect(html).toContain(`src="/api/media/${HASH}"`);
});
