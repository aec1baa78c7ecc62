/** j, k, arrows, Home and End move the focus along a list's links. */
import { type KeyboardEvent, useCallback } from "react";

/** How far each key goes, in entries of a list or messages of a timeline. */
export const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

export function useRovingKeys(selector: string) {
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const entries = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)];
      const next = target(event.key, entries, document.activeElement);
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    },
    [selector],
  );
}

function target(key: string, entries: HTMLElement[], active: Element | null): HTMLElement | undefined {
  if (key === "Home") return entries[0];
  if (key === "End") return entries.at(-1);
  const step = STEPS[key];
  if (step === undefined) return undefined;
  // What has the focus may be a button in an entry.
  const present = entries.findIndex((entry) => entry.contains(active));
  return entries[Math.min(entries.length - 1, Math.max(0, present + step))];
}
