/** How many ids are in each class, with the colour of the bar and what the class means. */
import type { IdClasses } from "../../queries/api";
import { formatCount } from "../format";
import { CLASSES } from "./classes";
import classes from "./Integrity.module.css";

export function Counts({ ids }: { ids: IdClasses }) {
  return (
    <dl className={classes.counts}>
      {CLASSES.filter(({ name }) => ids[name] !== null && !isQuiet(name, ids)).map(
        ({ name, label, meaning }) => (
          <div key={name}>
            <dt>
              <span className={classes.swatch} data-class={name} />
              {label}
            </dt>
            <dd className={classes.count}>{formatCount(ids[name] ?? 0)}</dd>
            <dd className={classes.note}>{meaning}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

const QUIET: ReadonlySet<keyof IdClasses> = new Set(["dead_letter", "outside", "unreachable", "unaccounted"]);

/** Nobody needs to read about what is not there, unless its absence is the news. */
function isQuiet(name: keyof IdClasses, ids: IdClasses): boolean {
  return QUIET.has(name) && ids[name] === 0;
}
