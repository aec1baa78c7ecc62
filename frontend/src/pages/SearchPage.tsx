/** Search through everything that is mirrored. The URL holds the whole question. */
import { Button } from "@mantine/core";
import { useSearchParams } from "wouter";
import { plural } from "../components/format";
import classes from "../components/search/Search.module.css";
import { SearchForm } from "../components/search/SearchForm";
import { SearchHits } from "../components/search/SearchHits";
import { BackLink } from "../components/ui/BackLink";
import { EmptyState, ErrorState, LoadingRows } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import type { SearchResult } from "../queries/api";
import { isAsked, isReversed, readSearch, type Search, useSearch } from "../queries/search";

export default function SearchPage() {
  const [parameters, setParameters] = useSearchParams();
  const search = readSearch(parameters);
  useTitle(search.q ? `“${search.q}”` : "Search");
  const change = (part: Partial<Search>) =>
    setParameters(
      (present) => {
        for (const [name, value] of Object.entries(part)) {
          if (value === null || value === "") present.delete(name);
          else present.set(name, String(value));
        }
        return present;
      },
      { replace: true },
    );
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <BackLink />
        <h1 className={classes.heading}>Search</h1>
      </header>
      <div className={classes.scroller}>
        <div className={classes.column}>
          <SearchForm search={search} onChange={change} />
          <Results search={search} onChange={change} />
        </div>
      </div>
    </div>
  );
}

interface ResultsProps {
  readonly search: Search;
  readonly onChange: (part: Partial<Search>) => void;
}

function Results({ search, onChange }: ResultsProps) {
  const { data, error, isFetching, hasNextPage, fetchNextPage, refetch } = useSearch(search);
  if (isReversed(search)) {
    return (
      <EmptyState
        title="The dates are reversed"
        hint="“From” is later than “To”, so no message is between them."
      >
        <Button size="md" onClick={() => onChange({ from: search.to, to: search.from })}>
          Swap the dates
        </Button>
      </EmptyState>
    );
  }
  if (!isAsked(search)) {
    return (
      <EmptyState
        title="What are you looking for?"
        hint="Words in any language; “quotes” keep them together."
      />
    );
  }
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const first = data?.pages[0];
  if (!first) return <LoadingRows count={6} label="Searching" />;
  if (first.hits.length === 0) {
    return <EmptyState title="Nothing found" hint="Try fewer words, or let go of a filter." />;
  }
  return (
    <>
      <p className={classes.summary} role="status">
        {summary(first)}
      </p>
      <SearchHits hits={data.pages.flatMap(({ hits }) => hits)} />
      {hasNextPage ? (
        <Button
          className={classes.more}
          size="md"
          variant="default"
          loading={isFetching}
          onClick={() => void fetchNextPage()}
        >
          Show more
        </Button>
      ) : null}
    </>
  );
}

function summary({ total, is_truncated, ranked_newest }: SearchResult): string {
  if (!is_truncated) return plural(total, "match", "matches");
  return `More than ${plural(ranked_newest, "match", "matches")}; the newest of them are ranked here`;
}
