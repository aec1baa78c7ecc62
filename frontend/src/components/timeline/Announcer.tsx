/** Tells screen readers of new messages, now and then rather than one by one. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useLiveEvents } from "../../live/LiveProvider";
import type { Scope } from "../../live/window";
import { plural } from "../format";
import { newIn } from "./useUnseen";

const INTERVAL_MS = 5_000;

export function Announcer({ scope, title }: { scope: Scope; title: string }) {
  const [text, setText] = useState("");
  const arrived = useRef(0);
  useLiveEvents(
    useCallback(
      (events) => {
        arrived.current += newIn(events, scope);
      },
      [scope],
    ),
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (arrived.current > 0) setText(`${plural(arrived.current, "new message")} in ${title}`);
      arrived.current = 0;
    }, INTERVAL_MS);
    return () => clearInterval(timer);
  }, [title]);
  return (
    <div className="visually-hidden" aria-live="polite">
      {text}
    </div>
  );
}
