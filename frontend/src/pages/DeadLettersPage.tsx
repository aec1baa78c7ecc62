/** What arrived and could not become a row. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { plural } from "../components/format";
import { LetterList } from "../components/letters/LetterList";
import classes from "../components/letters/Letters.module.css";
import { ReplayAll } from "../components/letters/ReplayAll";
import { StatusTabs } from "../components/status/StatusTabs";
import { BackLink } from "../components/ui/BackLink";
import { EmptyState, ErrorState, LoadingRows } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import { useDeadLetters } from "../queries/deadLetters";

export default function DeadLettersPage() {
  const [isAll, setAll] = useState(false);
  useTitle("Dead letters");
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <BackLink />
        <h1 className={classes.heading}>Dead letters</h1>
      </header>
      <StatusTabs />
      <div className={classes.scroller}>
        <div className={classes.column}>
          <Letters isAll={isAll} onAll={setAll} />
        </div>
      </div>
    </div>
  );
}

function Letters({ isAll, onAll }: { isAll: boolean; onAll: (isAll: boolean) => void }) {
  const { data, error, isFetchingNextPage, hasNextPage, fetchNextPage, refetch } = useDeadLetters(isAll);
  const first = data?.pages[0];
  if (!first && error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!first) return <LoadingRows count={4} label="Loading dead letters" />;
  const letters = data.pages.flatMap((page) => page.letters);
  return (
    <>
      {error ? (
        <p className={classes.problem} role="alert">
          {error.message} This list may be old.
        </p>
      ) : null}
      <div className={classes.bar}>
        <p className={classes.count}>{plural(first.open, "open letter")}</p>
        <Button size="md" variant="default" aria-pressed={isAll} onClick={() => onAll(!isAll)}>
          {isAll ? "Show open ones only" : "Show closed ones too"}
        </Button>
        <ReplayAll count={first.open} />
      </div>
      {letters.length === 0 ? (
        <EmptyState
          title="No dead letters"
          hint="That is good news: everything that arrived was understood and stored."
        />
      ) : (
        <LetterList letters={letters} />
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
