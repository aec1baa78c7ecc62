/** The virtualizer of a timeline: opens it at its place and keeps the reader there. */
import {
  defaultRangeExtractor,
  type Range,
  type ScrollToOptions,
  useVirtualizer,
} from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Window } from "../../live/window";
import { indexOfTarget } from "./arrival";
import { estimatedHeight } from "./estimate";
import type { Item } from "./items";

/** Nearer to the end than this, the reader follows new messages. */
const END_PX = 80;
const OVERSCAN = 10;
/** How long a jump may take to settle on measured heights. */
const SETTLING_MS = 1_000;

interface Options {
  readonly list: readonly Item[];
  readonly window: Window;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly at: number | null;
  readonly activeKey: string | null;
}

type Align = ScrollToOptions["align"];

export function usePlace({ list, window, scroller, at, activeKey }: Options) {
  const isLive = window.after === null;
  const active = activeKey === null ? -1 : indexOfKey(list, activeKey);
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

  const jump = useRef<{ key: string; align: Align; startedAt: number } | null>(null);
  const goTo = useCallback(
    (index: number, align: Align) => {
      const key = list[index]?.key;
      if (key === undefined) return;
      jump.current = { key, align, startedAt: performance.now() };
      virtualizer.scrollToIndex(index, { align });
    },
    [list, virtualizer],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: a timeline is opened at its place once
  useLayoutEffect(() => {
    const index = at === null ? -1 : indexOfTarget(list, window, at);
    if (index >= 0) goTo(index, "center");
    else virtualizer.scrollToEnd();
  }, []);

  // The virtualizer settles a jump by index; when older messages join meanwhile, the target has another index.
  useLayoutEffect(() => {
    const { key, align, startedAt } = jump.current ?? {};
    if (key === undefined || startedAt === undefined || performance.now() - startedAt > SETTLING_MS) return;
    const index = indexOfKey(list, key);
    if (index >= 0) virtualizer.scrollToIndex(index, { align });
  }, [list, virtualizer]);

  useEffect(() => {
    const element = scroller.current;
    const release = () => {
      jump.current = null;
    };
    const gestures = ["wheel", "touchmove", "pointerdown"] as const;
    for (const gesture of gestures) element?.addEventListener(gesture, release, { passive: true });
    return () => {
      for (const gesture of gestures) element?.removeEventListener(gesture, release);
    };
  }, [scroller]);

  const isAtEnd = useIsAtEnd(scroller, isLive, at === null);
  return { virtualizer, goTo, isAtEnd };
}

/** Whether the reader is at the live end, measured once the page stands as it will be painted. */
function useIsAtEnd(
  scroller: RefObject<HTMLDivElement | null>,
  isLive: boolean,
  isAtFirst: boolean,
): boolean {
  const [isAtEnd, setAtEnd] = useState(isAtFirst);
  // The virtualizer renders on each scroll; between its commands its own figures can be of two different moments.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element)
      setAtEnd(isLive && element.scrollHeight - element.scrollTop - element.clientHeight <= END_PX);
  });
  return isAtEnd;
}

export type Virtualizer = ReturnType<typeof usePlace>["virtualizer"];

function indexOfKey(list: readonly Item[], wanted: string): number {
  return list.findIndex(({ key }) => key === wanted);
}

function withIndex(indexes: number[], extra: number): number[] {
  if (extra < 0 || indexes.includes(extra)) return indexes;
  return [...indexes, extra].sort((a, b) => a - b);
}
