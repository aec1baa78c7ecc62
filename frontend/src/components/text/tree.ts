/**
 * Turns a text and its entities into a tree. Entities may overlap in any way; their offsets count UTF-16 units, as
 * JavaScript strings do, so slices need no conversion. Pure.
 */
import type { Entity } from "../../queries/api";

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "entity";
      readonly entity: Entity;
      readonly text: string;
      readonly children: readonly Node[];
    };

/** Blocks contain everything else, and links are never cut, since each piece would be a link of its own. */
const RANK: Record<string, number> = { blockquote: 0, pre: 1, text_url: 2, url: 2, spoiler: 3 };

interface Span {
  readonly entity: Entity;
  readonly start: number;
  readonly end: number;
}

export function tree(text: string, entities: readonly Entity[]): Node[] {
  const spans = entities
    .map((entity) => ({
      entity,
      start: Math.max(0, entity.offset),
      end: Math.min(text.length, entity.offset + entity.length),
    }))
    .filter(({ start, end }) => start < end);
  return between(text, 0, text.length, spans.sort(outermostFirst));
}

function between(text: string, start: number, end: number, spans: readonly Span[]): Node[] {
  const [outer, ...others] = spans;
  if (!outer) return start < end ? [{ kind: "text", text: text.slice(start, end) }] : [];
  const inside = others.flatMap((span) => clipped(span, outer.start, outer.end));
  const before = others.flatMap((span) => clipped(span, start, outer.start));
  const after = others.flatMap((span) => clipped(span, outer.end, end));
  return [
    ...between(text, start, outer.start, before),
    {
      kind: "entity",
      entity: outer.entity,
      text: text.slice(outer.start, outer.end),
      children: between(text, outer.start, outer.end, inside),
    },
    ...between(text, outer.end, end, after),
  ];
}

function clipped(span: Span, start: number, end: number): Span[] {
  const piece = { entity: span.entity, start: Math.max(span.start, start), end: Math.min(span.end, end) };
  return piece.start < piece.end ? [piece] : [];
}

function outermostFirst(a: Span, b: Span): number {
  return rank(a) - rank(b) || b.end - b.start - (a.end - a.start) || a.start - b.start;
}

function rank({ entity }: Span): number {
  return RANK[entity.type] ?? 4;
}
