/** The crawlers at work, how far each part of them is behind, and which has stopped moving. */
import type { Status } from "../../queries/api";
import { formatMoment, plural } from "../format";
import classes from "./Status.module.css";

type Process = Status["processes"][number];

const WITHOUT_SPOOL: Record<NonNullable<Process["spool_off"]>, string> = {
  switched_off: "crawler.spool_mb is 0",
  in_use: "used by another crawler",
  unusable: "its disk refuses it",
};

export function Processes({ processes }: { processes: readonly Process[] }) {
  if (processes.length === 0) {
    return null;
  }
  return (
    <>
      <h2 className={classes.section}>Crawlers</h2>
      <ul className={classes.accounts}>
        {processes.map((process) => (
          <li key={process.holder} className={classes.card}>
            <p className={classes.label}>
              {process.holder} · {process.state}
            </p>
            <p className={classes.note}>
              Behind: feed {seconds(process.feed_lag_seconds)}, writer {seconds(process.writer_lag_seconds)},
              event loop {seconds(process.loop_lag_seconds)}
            </p>
            {process.state === "stalled" ? (
              <p className={classes.wait}>
                Last heard of {formatMoment(process.beat_at)}; it is started again by itself
              </p>
            ) : null}
            {process.spooled_batches > 0 ? (
              <p className={classes.wait}>
                {plural(process.spooled_batches, "batch", "batches")} wait on its disk for the database
              </p>
            ) : null}
            {process.spool_off ? (
              <p className={classes.wait}>Spool: off ({WITHOUT_SPOOL[process.spool_off]})</p>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  );
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} s`;
}
