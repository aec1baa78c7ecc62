/** The formats, each with what it is for. */
import type { Choice } from "../../queries/exports";
import classes from "./Exports.module.css";
import { FORMATS } from "./facts";

interface Props {
  readonly format: Choice["format"];
  readonly onChange: (format: Choice["format"]) => void;
}

export function FormatChoice({ format, onChange }: Props) {
  return (
    <fieldset className={classes.formats}>
      <legend>Format</legend>
      {FORMATS.map(({ value, label, hint }) => (
        <label key={value} className={classes.option}>
          <input
            type="radio"
            name="format"
            value={value}
            checked={format === value}
            onChange={() => onChange(value)}
          />
          <span className={classes.optionLabel}>{label}</span>
          <span className={classes.hint}>{hint}</span>
        </label>
      ))}
    </fieldset>
  );
}
