/** Counts the messages that arrived while the reader was elsewhere in the chat. */
import { useCallback, useEffect, useState } from "react";
import { useLiveEvents } from "../../live/LiveProvider";
import { belongs, type Scope } from "../../live/window";
import type { LiveEvent } from "../../queries/api";

export function newIn(events: readonly LiveEvent[], scope: Scope): number {
  return events.filter(
    (event) => event.type === "message" && event.change === "new" && belongs(event.message, scope),
  ).length;
}

export function useUnseen(scope: Scope, isAtEnd: boolean): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    if (isAtEnd) setCount(0);
  }, [isAtEnd]);
  useLiveEvents(
    useCallback(
      (events) => {
        const arrived = newIn(events, scope);
        if (arrived > 0 && !isAtEnd) setCount((before) => before + arrived);
      },
      [scope, isAtEnd],
    ),
  );
  return count;
}
