/** How much of the history has been fetched. */
import { Progress } from "@mantine/core";
import type { Progress as Share } from "../../queries/api";
import { formatCount } from "../format";
import classes from "./Status.module.css";

export function HistoryProgress({ progress }: { progress: Share }) {
  const share = progress.total === 0 ? 0 : Math.min(100, (progress.done / progress.total) * 100);
  return (
    <>
      <h2 className={classes.section}>History</h2>
      <div className={classes.card}>
        <p className={classes.between}>
          <span>{progress.is_complete ? "All of it has been fetched" : "Being fetched"}</span>
          <span>
            {formatCount(progress.done)} of {formatCount(progress.total)}
          </span>
        </p>
        <Progress
          value={progress.is_complete ? 100 : share}
          size="md"
          aria-label="Fetched share of the history"
        />
      </div>
    </>
  );
}
