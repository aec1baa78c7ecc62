/** Loads the page before or after when the reader nears an edge of the window. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Scope, Window } from "../../live/window";
import { useExtend } from "../../queries/timeline";
import type { Virtualizer } from "./usePlace";

/** How many items before an edge the next page is asked for. */
const AHEAD = 15;
/** At the live end the window is cut back to what is kept once it is this long. */
const LONG = 2_000;

interface Options {
  readonly virtualizer: Virtualizer;
  readonly window: Window;
  readonly scope: Scope;
  readonly at: number | null;
  readonly isAtEnd: boolean;
}

export function useEdges({ virtualizer, window, scope, at, isAtEnd }: Options) {
  const { extend, trim } = useExtend(scope, at);
  const isBusy = useRef(false);
  const [isLoading, setLoading] = useState(false);
  const [error, setError] = useState<Error | null>(null);

  const load = useCallback(
    async (end: "older" | "newer") => {
      if (isBusy.current) return;
      isBusy.current = true;
      setLoading(true);
      try {
        await extend(end);
        setError(null);
      } catch (problem) {
        setError(problem as Error);
      } finally {
        isBusy.current = false;
        setLoading(false);
      }
    },
    [extend],
  );

  const { startIndex, endIndex } = virtualizer.range ?? { startIndex: AHEAD + 1, endIndex: 0 };
  const isNearStart = window.before !== null && startIndex <= AHEAD;
  const isNearEnd = window.after !== null && endIndex >= virtualizer.options.count - 1 - AHEAD;
  useEffect(() => {
    if (error || isLoading) return;
    if (isNearEnd) void load("newer");
    else if (isNearStart) void load("older");
  }, [isNearStart, isNearEnd, isLoading, error, load]);

  useEffect(() => {
    if (isAtEnd && window.messages.length > LONG) trim();
  }, [isAtEnd, window.messages.length, trim]);

  return { isLoading, error, retry: () => setError(null) };
}
