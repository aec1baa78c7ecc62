/** Dead letters as rows, newest first; each opens. */
import { Link } from "wouter";
import type { DeadLetter } from "../../queries/api";
import { formatMoment, formatRecent } from "../format";
import { useRovingKeys } from "../useRovingKeys";
import { placeOf, stateOf } from "./facts";
import classes from "./Letters.module.css";

export function LetterList({ letters }: { letters: readonly DeadLetter[] }) {
  const onKeyDown = useRovingKeys("a[data-letter]");
  return (
    <ol className={classes.list} aria-label="Dead letters" onKeyDown={onKeyDown}>
      {letters.map((letter, index) => (
        <li key={letter.letter_id}>
          <Link
            href={`/dead-letters/${letter.letter_id}`}
            className={classes.row}
            data-letter={letter.letter_id}
            data-state={stateOf(letter)}
            data-skip-target={index === 0 ? "" : undefined}
          >
            <span className={classes.number}>{letter.letter_id}</span>
            <bdi className={classes.place}>{placeOf(letter)}</bdi>
            <span className={classes.error}>{letter.error}</span>
            <span className={classes.state}>{stateOf(letter)}</span>
            <time
              className={classes.time}
              dateTime={letter.created_at}
              title={formatMoment(letter.created_at)}
            >
              {formatRecent(letter.created_at)}
            </time>
          </Link>
        </li>
      ))}
    </ol>
  );
}
