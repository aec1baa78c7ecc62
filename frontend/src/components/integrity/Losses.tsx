/** What cannot be recovered any more: where, between which moments, and why. */
import type { Loss } from "../../queries/api";
import { formatCount, formatMoment } from "../format";
import classes from "./Integrity.module.css";

export function Losses({ losses }: { losses: readonly Loss[] }) {
  return (
    <>
      <h2 className={classes.section}>Known losses</h2>
      {losses.length === 0 ? (
        <p className={classes.card}>None: nothing is known to be lost.</p>
      ) : (
        <ul className={classes.list}>
          {losses.map((loss) => (
            <li key={loss.loss_id} className={classes.item} data-open={loss.is_open || undefined}>
              <p className={classes.between}>
                <strong dir="auto">{loss.title}</strong>
                {loss.is_open ? <span className={classes.badge}>Goes on</span> : null}
              </p>
              <p>{loss.explanation}</p>
              <p className={classes.note}>
                {interval(loss)} · pts {formatCount(loss.from_pts)}
                {loss.to_pts === null ? " and on" : `–${formatCount(loss.to_pts)}`}
              </p>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function interval({ since, noticed_at, is_open }: Loss): string {
  const from = since ? `Since ${formatMoment(since)}` : "Since an unknown time";
  return is_open
    ? `${from}, noticed ${formatMoment(noticed_at)}`
    : `${from} until ${formatMoment(noticed_at)}`;
}
