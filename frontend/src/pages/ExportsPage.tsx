/** What was exported and is being exported, and the way to ask for more. */
import { Button } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import { ExportList } from "../components/exports/ExportList";
import classes from "../components/exports/Exports.module.css";
import { StatusTabs } from "../components/status/StatusTabs";
import { BackLink } from "../components/ui/BackLink";
import { EmptyState, ErrorState, LoadingRows } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import { useChats } from "../queries/chats";
import { isOver, useExports } from "../queries/exports";

const ExportDialog = lazy(() => import("../components/exports/ExportDialog"));

export default function ExportsPage() {
  const [isOpen, setOpen] = useState(false);
  useTitle("Exports");
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <BackLink />
        <h1 className={classes.heading}>Exports</h1>
        <Button className={classes.create} size="md" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          New export
        </Button>
      </header>
      <StatusTabs />
      <div className={classes.scroller}>
        <div className={classes.column}>
          <Exports />
        </div>
      </div>
      <Suspense>{isOpen ? <ExportDialog chats={[]} onClose={() => setOpen(false)} /> : null}</Suspense>
    </div>
  );
}

function Exports() {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useExports();
  const { data: chats } = useChats();
  const titles = useMemo(() => new Map(chats?.map(({ chat_id, title }) => [chat_id, title])), [chats]);
  const first = data?.pages[0];
  if (!first && error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!first) return <LoadingRows count={3} label="Loading exports" />;
  const exports = data.pages.flatMap((page) => page.exports);
  return (
    <>
      {error ? (
        <p className={classes.problem} role="alert">
          {error.message} This list may be old.
        </p>
      ) : null}
      {first.is_worker_running || exports.every(isOver) ? null : (
        <p className={classes.problem} role="alert">
          No worker is running, so nothing is made. <code>heliograph run</code> starts one.
        </p>
      )}
      {exports.length === 0 ? (
        <EmptyState
          title="Nothing was exported yet"
          hint="An export is a file with the messages of your chats, for spreadsheets, programs or safekeeping."
        />
      ) : (
        <ExportList exports={exports} titles={titles} />
      )}
      {hasNextPage ? (
        <Button
          className={classes.more}
          size="md"
          variant="default"
          loading={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          Show more
        </Button>
      ) : null}
    </>
  );
}
