/** The virtualizer of a timeline: opens it at its place and keeps the reader there. */
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useLayoutEffect } from "react";
import type { Window } from "../../live/window";
import { estimatedHeight } from "./estimate";
import type { Item } from "./items";

/** Nearer to the end than this, the reader follows new messages. */
const END_PX = 80;
const OVERSCAN = 10;

interface Options {
  readonly list: readonly Item[];
  readonly window: Window;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly at: number | null;
  readonly activeKey: string | null;
}

export function usePlace({ list, window, scroller, at, activeKey }: Options) {
  const isLive = window.after === null;
  const active = activeKey === null ? -1 : list.findIndex(({ key }) => key === activeKey);
  const virtualizer = useVirtualizer({
    count: list.length,
    getScrollElement: () => scroller.current,
    getItemKey: useCallback((index: number) => list[index]?.key ?? index, [list]),
    estimateSize: (index) => estimatedHeight(list[index], scroller.current?.clientWidth ?? 800),
    anchorTo: "end",
    followOnAppend: isLive,
    scrollEndThreshold: END_PX,
    overscan: OVERSCAN,
    // The focused message stays mounted out of sight, or the keyboard would lose its place.
    rangeExtractor: useCallback((range: Range) => withIndex(defaultRangeExtractor(range), active), [active]),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a timeline is opened at its place once
  useLayoutEffect(() => {
    const index = list.findIndex(({ messages }) =>
      messages.some(({ message_id }) => message_id === target(window, at)),
    );
    if (index >= 0) virtualizer.scrollToIndex(index, { align: "center" });
    else virtualizer.scrollToEnd();
  }, []);

  const isAtEnd = isLive && virtualizer.isAtEnd(END_PX);
  return { virtualizer, isAtEnd };
}

export type Virtualizer = ReturnType<typeof usePlace>["virtualizer"];

/** The message a window opens at: the one asked for, or the nearest one that is stored. */
function target(window: Window, at: number | null): number | null {
  if (at === null) return null;
  return window.messages.some(({ message_id }) => message_id === at) ? at : window.anchor;
}

function withIndex(indexes: number[], extra: number): number[] {
  if (extra < 0 || indexes.includes(extra)) return indexes;
  return [...indexes, extra].sort((a, b) => a - b);
}
