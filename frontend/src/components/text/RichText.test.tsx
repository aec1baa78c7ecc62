import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { Entity } from "../../queries/api";
import { RichText } from "./RichText";

function markup(text: string, ...entities: Partial<Entity>[]): string {
  const whole = entities.map((entity) => ({
    type: "bold",
    offset: 0,
    length: text.length,
    argument: null,
    ...entity,
  }));
  return renderToStaticMarkup(<RichText text={text} entities={whole} />);
}

test("a link leaves without telling where it comes from, and says where it goes", () => {
  const html = markup("the report", { type: "text_url", argument: "https://example.org/r" });
  expect(html).toContain('href="https://example.org/r" title="https://example.org/r"');
  expect(html).toContain('rel="noopener noreferrer"');
});

test("an address that could run code is only text", () => {
  expect(markup("press me", { type: "text_url", argument: "javascript:alert(1)" })).not.toContain("<a");
});

test("markup in a message is text", () => {
  expect(markup("<img src=x onerror=alert(1)>", { type: "bold" })).toContain("&lt;img src=x");
});

test("a spoiler is hidden from readers and screen readers until it is pressed", () => {
  const html = markup("the end", { type: "spoiler" });
  expect(html).toContain('aria-label="Hidden text, show it"');
  expect(html).toContain('<span aria-hidden="true">the end</span>');
});

test("an unknown entity shows its text", () => {
  expect(markup("new kind", { type: "from_the_future" })).toContain("new kind");
});

test("text chooses its own direction", () => {
  expect(markup("مرحبا")).toContain('dir="auto"');
});
