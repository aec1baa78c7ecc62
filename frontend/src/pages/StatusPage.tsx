/** How the installation is doing, losses included. */
import { Accounts } from "../components/status/Accounts";
import { Figures } from "../components/status/Figures";
import { HistoryProgress } from "../components/status/HistoryProgress";
import { Processes } from "../components/status/Processes";
import classes from "../components/status/Status.module.css";
import { StatusTabs } from "../components/status/StatusTabs";
import { BackLink } from "../components/ui/BackLink";
import { ErrorState, LoadingRows } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import { useStatus } from "../queries/status";

export default function StatusPage() {
  const { data: status, error, refetch } = useStatus();
  useTitle("Status");
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <BackLink />
        <h1 className={classes.heading}>Status</h1>
      </header>
      <StatusTabs />
      {status ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the page scrolls, also by keyboard
        <section className={classes.scroller} tabIndex={0} aria-label="Status" data-skip-target>
          <div className={classes.column}>
            {error ? (
              <p className={classes.stale} role="alert">
                {error.message} These figures may be old.
              </p>
            ) : null}
            <Figures status={status} />
            <HistoryProgress progress={status.backfill} />
            <Processes processes={status.processes} />
            <Accounts accounts={status.accounts} />
            <p className={classes.version}>
              Heliograph {status.version}, live position {status.position}
            </p>
          </div>
        </section>
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <LoadingRows count={5} label="Loading the status" />
      )}
    </div>
  );
}
