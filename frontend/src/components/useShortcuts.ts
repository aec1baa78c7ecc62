/** Keys that work everywhere: / searches, Escape goes back to the list, j, k and arrows enter what can be read. */
import { useEffect } from "react";
import { useLocation } from "wouter";
import { STEPS } from "./useRovingKeys";

/** Where reading goes on: in the timeline or the matches if there are any, else in the list of chats. */
const ENTRANCES = ["main [data-skip-target]", "a[data-chat][aria-current]", "a[data-chat]"];

export function useShortcuts(): void {
  const [location, navigate] = useLocation();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/" && !isTyping(event.target)) {
        event.preventDefault();
        if (location === "/search") document.querySelector<HTMLElement>("[data-search-input]")?.focus();
        else navigate(searchFrom(location));
      }
      if (event.key in STEPS && isFocusNowhere() && !isDialogOpen()) {
        const entrance = ENTRANCES.map((selector) => document.querySelector<HTMLElement>(selector)).find(
          Boolean,
        );
        if (!entrance) return;
        event.preventDefault();
        entrance.focus();
      }
      if (event.key === "Escape" && !isWriting(event.target) && !isDialogOpen()) {
        if (location !== "/") navigate("/");
        // The list is where one goes on by keyboard.
        setTimeout(() => document.querySelector<HTMLElement>("[data-chat-filter]")?.focus());
      }
    };
    // In the capturing phase: a dialog that Escape closes must still be seen as open here.
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, [location, navigate]);
}

/** From a chat, the search starts in that chat. */
function searchFrom(location: string): string {
  const chat = /^\/chat\/(-?\d+)$/.exec(location)?.[1];
  return chat ? `/search?chat=${chat}` : "/search";
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** Whether keys belong to what is typed. An empty search box has nothing to lose, so Escape leaves it. */
function isWriting(target: EventTarget | null): boolean {
  const isEmpty = target instanceof HTMLInputElement && target.type === "search" && target.value === "";
  return isTyping(target) && !isEmpty;
}

/** Whether no control or message has the focus: after loading, or when what had it is gone. */
export function isFocusNowhere(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement.matches("body, main");
}

export function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"]') !== null;
}
