/** The frame: the chats beside the page, or one of both on a narrow screen. */
import { type ReactNode, useCallback, useRef } from "react";
import { useLocation } from "wouter";
import { ConnectionBadge } from "./ConnectionBadge";
import { ChatList } from "./chats/ChatList";
import classes from "./Shell.module.css";
import { TopBar } from "./TopBar";
import { useShortcuts } from "./useShortcuts";

export function Shell({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  useShortcuts();
  const skip = useCallback((event: { preventDefault(): void }) => {
    event.preventDefault();
    const content = main.current;
    (content?.querySelector<HTMLElement>("[data-skip-target]") ?? content)?.focus();
  }, []);
  return (
    <div className={classes.shell} data-page={location === "/" ? "list" : "page"}>
      {/* biome-ignore lint/a11y/useValidAnchor: it is a link to the content; the focus goes to what one wants there */}
      <a className="skip-link" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <aside className={classes.side} aria-label="Chats and navigation">
        <TopBar />
        <ChatList />
      </aside>
      <main className={classes.main} id="main" tabIndex={-1} ref={main}>
        {children}
      </main>
      <ConnectionBadge isFloating />
    </div>
  );
}
