/** What was noticed to be missing, when, by what, how it closed and how long that took. */
import { Button } from "@mantine/core";
import type { Gap } from "../../queries/api";
import { type GapFilter, isFiltered, useGaps } from "../../queries/gaps";
import { formatCount, formatMoment, plural } from "../format";
import { ErrorState, LoadingRows } from "../ui/States";
import { GapFilterForm } from "./GapFilterForm";
import classes from "./Integrity.module.css";
import { formatSpan } from "./span";

const CLOSED_BY = { difference: "a difference", probe: "probes", backfill: "history" } as const;

interface Props {
  readonly filter: GapFilter;
  readonly onFilter: (filter: GapFilter) => void;
}

export function Gaps(props: Props) {
  return (
    <section aria-label="Gaps">
      <h2 className={classes.section}>Gaps</h2>
      <GapFilterForm {...props} />
      <Found {...props} />
    </section>
  );
}

function Found({ filter, onFilter }: Props) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useGaps(filter);
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows count={3} label="Loading the gaps" />;
  const gaps = data.pages.flatMap((page) => page.gaps);
  if (gaps.length === 0) return <Nothing filter={filter} onFilter={onFilter} />;
  return (
    <>
      <ul className={classes.list}>
        {gaps.map((gap) => (
          <Entry key={gap.gap_id} gap={gap} />
        ))}
      </ul>
      {hasNextPage ? (
        <Button
          className={classes.more}
          size="md"
          variant="default"
          loading={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          Show more gaps
        </Button>
      ) : null}
    </>
  );
}

function Nothing({ filter, onFilter }: Props) {
  if (!isFiltered(filter))
    return <p className={classes.card}>None: everything was followed as it happened.</p>;
  return (
    <div className={classes.card}>
      <p>No gap matches.</p>
      <Button
        className={classes.more}
        size="md"
        variant="default"
        onClick={() => onFilter({ chat: null, isOpen: false, since: null })}
      >
        Clear the filter
      </Button>
    </div>
  );
}

function Entry({ gap }: { gap: Gap }) {
  return (
    <li className={classes.item} data-gap={gap.gap_id} data-open={gap.closed_at === null || undefined}>
      <p className={classes.between}>
        <strong dir="auto">{gap.title}</strong>
        {gap.closed_at === null ? <span className={classes.badge}>Open</span> : null}
      </p>
      <p>{gap.explanation}.</p>
      <p className={classes.note}>
        {formatMoment(gap.noticed_at)} · {ending(gap)} · {plural(gap.events, "event")} · pts{" "}
        {formatCount(gap.from_pts)}–{formatCount(gap.to_pts)}
      </p>
    </li>
  );
}

function ending({ closed_by, duration_seconds }: Gap): string {
  if (closed_by === null || duration_seconds === null) return "not closed yet";
  return `closed by ${CLOSED_BY[closed_by]} after ${formatSpan(duration_seconds)}`;
}
