/** How complete the archive is: every chat's ids by class, open holes, known losses, and the gaps on the way. */
import { useMemo } from "react";
import { useSearchParams } from "wouter";
import { ChatLedgers } from "../components/integrity/ChatLedgers";
import { Digest } from "../components/integrity/Digest";
import { Gaps } from "../components/integrity/Gaps";
import classes from "../components/integrity/Integrity.module.css";
import { Losses } from "../components/integrity/Losses";
import { Verdict } from "../components/integrity/Verdict";
import { StatusTabs } from "../components/status/StatusTabs";
import { BackLink } from "../components/ui/BackLink";
import { EmptyState, ErrorState, LoadingRows } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import type { Integrity } from "../queries/api";
import { type GapFilter, gapParameters, readGapFilter } from "../queries/gaps";
import { useDigests, useIntegrity } from "../queries/integrity";

export default function IntegrityPage() {
  useTitle("Integrity");
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <BackLink />
        <h1 className={classes.heading}>Integrity</h1>
      </header>
      <StatusTabs />
      <Content />
    </div>
  );
}

function Content() {
  const { data, error, refetch } = useIntegrity();
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows count={5} label="Counting what is here" />;
  if (data.chats.length === 0) {
    return (
      <EmptyState
        title="Nothing is mirrored yet"
        hint="Sign in with heliograph login and start heliograph run."
      />
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the page scrolls, also by keyboard
    <section className={classes.scroller} tabIndex={0} aria-label="Integrity" data-skip-target>
      <div className={classes.column}>
        {error ? (
          <p className={classes.warning} role="alert">
            {error.message} These figures may be old.
          </p>
        ) : null}
        <Whole integrity={data} />
      </div>
    </section>
  );
}

function Whole({ integrity }: { integrity: Integrity }) {
  const [parameters, setParameters] = useSearchParams();
  const digests = useDigests();
  const ofChats = useMemo(
    () =>
      new Map((digests.data?.chats ?? []).map(({ chat_id, digest }) => [chat_id, digest ?? "no messages"])),
    [digests.data],
  );
  const setFilter = (filter: GapFilter) => setParameters(gapParameters(filter), { replace: true });
  return (
    <>
      <Verdict integrity={integrity} />
      <ChatLedgers chats={integrity.chats} digests={ofChats} />
      <Losses losses={integrity.losses} />
      <Gaps filter={readGapFilter(parameters)} onFilter={setFilter} />
      <h2 className={classes.section}>Digest</h2>
      <Digest digests={digests} />
    </>
  );
}
