/** j, k and arrows move from message to message; Home and End go to the first loaded and to the newest. */
import { type KeyboardEvent, type RefObject, useCallback, useLayoutEffect, useRef } from "react";
import { STEPS } from "../useRovingKeys";
import { isTyping } from "../useShortcuts";
import type { Item } from "./items";

interface Options {
  readonly list: readonly Item[];
  readonly goTo: (index: number, align: "auto") => void;
  readonly activeKey: string | null;
  readonly setActiveKey: (key: string) => void;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly toNewest: () => void;
  /** The item that takes the focus when the timeline opens. */
  readonly arrivalKey: string | null;
}

export function useFeedKeys(options: Options) {
  const { list, goTo, activeKey, setActiveKey, scroller, toNewest, arrivalKey } = options;
  const wanted = useRef(arrivalKey);
  // The item may have to be mounted before it can take the focus; each render may be the one that did it.
  useLayoutEffect(() => {
    const key = wanted.current;
    const element =
      key === null ? null : scroller.current?.querySelector<HTMLElement>(`[data-item="${CSS.escape(key)}"]`);
    if (!element) return;
    wanted.current = null;
    element.focus({ preventScroll: true });
  });
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      // What plays has keys of its own: arrows and Home move within it.
      if (event.target instanceof HTMLMediaElement) return;
      // React sends the keys of a dialog that a message opened here as well.
      if (!event.currentTarget.contains(event.target as Node)) return;
      const move = (index: number) => {
        const item = list[Math.min(list.length - 1, Math.max(0, index))];
        if (!item) return;
        event.preventDefault();
        goTo(list.indexOf(item), "auto");
        setActiveKey(item.key);
        wanted.current = item.key;
      };
      if (event.key === "End") {
        toNewest();
        move(list.length - 1);
      } else if (event.key === "Home") move(0);
      const step = STEPS[event.key];
      if (step !== undefined) move(list.findIndex(({ key }) => key === activeKey) + step);
    },
    [list, goTo, activeKey, setActiveKey, toNewest],
  );
}
