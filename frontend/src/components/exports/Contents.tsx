/** What is written of each message besides itself. */
import { type Choice, holdsSamples } from "../../queries/exports";
import classes from "./Exports.module.css";
import { holdsMedia } from "./facts";

interface Props {
  readonly choice: Choice;
  readonly onChange: (part: Partial<Choice>) => void;
}

export function Contents({ choice, onChange }: Props) {
  return (
    <fieldset className={classes.contents}>
      <legend>Also write</legend>
      <Check
        label="Earlier texts of edited messages"
        isChecked={choice.withRevisions}
        onChange={(withRevisions) => onChange({ withRevisions })}
      />
      <Check
        label="Every sample of views and reactions"
        isChecked={choice.withObservations}
        reason={holdsSamples(choice.format) ? undefined : "only in JSON Lines, CSV and Parquet"}
        onChange={(withObservations) => onChange({ withObservations })}
      />
      {holdsMedia(choice.format) ? (
        <Check
          label="Photos, videos and files that are stored"
          isChecked={choice.withMedia}
          onChange={(withMedia) => onChange({ withMedia })}
        />
      ) : null}
      {choice.format === "csv" ? (
        <Check
          label="A mark by which Excel reads the files as UTF-8"
          isChecked={choice.withBom}
          onChange={(withBom) => onChange({ withBom })}
        />
      ) : null}
    </fieldset>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isChecked: boolean;
  /** Why this cannot be had. */
  readonly reason?: string | undefined;
  readonly onChange: (isChecked: boolean) => void;
}

function Check({ label, isChecked, reason, onChange }: CheckProps) {
  return (
    <label className={classes.check}>
      <input
        type="checkbox"
        checked={isChecked && reason === undefined}
        disabled={reason !== undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {reason === undefined ? label : `${label}: ${reason}`}
    </label>
  );
}
