import { describe, expect, test } from "vitest";
import type { Entity } from "../../queries/api";
import { type Node, tree } from "./tree";

const entity = (type: string, offset: number, length: number): Entity => ({
  type,
  offset,
  length,
  argument: null,
});

/** Writes a tree as text with its entities as tags. */
function written(nodes: readonly Node[]): string {
  return nodes
    .map((node) =>
      node.kind === "text"
        ? node.text
        : `<${node.entity.type}>${written(node.children)}</${node.entity.type}>`,
    )
    .join("");
}

describe("a text with entities becomes a tree", () => {
  test("text without entities stays as it is", () => {
    expect(written(tree("plain", []))).toBe("plain");
    expect(tree("", [])).toEqual([]);
  });

  test("offsets count UTF-16 units, so an emoji before them takes two", () => {
    expect(written(tree("😀 bold", [entity("bold", 3, 4)]))).toBe("😀 <bold>bold</bold>");
  });

  test("nested entities nest, whatever their order", () => {
    const inner = entity("italic", 2, 2);
    const outer = entity("bold", 0, 6);
    expect(written(tree("abcdef", [inner, outer]))).toBe("<bold>ab<italic>cd</italic>ef</bold>");
  });

  test("overlapping entities are cut where they cross", () => {
    const text = tree("abcdef", [entity("bold", 0, 4), entity("italic", 2, 4)]);
    expect(written(text)).toBe("<bold>ab<italic>cd</italic></bold><italic>ef</italic>");
  });

  test("two entities on one stretch both apply", () => {
    expect(written(tree("ab", [entity("bold", 0, 2), entity("italic", 0, 2)]))).toBe(
      "<bold><italic>ab</italic></bold>",
    );
  });

  test("a link stays one link where styles cross it", () => {
    const text = tree("abcdef", [entity("bold", 0, 3), entity("text_url", 2, 4)]);
    expect(written(text)).toBe("<bold>ab</bold><text_url><bold>c</bold>def</text_url>");
  });

  test("a quote contains what begins in it", () => {
    const text = tree("quote me", [entity("bold", 3, 5), entity("blockquote", 0, 5)]);
    expect(written(text)).toBe("<blockquote>quo<bold>te</bold></blockquote><bold> me</bold>");
  });

  test("entities beyond the text or of no length are left out", () => {
    expect(written(tree("ab", [entity("bold", 5, 3), entity("italic", 1, 0), entity("code", 1, 9)]))).toBe(
      "a<code>b</code>",
    );
  });

  test("no text is lost or repeated however entities overlap", () => {
    const text = "The quick brown fox 😀 jumps";
    const types = ["bold", "italic", "spoiler", "text_url", "blockquote", "code"];
    for (let seed = 1; seed < 200; seed += 1) {
      const entities = types.map((type, n) => entity(type, (seed * (n + 3)) % 25, (seed * (n + 7)) % 13));
      const flat = (nodes: readonly Node[]): string =>
        nodes.map((node) => (node.kind === "text" ? node.text : flat(node.children))).join("");
      expect(flat(tree(text, entities))).toBe(text);
    }
  });
});
