/** One dead letter: what is known of it, and what can be done about it. */
import { Link } from "wouter";
import { formatMoment, formatSize } from "../components/format";
import { placeOf, stateOf } from "../components/letters/facts";
import { LetterActions } from "../components/letters/LetterActions";
import classes from "../components/letters/Letters.module.css";
import { StatusTabs } from "../components/status/StatusTabs";
import { BackLink } from "../components/ui/BackLink";
import { Icon } from "../components/ui/Icon";
import { EmptyState, ErrorState, LoadingRows } from "../components/ui/States";
import { useTitle } from "../components/useTitle";
import { type DeadLetter, Problem } from "../queries/api";
import { useDeadLetter } from "../queries/deadLetters";

export default function DeadLetterPage({ id }: { id: string }) {
  useTitle(`Dead letter ${id}`);
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <BackLink />
        <h1 className={classes.heading}>Dead letter {id}</h1>
      </header>
      <StatusTabs />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the page scrolls, also by keyboard */}
      <section className={classes.scroller} tabIndex={0} aria-label={`Dead letter ${id}`} data-skip-target>
        <div className={classes.column}>
          <Link href="/dead-letters" className={classes.back}>
            <Icon name="back" size={18} />
            All dead letters
          </Link>
          {/^\d{1,15}$/.test(id) ? <Letter letterId={Number(id)} /> : <Missing />}
        </div>
      </section>
    </div>
  );
}

function Letter({ letterId }: { letterId: number }) {
  const { data: letter, error, refetch } = useDeadLetter(letterId);
  if (letter) {
    return (
      <>
        <p className={classes.alarm}>{letter.error}</p>
        <LetterActions key={letter.letter_id} letter={letter} />
        <Facts letter={letter} />
        <p className={classes.hint}>
          What it holds is shown on the terminal alone: <code>heliograph dead-letters show {letterId}</code>
        </p>
      </>
    );
  }
  if (error instanceof Problem && (error.status === 404 || error.status === 422)) return <Missing />;
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return <LoadingRows count={3} label="Loading the letter" />;
}

function Missing() {
  return <EmptyState title="There is no such letter here" hint="Choose one from the list." />;
}

function Facts({ letter }: { letter: DeadLetter }) {
  const facts: [string, string][] = [
    ["State", state(letter)],
    ["Belongs to", placeOf(letter)],
    ["Received", formatMoment(letter.received_at ?? letter.created_at)],
    ["Received by", letter.account ?? "Not known"],
    ["Tries", String(letter.attempts)],
    [
      "Holds",
      `A ${letter.kind} of ${formatSize(letter.size)}${letter.layer ? `, layer ${letter.layer}` : ""}`,
    ],
    ["True as of", letter.as_of === null ? "Not known" : `pts ${letter.as_of}`],
  ];
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function state(letter: DeadLetter): string {
  return letter.resolved_at ? `${stateOf(letter)} ${formatMoment(letter.resolved_at)}` : stateOf(letter);
}
