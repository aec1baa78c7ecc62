/** One bar for all ids of a chat, a stretch for each class. */
import type { IdClasses } from "../../queries/api";
import { present, summary } from "./classes";
import classes from "./Integrity.module.css";

export function ClassBar({ ids }: { ids: IdClasses }) {
  return (
    <div className={classes.bar} role="img" aria-label={summary(ids) || "No ids yet"}>
      {present(ids).map(({ name }) => (
        <span key={name} data-class={name} style={{ flexGrow: ids[name] ?? 0 }} />
      ))}
    </div>
  );
}
