/** The counts: what is mirrored, and what is not as it should be. */
import type { Status } from "../../queries/api";
import { formatCount, formatMoment } from "../format";
import { Icon } from "../ui/Icon";
import classes from "./Status.module.css";

export function Figures({ status }: { status: Status }) {
  return (
    <>
      <Crawler status={status} />
      {status.worker === "stopped" ? (
        <p className={classes.crawler}>
          <Icon name="warning" />
          The worker is stopped, so no exports are made; start it with heliograph run
        </p>
      ) : null}
      <h2 className={classes.section}>Mirrored</h2>
      <dl className={classes.figures}>
        <Figure label="Chats" value={status.chats} />
        <Figure label="Messages" value={status.messages} />
        <Figure label="Earlier texts" value={status.revisions} />
        <Figure label="Deletions kept" value={status.tombstones} />
      </dl>
      <h2 className={classes.section}>Completeness</h2>
      <dl className={classes.figures}>
        <Figure label="Boxes to ask" value={status.dirty_boxes} note="May have news not asked for yet" />
        <Figure label="Unverified ranges" value={status.open_holes} note="History left these ids out" />
        <Figure
          label="Known losses"
          value={status.known_losses}
          note="Cannot be recovered any more"
          isTrouble
        />
        <Figure label="Dead letters" value={status.dead_letters} note="Kept, but not understood" isTrouble />
      </dl>
    </>
  );
}

function Crawler({ status }: { status: Status }) {
  const isRunning = status.crawler === "running";
  return (
    <p className={classes.crawler} data-running={isRunning || undefined}>
      {isRunning ? <Icon name="pulse" /> : <Icon name="warning" />}
      {says(status)}
    </p>
  );
}

function says(status: Status): string {
  if (status.crawler === "running") {
    return "The crawler is running";
  }
  if (status.crawler === "stalled") {
    return "The crawler has stalled; it is started again by itself";
  }
  if (status.accounts.length === 0) {
    return "No Telegram account is signed in, so nothing is mirrored live; heliograph login changes that";
  }
  const seen = status.crawler_seen_at ? `, last seen ${formatMoment(status.crawler_seen_at)}` : "";
  return `The crawler is stopped${seen}; start it with heliograph run`;
}

interface FigureProps {
  readonly label: string;
  readonly value: number;
  readonly note?: string;
  readonly isTrouble?: boolean;
}

function Figure({ label, value, note, isTrouble = false }: FigureProps) {
  return (
    <div className={classes.figure} data-trouble={(isTrouble && value > 0) || undefined}>
      <dt>{label}</dt>
      <dd className={classes.value}>{formatCount(value)}</dd>
      {note ? <dd className={classes.note}>{note}</dd> : null}
    </div>
  );
}
