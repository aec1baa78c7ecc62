/** Whether opening a chat takes the reader to its messages, and to which. */
import type { Window } from "../../live/window";
import { isDialogOpen, isTyping } from "../useShortcuts";
import { type Item, indexOfMessage } from "./items";

/**
 * Whether a timeline that opens now is to have the focus: one asked for a message is, and one opened from the list by
 * keyboard, which a link's visible focus tells from a click.
 */
export function isArrival(at: number | null): boolean {
  return at !== null || (document.activeElement?.matches("a[data-chat]:focus-visible") ?? false);
}

/** The item that takes the focus; none once the reader has gone on to something else. */
export function arrivalItem(list: readonly Item[], window: Window, at: number | null): string | null {
  if (isTyping(document.activeElement) || isDialogOpen()) return null;
  const index = at === null ? -1 : indexOfTarget(list, window, at);
  return (list[index] ?? list.at(-1))?.key ?? null;
}

/** Where the message asked for is, or the nearest one that is stored. */
export function indexOfTarget(list: readonly Item[], window: Window, at: number): number {
  const exact = indexOfMessage(list, at);
  return exact >= 0 || window.anchor === null ? exact : indexOfMessage(list, window.anchor);
}
