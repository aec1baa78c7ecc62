/** Keys that work everywhere: / searches, Escape goes back to the list. */
import { useEffect } from "react";
import { useLocation } from "wouter";

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
      if (event.key === "Escape" && !isTyping(event.target) && !isDialogOpen()) {
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

function isDialogOpen(): boolean {
  return document.querySelector('[role="dialog"]') !== null;
}
