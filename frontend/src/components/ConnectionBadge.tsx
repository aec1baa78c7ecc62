/** Says whether the page is live. Its floating form shows on narrow screens, and only when something is wrong. */
import { useEffect, useState } from "react";
import { useLive } from "../live/LiveProvider";
import classes from "./ConnectionBadge.module.css";
import { formatRecent } from "./format";

export function ConnectionBadge({ isFloating = false }: { isFloating?: boolean }) {
  const { state, retry } = useLive();
  const seconds = useSecondsUntil(state.name === "offline" ? state.retryAt : null);
  if (isFloating && state.name === "live") return null;
  const className = `${classes.badge} ${isFloating ? classes.floating : ""}`;
  if (state.name === "offline") {
    return (
      <button type="button" className={className} data-state="offline" onClick={retry} title="Connect now">
        <span className={classes.dot} aria-hidden="true" />
        Offline<span className={classes.wait}>{seconds > 0 ? `, retry in ${seconds} s` : ""}</span>
      </button>
    );
  }
  return (
    <span
      className={className}
      data-state={state.name}
      role={isFloating ? undefined : "status"}
      title={state.name === "delayed" ? REASONS[state.reason] : undefined}
    >
      <span className={classes.dot} aria-hidden="true" />
      {state.name === "delayed" ? `Data is delayed since ${formatRecent(state.since)}` : WORDS[state.name]}
    </span>
  );
}

const WORDS = { live: "Live", connecting: "Connecting…" };
const REASONS = {
  database: "The database does not answer. Nothing is lost: what arrives is kept and shown afterwards.",
  crawler: "The crawler has not been heard of. What it misses is fetched once it runs again.",
  catching_up: "What was kept while the database was away is being written.",
};

function useSecondsUntil(moment: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (moment === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [moment]);
  return moment === null ? 0 : Math.max(0, Math.ceil((moment - now) / 1_000));
}
